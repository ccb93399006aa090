//! `[[doctor.pty]]`: a terminal host and its claims.

use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData, duration, size};

/// One `[[doctor.pty]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Pty {
    pub name: String,
    pub host: Host,
    /// Size of its terminals: rows, columns.
    pub size: Option<(u16, u16)>,
    /// Claims about the environment variables of a session.
    pub env: Option<PtyEnv>,
    pub sandbox: Option<Sandbox>,
    /// Path of the phx program inside a session; the path of the running program if `None`.
    pub payload: Option<String>,
    /// Time that processes may run after the end of their session, in milliseconds (default 2000).
    pub grace_ms: u64,
    /// Number of processes that may outlive a session (default 0).
    pub allow_survivors: u64,
    /// Number of sessions that leak checks open (default 200).
    pub sessions: u64,
    /// Amount of data sent through a terminal, in bytes (default 10 MB).
    pub volume: u64,
}

/// Way in which a command is started in a terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Host {
    /// A program that runs the command in a terminal.
    Exec {
        /// Program and arguments; `{cmd}` is replaced by the command.
        command: Vec<String>,
        /// Standard input and output of the program itself.
        stdio: Stdio,
        /// Variables added to the environment of phx.
        env: Vec<(String, String)>,
    },
    /// A server that starts a shell for each connection.
    Websocket {
        url: String,
        codec: Codec,
        /// Headers of the upgrade request.
        headers: Vec<(String, String)>,
    },
}

/// Standard input and output of a host program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// Pipes, as for a service.
    Pipe,
    /// A terminal, as for an interactive user.
    Pty,
}

/// Encoding of terminal data in WebSocket messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Unwrapped bytes.
    Raw,
    /// ttyd: the first byte is the message type.
    Ttyd,
    /// terminado: a JSON array whose first item is the message type.
    Terminado,
    /// JSON objects such as `{"type":"input","data":"…"}`.
    Json,
}

/// Claims about the environment variables of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PtyEnv {
    /// Names of variables that must be absent, as globs.
    pub deny: Vec<String>,
    /// Names of variables that must be present.
    pub require: Vec<String>,
}

/// Claims about the isolation of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Denied operations, for example `read`, `read:PATH` or `net:loopback`.
    pub deny: Vec<String>,
    /// Allowed operations, in the same form.
    pub allow: Vec<String>,
}

/// Operations that `deny` and `allow` of a sandbox accept.
pub(super) const BOUNDARIES: &[&str] =
    &["read", "write", "net", "signal", "proc", "ptrace", "mount", "rawsock", "tiocsti", "nproc", "memory", "cpu"];

impl ConfigReader<'_> {
    pub(super) fn pty(&mut self, tree: &Node<'static>) -> Option<Pty> {
        let tree = self.table(Some(tree), "doctor.pty")?;
        let name = self.required(tree, "name", "doctor.pty");
        if tree.get("host").is_none() {
            let help = "add `host = { kind = \"exec\", command = [\"./bin/term\", \"--\", \"{cmd}\"] }`";
            self.error(tree.span, "missing `host` in `[[doctor.pty]]`", help);
        }
        let host = self.host(tree.get("host"));
        Some(Pty {
            name: name?,
            host: host?,
            size: self.terminal_size(tree),
            env: self.pty_env(tree.get("env")),
            sandbox: self.sandbox(tree.get("sandbox")),
            payload: self.text(tree, "payload").map(|(path, _)| path.to_owned()),
            grace_ms: self.milliseconds(tree, "grace").unwrap_or(2_000),
            allow_survivors: self.count(tree, "allow_survivors", (0, 1_000)).unwrap_or(0),
            sessions: self.count(tree, "sessions", (10, 2_000)).unwrap_or(200),
            volume: self.bytes(tree, "volume").unwrap_or(10_000_000).clamp(10_000, 1_000_000_000),
        })
    }

    fn host(&mut self, tree: Option<&Node<'static>>) -> Option<Host> {
        let tree = self.table(tree, "doctor.pty.host")?;
        let is_websocket =
            self.choice(tree, "kind", &[("exec", false), ("websocket", true)]).unwrap_or(tree.get("url").is_some());
        if is_websocket {
            let codecs =
                [("raw", Codec::Raw), ("ttyd", Codec::Ttyd), ("terminado", Codec::Terminado), ("json", Codec::Json)];
            let codec = self.choice(tree, "codec", &codecs).unwrap_or(Codec::Raw);
            let headers = self.named(tree, "headers");
            return Some(Host::Websocket { url: self.required(tree, "url", "doctor.pty.host")?, codec, headers });
        }
        let Some(command) = self.words(tree, "command") else {
            self.error(
                tree.span,
                "missing `command` in `host`",
                "write `command = [\"./bin/term\", \"--\", \"{cmd}\"]`",
            );
            return None;
        };
        if !command.iter().any(|word| ["{cmd}", "{argv}", "{line}"].iter().any(|name| word.contains(name))) {
            let span = tree.get("command").map_or(tree.span, |value| value.span);
            self.error(span, "missing `{cmd}` in `command`", "put `{cmd}` where the host expects the command to run");
        }
        let stdio = self.choice(tree, "stdio", &[("pipe", Stdio::Pipe), ("pty", Stdio::Pty)]).unwrap_or(Stdio::Pipe);
        Some(Host::Exec { command, stdio, env: self.named(tree, "env") })
    }

    fn terminal_size(&mut self, tree: &Node<'static>) -> Option<(u16, u16)> {
        let value = tree.get("size")?;
        let number = |item: &Node<'static>| match &item.data {
            NodeData::Number(number) => {
                number.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|one| *one > 0)
            }
            _ => None,
        };
        let numbers: Vec<Option<u16>> = value.items().iter().map(number).collect();
        if let [Some(rows), Some(columns)] = numbers[..] {
            return Some((rows, columns));
        }
        self.error(value.span, "`size` must be a list of rows and columns", "write `size = [24, 80]`");
        None
    }

    fn pty_env(&mut self, tree: Option<&Node<'static>>) -> Option<PtyEnv> {
        let tree = self.table(tree, "doctor.pty.env")?;
        Some(PtyEnv {
            deny: self.words(tree, "deny").unwrap_or_default(),
            require: self.words(tree, "require").unwrap_or_default(),
        })
    }

    fn sandbox(&mut self, tree: Option<&Node<'static>>) -> Option<Sandbox> {
        let tree = self.table(tree, "doctor.pty.sandbox")?;
        let mut read = |key| {
            let given = self.texts(tree, key).unwrap_or_default();
            for (text, span) in &given {
                let name = text.split(':').next().unwrap_or_default();
                if !BOUNDARIES.contains(&name) {
                    let near = crate::text::suggest::did_you_mean(name, BOUNDARIES.iter().copied());
                    self.error(
                        *span,
                        format!("unknown operation `{name}`{near}"),
                        format!("known operations: {}", BOUNDARIES.join(", ")),
                    );
                }
            }
            for (text, span) in &given {
                let Some((name, amount)) = text.split_once(':') else { continue };
                let is_valid = match name {
                    "nproc" => amount.parse::<u64>().is_ok_and(|count| (1..=2_000).contains(&count)),
                    "memory" => size::parse(amount).is_some_and(|bytes| (1..=8 << 30).contains(&bytes)),
                    "cpu" => duration::milliseconds(amount).is_some_and(|time| (1..=3_000).contains(&time)),
                    "net" => amount == "loopback" || amount.parse::<std::net::SocketAddr>().is_ok(),
                    _ => true,
                };
                if !is_valid {
                    let help = "write `nproc:64` (up to 2000), `memory:256MiB` (up to 8GiB), `cpu:1s` (up to 3s) or `net:127.0.0.1:80`";
                    self.error(*span, format!("`{text}` is not a valid operation"), help);
                }
            }
            given.into_iter().map(|(text, _)| text).collect()
        };
        Some(Sandbox { deny: read("deny"), allow: read("allow") })
    }
}
