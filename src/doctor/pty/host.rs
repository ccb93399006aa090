//! Connection to a terminal host: a program with its standard streams, or a server over a WebSocket.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use super::PtyTarget;
use super::wire::Wire;
use crate::config::doctor::{Host, Stdio};
use crate::doctor::check_result::CheckResult;
use crate::system::environment;
use crate::text::shell;

#[cfg(unix)]
mod exec;
#[cfg(not(unix))]
#[path = "host/exec_elsewhere.rs"]
mod exec;

/// End of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Exit code.
    Code(i32),
    /// Signal number.
    Signal(i32),
    /// The server does not report it.
    Unknown,
    Running,
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Unknown => formatter.write_str("exit status unknown"),
            Self::Running => formatter.write_str("still running"),
        }
    }
}

/// Connection to the host of a session.
#[derive(Debug)]
pub enum Link {
    /// A program, over its standard streams or a terminal.
    Exec(Box<exec::Exec>),
    /// A server, over a WebSocket.
    Wire(Box<Wire>),
}

impl Link {
    /// Starts or connects to the host and makes it run `words`, a program with its arguments. `env` applies only to
    /// hosts that doctor starts.
    pub async fn open(
        target: &PtyTarget,
        words: &[String],
        env: &[(String, String)],
    ) -> Result<Self, Box<CheckResult>> {
        let dimensions = target.pty.size.unwrap_or((24, 80));
        match &target.pty.host {
            Host::Exec { command, stdio, env: configured } => {
                let line = command_line(command, words, dimensions);
                let all: Vec<(String, String)> = configured.iter().chain(env).cloned().collect();
                let exec =
                    exec::Exec::start(&line, &all, (*stdio == Stdio::Pty).then_some(dimensions)).map_err(|why| {
                        Box::new(CheckResult::error(why).help("correct `host.command` of this target", &[]))
                    })?;
                Ok(Self::Exec(Box::new(exec)))
            }
            Host::Websocket { .. } => {
                let mut wire = Wire::open(target, dimensions).await?;
                let line = words.iter().map(|word| shell::word(word).to_string()).collect::<Vec<_>>().join(" ");
                wire.write(format!("exec {line}\r").as_bytes()).await;
                Ok(Self::Wire(Box::new(wire)))
            }
        }
    }

    /// Appends available output to `bytes`. Returns whether more may follow.
    pub async fn read(&mut self, bytes: &mut Vec<u8>) -> bool {
        match self {
            Self::Exec(exec) => exec.read(bytes).await,
            Self::Wire(wire) => wire.read(bytes).await,
        }
    }

    /// Writes `given` and concurrently appends output to `bytes`. Returns whether more output may follow.
    pub async fn write(&mut self, given: &[u8], bytes: &mut Vec<u8>) -> bool {
        match self {
            Self::Exec(exec) => exec.write(given, bytes).await,
            Self::Wire(wire) => {
                wire.write(given).await;
                true
            }
        }
    }

    /// Sets the size of the terminal. Returns whether this host supports it.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> bool {
        match self {
            Self::Exec(exec) => exec.resize(rows, columns),
            Self::Wire(wire) => wire.resize(rows, columns).await,
        }
    }

    /// Waits for the end of the host.
    pub async fn ended(&mut self, within: Duration) -> SessionEnd {
        match self {
            Self::Exec(exec) => timeout(within, exec.ended()).await.unwrap_or(SessionEnd::Running),
            Self::Wire(wire) => wire.ended(),
        }
    }

    /// Closes the session as a user does who closes the window: first the streams, then HUP and TERM.
    pub async fn leave(&mut self) {
        match self {
            Self::Exec(exec) => exec.leave().await,
            Self::Wire(wire) => wire.leave().await,
        }
    }

    /// Kills a host that doctor started.
    pub fn kill(&mut self) {
        if let Self::Exec(exec) = self {
            exec.kill();
        }
    }

    /// Returns the start of the standard error output of the host.
    pub fn complaint(&self) -> String {
        match self {
            Self::Exec(exec) => exec.complaint(),
            Self::Wire(_) => String::new(),
        }
    }

    /// Returns the process id of a host that doctor started.
    pub fn id(&self) -> Option<u32> {
        match self {
            Self::Exec(exec) => exec.id(),
            Self::Wire(_) => None,
        }
    }
}

/// Returns the path of the phx program inside the session: `payload`, by default the path of this program.
pub fn payload(target: &PtyTarget) -> Result<String, Box<CheckResult>> {
    if let Some(path) = &target.pty.payload {
        return Ok(path.clone());
    }
    let program = environment::program().map_err(|error| {
        Box::new(CheckResult::error(format!("cannot determine the path of the phx program: {error}")))
    })?;
    Ok(program.display().to_string())
}

/// Returns the command of a host with its placeholders replaced: `{cmd}`, `{argv}`, `{line}`, `{rows}`, `{cols}`.
fn command_line(command: &[String], words: &[String], (rows, columns): (u16, u16)) -> Vec<String> {
    let line = words.iter().map(|word| shell::word(word).to_string()).collect::<Vec<_>>().join(" ");
    let mut all = Vec::new();
    for (at, word) in command.iter().enumerate() {
        // After an option such as `-c` or `-qec`, the argument is a line for a shell, not separate words.
        let is_shell_line = at > 0
            && command[at - 1].strip_prefix('-').is_some_and(|flags| flags.ends_with('c') && !flags.starts_with('-'));
        if word == "{argv}" || (word == "{cmd}" && !is_shell_line) {
            all.extend(words.iter().cloned());
            continue;
        }
        let word = word.replace("{cmd}", &line).replace("{line}", &line);
        all.push(word.replace("{rows}", &rows.to_string()).replace("{cols}", &columns.to_string()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(command: &[&str]) -> Vec<String> {
        let words = ["/a b/phx", "__payload", "exit"].map(str::to_owned);
        command_line(&command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &words, (33, 101))
    }

    #[test]
    fn replaces_the_command_as_words_or_as_a_shell_line() {
        assert_eq!(build(&["term", "--", "{cmd}"]), ["term", "--", "/a b/phx", "__payload", "exit"]);
        assert_eq!(
            build(&["script", "-qec", "{cmd}", "/dev/null"]),
            ["script", "-qec", "'/a b/phx' __payload exit", "/dev/null"]
        );
        assert_eq!(build(&["socat", "-", "EXEC:{cmd},pty"]), ["socat", "-", "EXEC:'/a b/phx' __payload exit,pty"]);
        assert_eq!(build(&["t", "{rows}x{cols}", "{line}"]), ["t", "33x101", "'/a b/phx' __payload exit"]);
        assert_eq!(build(&["sh", "-c", "{argv}"]).len(), 5);
    }
}
