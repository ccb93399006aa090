//! `[[doctor.pty]]`: a host of terminals, and what it claims.

use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData, duration, size};

/// One `[[doctor.pty]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Pty {
    /// What it is called.
    pub name: String,
    /// How a command gets a terminal of it.
    pub host: Host,
    /// The size that its terminals have: rows, columns.
    pub size: Option<(u16, u16)>,
    /// What a session inherits.
    pub env: Option<PtyEnv>,
    /// What a session may not do.
    pub sandbox: Option<Sandbox>,
    /// phx as it is seen from inside a session; its own path where it is `None`.
    pub payload: Option<String>,
    /// How long a session's processes may live after it, in milliseconds.
    pub grace_ms: u64,
    /// Processes that may outlive a session.
    pub allow_survivors: u64,
    /// How many sessions the checks for leaks open.
    pub sessions: u64,
    /// How much is sent through it, in bytes.
    pub volume: u64,
}

/// How a command gets a terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Host {
    /// A program that is given the command.
    Exec {
        /// The program and its arguments; `{cmd}` stands for the command.
        command: Vec<String>,
        /// What the program itself is connected to.
        stdio: Stdio,
        /// Variables that it gets beside those of phx.
        env: Vec<(String, String)>,
    },
    /// A server that starts a shell for each connection.
    Websocket {
        /// Where it is.
        url: String,
        /// How it wraps bytes.
        codec: Codec,
        /// Headers of the upgrade.
        headers: Vec<(String, String)>,
    },
}

/// What a host program is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// Pipes, as a service.
    Pipe,
    /// A terminal, as a person.
    Pty,
}

/// How a server wraps the bytes of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Raw,
    /// As ttyd: a first byte says what it is.
    Ttyd,
    /// As terminado: a JSON list, its first item says what it is.
    Terminado,
    /// As many: `{"type":"input","data":"…"}`.
    Json,
}

/// What a session inherits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PtyEnv {
    /// Names that must not be there, as globs.
    pub deny: Vec<String>,
    /// Names that must be there.
    pub require: Vec<String>,
}

/// What a session may and may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// What it may not, as `read`, `read:PATH`, `net:loopback`.
    pub deny: Vec<String>,
    /// What it may.
    pub allow: Vec<String>,
}

/// What a sandbox can deny.
pub const BOUNDARIES: &[&str] =
    &["read", "write", "net", "signal", "proc", "ptrace", "mount", "rawsock", "tiocsti", "nproc", "memory", "cpu"];

impl ConfigReader<'_> {
    pub(super) fn pty(&mut self, tree: &Node<'static>) -> Option<Pty> {
        let tree = self.table(Some(tree), "doctor.pty")?;
        let name = self.needed(tree, "name", "doctor.pty");
        if tree.get("host").is_none() {
            let help = "add `host = { kind = \"exec\", command = [\"./bin/term\", \"--\", \"{cmd}\"] }`";
            self.mistake(tree.span, "a `[[doctor.pty]]` without `host`", help);
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
            return Some(Host::Websocket { url: self.needed(tree, "url", "doctor.pty.host")?, codec, headers });
        }
        let Some(command) = self.words(tree, "command") else {
            self.mistake(
                tree.span,
                "a host without `command`",
                "write `command = [\"./bin/term\", \"--\", \"{cmd}\"]`",
            );
            return None;
        };
        if !command.iter().any(|word| ["{cmd}", "{argv}", "{line}"].iter().any(|name| word.contains(name))) {
            let span = tree.get("command").map_or(tree.span, |value| value.span);
            self.mistake(span, "a command without `{cmd}`", "put `{cmd}` where the host takes what it runs");
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
        self.mistake(value.span, "`size` must be rows and columns", "write `size = [24, 80]`");
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
                    self.mistake(*span, format!("there is no boundary `{name}`{near}"), BOUNDARIES.join(", "));
                }
            }
            for (text, span) in &given {
                let Some((name, amount)) = text.split_once(':') else { continue };
                let is_one = match name {
                    "nproc" => amount.parse::<u64>().is_ok_and(|count| (1..=2_000).contains(&count)),
                    "memory" => size::parse(amount).is_some_and(|bytes| (1..=8 << 30).contains(&bytes)),
                    "cpu" => duration::milliseconds(amount).is_some_and(|time| (1..=3_000).contains(&time)),
                    "net" => amount == "loopback" || amount.parse::<std::net::SocketAddr>().is_ok(),
                    _ => true,
                };
                if !is_one {
                    let help = "`nproc:64` (up to 2000), `memory:256MiB` (up to 8GiB), `cpu:1s` (up to 3s), `net:127.0.0.1:80`";
                    self.mistake(*span, format!("`{text}` cannot be tried"), help);
                }
            }
            given.into_iter().map(|(text, _)| text).collect()
        };
        Some(Sandbox { deny: read("deny"), allow: read("allow") })
    }
}
