//! Built-in hosts for the checks of `pty`.

use std::rc::Rc;

use super::Case;
use super::Kind::{self, Breaking, Conforming};
use crate::config::Doctor;
use crate::config::doctor::Pty;
use crate::doctor::allow::Allow;
use crate::doctor::found::{Found, Looking};
use crate::doctor::log::Log;
use crate::doctor::pty::{self, Look, Site};
use crate::doctor::record::Outcome;
use crate::doctor::scratch::Scratch;
use crate::doctor::secrets::Secrets;
use crate::system::environment;

/// A check by its id, whether the host conforms, what it does, the words behind `phx __host`, and what it claims beside its size.
type Row = (&'static str, Kind, &'static str, &'static str, &'static str);

/// What a host does that does nothing wrong.
const WELL: &str = "size={rows}x{cols}";
/// What hosts claim that are on a terminal themselves.
const ON_A_TERMINAL: &str = "stdio = pty";
/// A sandbox that denies.
const SANDBOX: &str = "size={rows}x{cols} sandbox={workdir}";

/// All of them.
const ROWS: &[Row] = &[
    ("pty.real", Conforming, "a terminal", WELL, ""),
    ("pty.real", Breaking, "pipes", "pipes", ""),
    ("pty.controlling", Conforming, "a terminal", WELL, ""),
    ("pty.controlling", Breaking, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.size", Conforming, "a terminal of the size", WELL, ""),
    ("pty.size", Breaking, "a terminal without a size", "plain", ""),
    ("pty.size", Breaking, "a terminal of another size", "size=20x20", ""),
    ("pty.resize", Conforming, "passes sizes on", WELL, ON_A_TERMINAL),
    ("pty.resize", Breaking, "passes no size on", "size={rows}x{cols} deaf", ON_A_TERMINAL),
    ("pty.exit", Conforming, "ends as its program", WELL, ""),
    ("pty.exit", Breaking, "ends with 0 always", "size={rows}x{cols} always-zero", ""),
    ("pty.signals", Conforming, "a terminal with signals", WELL, ""),
    ("pty.signals", Breaking, "a terminal in raw mode", "size={rows}x{cols} raw", ""),
    ("pty.jobctl", Conforming, "a controlling terminal", WELL, ""),
    ("pty.jobctl", Breaking, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.hup", Conforming, "closes its terminal", WELL, ""),
    ("pty.hup", Breaking, "keeps its terminal", "size={rows}x{cols} stays", ""),
    ("pty.io.out", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.out", Breaking, "drops a byte", "size={rows}x{cols} drops", ""),
    ("pty.io.tail", Conforming, "reads until the end", WELL, ""),
    ("pty.io.tail", Breaking, "ends with its program", "size={rows}x{cols} cuts", ""),
    ("pty.io.in", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.in", Breaking, "drops a byte", "size={rows}x{cols} drops-input", ""),
    ("pty.io.utf8", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.utf8", Breaking, "decodes what it reads", "size={rows}x{cols} lossy", ""),
    ("pty.io.binary", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.binary", Breaking, "passes seven bits on", "size={rows}x{cols} seven-bits", ""),
    ("pty.io.slow", Conforming, "waits for its reader", WELL, ""),
    ("pty.io.slow", Breaking, "waits for nobody", "size={rows}x{cols} impatient", ""),
    ("pty.render", Conforming, "passes bytes on", WELL, ""),
    ("pty.render", Breaking, "strips escapes", "size={rows}x{cols} strips", ""),
    ("pty.zombies", Conforming, "waits for its program", WELL, ""),
    ("pty.zombies", Breaking, "waits for nobody", "size={rows}x{cols} never-waits", ""),
    ("pty.orphans", Conforming, "ends all that came from it", "size={rows}x{cols} ends-all", ""),
    ("pty.orphans", Breaking, "ends its program alone", WELL, ""),
    ("pty.leak", Conforming, "closes its terminals", WELL, ""),
    ("pty.leak", Breaking, "leaves terminals open", "size={rows}x{cols} leaks-terminal", ""),
    ("pty.isolation", Conforming, "a terminal for each", WELL, ""),
    ("pty.isolation", Breaking, "shows each what all write", "size={rows}x{cols} shared={workdir}/all", ""),
    (
        "pty.env",
        Conforming,
        "a clean environment",
        "size={rows}x{cols} clean-env",
        "env = { deny = [\"PHX_DOCTOR_SECRET*\"], require = [\"TERM\"] }",
    ),
    ("pty.env", Breaking, "the whole environment", WELL, "env = { deny = [\"PHX_DOCTOR_SECRET*\"] }"),
    ("pty.fds", Conforming, "three streams", WELL, ""),
    ("pty.fds", Breaking, "a socket of the host", "size={rows}x{cols} leaks-socket", ""),
    ("pty.dispositions", Conforming, "signals as they should be", WELL, ""),
    ("pty.dispositions", Breaking, "no SIGINT", "size={rows}x{cols} ignores-int", ""),
    ("pty.sandbox.read", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.read", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.write", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.write", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.net", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.net", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.signal", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.signal", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.proc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.proc", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.ptrace", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.ptrace", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.mount", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.mount", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.rawsock", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.rawsock", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.tiocsti", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.tiocsti", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.nproc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.nproc", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.memory", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.memory", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.cpu", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"cpu:2500ms\"] }"),
    ("pty.sandbox.cpu", Breaking, "no sandbox", WELL, "sandbox = { deny = [\"cpu:2500ms\"] }"),
    (
        "pty.sandbox.allowed",
        Conforming,
        "a sandbox with a folder",
        SANDBOX,
        "sandbox = { allow = [\"write:{workdir}\", \"read:/etc/passwd\"] }",
    ),
    (
        "pty.sandbox.allowed",
        Breaking,
        "a sandbox without a network",
        SANDBOX,
        "sandbox = { allow = [\"net:127.0.0.1:9\"] }",
    ),
];

/// The cases.
pub fn cases() -> Vec<Case> {
    let case = |(id, kind, subject, words, claims): &'static Row| {
        let (check, look) = pty::CHECKS.iter().find(|(check, _): &&Look| check.id == *id)?;
        Some(Case { check, kind: *kind, subject, look: Box::new(move || looked_at(words, claims, *look)) })
    };
    let local = |kind, subject, open: Option<u64>| Case {
        check: &pty::local::CHECK,
        kind,
        subject,
        look: Box::new(move || Box::pin(async move { pty::local::look_with(open) })),
    };
    let mut all: Vec<Case> = ROWS.iter().filter_map(case).collect();
    all.push(local(Conforming, "this machine", None));
    all.push(local(Breaking, "a machine with all terminals open", Some(u64::MAX)));
    all
}

fn looked_at(words: &'static str, claims: &'static str, look: fn(Site) -> Looking) -> Looking {
    Box::pin(async move {
        if cfg!(not(unix)) {
            return Found::skip("platform: terminals are looked into on Unix alone");
        }
        if words == SANDBOX && !super::host::can_restrict() {
            return Found::skip("this kernel has no sandbox to show it with (Landlock, ABI 6)");
        }
        let Ok(workdir) = Scratch::new("self-test") else { return Found::error("there is no room for a subject") };
        let Some(claimed) = claimed(words, claims) else { return Found::error("the claims cannot be read") };
        let pty = match pty::resolved(&claimed, &Secrets::default(), Some(workdir.path())) {
            Ok(pty) => Rc::new(pty),
            Err(why) => return Found::error(why),
        };
        let site = Site { pty, allow: Rc::new(Allow::default()), quick: true, log: Log::start() };
        let log = site.log.clone();
        let mut found = look(site).await;
        found.evidence = log.lines();
        // What this machine denies to all, a sandbox cannot be seen to deny.
        let is_control = found.control.as_ref().is_some_and(|control| control.outcome != Outcome::Pass);
        if is_control { Found::skip("this machine denies it to all") } else { found }
    })
}

/// What the host claims, read as a configuration is.
fn claimed(words: &str, claims: &str) -> Option<Pty> {
    let phx = environment::program().ok()?.display().to_string();
    let command: Vec<String> = [phx.as_str(), "__host"]
        .into_iter()
        .chain(words.split(' '))
        .chain(["--", "{cmd}"])
        .map(str::to_owned)
        .collect();
    let stdio = if claims == ON_A_TERMINAL { "pty" } else { "pipe" };
    let claims = if claims == ON_A_TERMINAL { "" } else { claims };
    let text = format!(
        "[[doctor.pty]]\nname = \"built-in\"\nsize = [24, 80]\nsessions = 20\nvolume = 300000\ngrace = \"1s\"\n\
         host = {{ kind = \"exec\", stdio = \"{stdio}\", command = {} }}\n{claims}\n",
        serde_json::json!(command)
    );
    let (doctor, mistakes) = Doctor::parse_included("built-in", &text);
    doctor.pty.into_iter().next().filter(|_| mistakes.is_empty())
}
