//! The way to a session: a program that is started and spoken to over its streams, or a server that is spoken to over a WebSocket.

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

/// How a host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// With a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody can say: the server does not tell.
    Unknown,
    /// Not yet.
    Running,
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Unknown => formatter.write_str("nobody can say how"),
            Self::Running => formatter.write_str("still running"),
        }
    }
}

/// The way to a session.
#[derive(Debug)]
pub enum Link {
    /// Over the streams of a program.
    Exec(Box<exec::Exec>),
    /// Over a WebSocket.
    Wire(Box<Wire>),
}

impl Link {
    /// Opens it, and has it run a program with its arguments.
    ///
    /// # Errors
    /// Where it cannot be opened.
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
                        Box::new(CheckResult::error(why).help("correct `host.command` of this subject", &[]))
                    })?;
                Ok(Self::Exec(Box::new(exec)))
            }
            Host::Websocket { .. } => {
                let mut wire = Wire::open(target, dimensions).await?;
                let typed = words.iter().map(|word| shell::word(word).to_string()).collect::<Vec<_>>().join(" ");
                wire.write(format!("exec {typed}\r").as_bytes()).await;
                Ok(Self::Wire(Box::new(wire)))
            }
        }
    }

    /// Reads what there is, behind what was read before; whether more may come.
    pub async fn read(&mut self, bytes: &mut Vec<u8>) -> bool {
        match self {
            Self::Exec(exec) => exec.read(bytes).await,
            Self::Wire(wire) => wire.read(bytes).await,
        }
    }

    /// Writes, and reads meanwhile; whether more may come.
    pub async fn write(&mut self, given: &[u8], bytes: &mut Vec<u8>) -> bool {
        match self {
            Self::Exec(exec) => exec.write(given, bytes).await,
            Self::Wire(wire) => {
                wire.write(given).await;
                true
            }
        }
    }

    /// Sets the size; whether this host can.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> bool {
        match self {
            Self::Exec(exec) => exec.resize(rows, columns),
            Self::Wire(wire) => wire.resize(rows, columns).await,
        }
    }

    /// How it ended.
    pub async fn ended(&mut self, within: Duration) -> SessionEnd {
        match self {
            Self::Exec(exec) => timeout(within, exec.ended()).await.unwrap_or(SessionEnd::Running),
            Self::Wire(wire) => wire.ended(),
        }
    }

    /// Goes away.
    pub async fn leave(&mut self) {
        match self {
            Self::Exec(exec) => exec.leave().await,
            Self::Wire(wire) => wire.leave().await,
        }
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Self::Exec(exec) = self {
            exec.kill();
        }
    }

    /// What the program complained of.
    pub fn complaint(&self) -> String {
        match self {
            Self::Exec(exec) => exec.complaint(),
            Self::Wire(_) => String::new(),
        }
    }

    /// The process id of the program.
    pub fn id(&self) -> Option<u32> {
        match self {
            Self::Exec(exec) => exec.id(),
            Self::Wire(_) => None,
        }
    }
}

/// phx as it is seen from inside.
///
/// # Errors
/// Where it does not know where it is.
pub fn payload(target: &PtyTarget) -> Result<String, Box<CheckResult>> {
    if let Some(path) = &target.pty.payload {
        return Ok(path.clone());
    }
    let program = environment::program()
        .map_err(|error| Box::new(CheckResult::error(format!("phx does not know where it is: {error}"))))?;
    Ok(program.display().to_string())
}

/// The command of a host, with what it is to run.
fn command_line(command: &[String], words: &[String], (rows, columns): (u16, u16)) -> Vec<String> {
    let line = words.iter().map(|word| shell::word(word).to_string()).collect::<Vec<_>>().join(" ");
    let mut all = Vec::new();
    for (at, word) in command.iter().enumerate() {
        // `-c`, `-qec`: what follows is a line for a shell, not words.
        let wants_line = at > 0
            && command[at - 1].strip_prefix('-').is_some_and(|flags| flags.ends_with('c') && !flags.starts_with('-'));
        if word == "{argv}" || (word == "{cmd}" && !wants_line) {
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

    fn built(command: &[&str]) -> Vec<String> {
        let words = ["/a b/phx", "__payload", "exit"].map(str::to_owned);
        command_line(&command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &words, (33, 101))
    }

    #[test]
    fn a_command_is_given_as_words_or_as_a_line_for_a_shell() {
        assert_eq!(built(&["term", "--", "{cmd}"]), ["term", "--", "/a b/phx", "__payload", "exit"]);
        assert_eq!(
            built(&["script", "-qec", "{cmd}", "/dev/null"]),
            ["script", "-qec", "'/a b/phx' __payload exit", "/dev/null"]
        );
        assert_eq!(built(&["socat", "-", "EXEC:{cmd},pty"]), ["socat", "-", "EXEC:'/a b/phx' __payload exit,pty"]);
        assert_eq!(built(&["t", "{rows}x{cols}", "{line}"]), ["t", "33x101", "'/a b/phx' __payload exit"]);
        assert_eq!(built(&["sh", "-c", "{argv}"]).len(), 5);
    }
}
