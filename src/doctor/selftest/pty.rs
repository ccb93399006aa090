//! Built-in hosts for the checks of `pty`.

use std::rc::Rc;

use super::FixtureCase;
use super::FixtureKind::{self, Conforming, Defective};
use crate::config::DoctorSettings;
use crate::config::doctor::Pty;
use crate::doctor::allow::Allow;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::doctor::log::Log;
use crate::doctor::pty::{self, PtyCheck, PtyTarget};
use crate::doctor::record::Outcome;
use crate::doctor::scratch::ScratchFolder;
use crate::doctor::secrets::Secrets;
use crate::system::environment;

/// A check by its id, whether the host conforms, what it does, the words behind `phx __host`, and what it claims beside its size.
type PtyFixture = (&'static str, FixtureKind, &'static str, &'static str, &'static str);

/// What a host does that does nothing wrong.
const WELL: &str = "size={rows}x{cols}";
/// What hosts claim that are on a terminal themselves.
const ON_A_TERMINAL: &str = "stdio = pty";
/// A sandbox that denies.
const SANDBOX: &str = "size={rows}x{cols} sandbox={workdir}";

/// All of them.
const ROWS: &[PtyFixture] = &[
    ("pty.real", Conforming, "a terminal", WELL, ""),
    ("pty.real", Defective, "pipes", "pipes", ""),
    ("pty.controlling", Conforming, "a terminal", WELL, ""),
    ("pty.controlling", Defective, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.size", Conforming, "a terminal of the size", WELL, ""),
    ("pty.size", Defective, "a terminal without a size", "plain", ""),
    ("pty.size", Defective, "a terminal of another size", "size=20x20", ""),
    ("pty.resize", Conforming, "passes sizes on", WELL, ON_A_TERMINAL),
    ("pty.resize", Defective, "passes no size on", "size={rows}x{cols} deaf", ON_A_TERMINAL),
    ("pty.exit", Conforming, "ends as its program", WELL, ""),
    ("pty.exit", Defective, "ends with 0 always", "size={rows}x{cols} always-zero", ""),
    ("pty.signals", Conforming, "a terminal with signals", WELL, ""),
    ("pty.signals", Defective, "a terminal in raw mode", "size={rows}x{cols} raw", ""),
    ("pty.jobctl", Conforming, "a controlling terminal", WELL, ""),
    ("pty.jobctl", Defective, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.hup", Conforming, "closes its terminal", WELL, ""),
    ("pty.hup", Defective, "keeps its terminal", "size={rows}x{cols} stays", ""),
    ("pty.io.out", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.out", Defective, "drops a byte", "size={rows}x{cols} drops", ""),
    ("pty.io.tail", Conforming, "reads until the end", WELL, ""),
    ("pty.io.tail", Defective, "ends with its program", "size={rows}x{cols} cuts", ""),
    ("pty.io.in", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.in", Defective, "drops a byte", "size={rows}x{cols} drops-input", ""),
    ("pty.io.utf8", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.utf8", Defective, "decodes what it reads", "size={rows}x{cols} lossy", ""),
    ("pty.io.binary", Conforming, "passes bytes on", WELL, ""),
    ("pty.io.binary", Defective, "passes seven bits on", "size={rows}x{cols} seven-bits", ""),
    ("pty.io.slow", Conforming, "waits for its reader", WELL, ""),
    ("pty.io.slow", Defective, "waits for nobody", "size={rows}x{cols} impatient", ""),
    ("pty.render", Conforming, "passes bytes on", WELL, ""),
    ("pty.render", Defective, "strips escapes", "size={rows}x{cols} strips", ""),
    ("pty.zombies", Conforming, "waits for its program", WELL, ""),
    ("pty.zombies", Defective, "waits for nobody", "size={rows}x{cols} never-waits", ""),
    ("pty.orphans", Conforming, "ends all that came from it", "size={rows}x{cols} ends-all", ""),
    ("pty.orphans", Defective, "ends its program alone", WELL, ""),
    ("pty.leak", Conforming, "closes its terminals", WELL, ""),
    ("pty.leak", Defective, "leaves terminals open", "size={rows}x{cols} leaks-terminal", ""),
    ("pty.isolation", Conforming, "a terminal for each", WELL, ""),
    ("pty.isolation", Defective, "shows each what all write", "size={rows}x{cols} shared={workdir}/all", ""),
    (
        "pty.env",
        Conforming,
        "a clean environment",
        "size={rows}x{cols} clean-env",
        "env = { deny = [\"PHX_DOCTOR_SECRET*\"], require = [\"TERM\"] }",
    ),
    ("pty.env", Defective, "the whole environment", WELL, "env = { deny = [\"PHX_DOCTOR_SECRET*\"] }"),
    ("pty.fds", Conforming, "three streams", WELL, ""),
    ("pty.fds", Defective, "a socket of the host", "size={rows}x{cols} leaks-socket", ""),
    ("pty.dispositions", Conforming, "signals as they should be", WELL, ""),
    ("pty.dispositions", Defective, "no SIGINT", "size={rows}x{cols} ignores-int", ""),
    ("pty.sandbox.read", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.read", Defective, "no sandbox", WELL, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.write", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.write", Defective, "no sandbox", WELL, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.net", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.net", Defective, "no sandbox", WELL, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.signal", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.signal", Defective, "no sandbox", WELL, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.proc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.proc", Defective, "no sandbox", WELL, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.ptrace", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.ptrace", Defective, "no sandbox", WELL, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.mount", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.mount", Defective, "no sandbox", WELL, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.rawsock", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.rawsock", Defective, "no sandbox", WELL, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.tiocsti", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.tiocsti", Defective, "no sandbox", WELL, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.nproc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.nproc", Defective, "no sandbox", WELL, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.memory", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.memory", Defective, "no sandbox", WELL, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.cpu", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"cpu:2500ms\"] }"),
    ("pty.sandbox.cpu", Defective, "no sandbox", WELL, "sandbox = { deny = [\"cpu:2500ms\"] }"),
    (
        "pty.sandbox.allowed",
        Conforming,
        "a sandbox with a folder",
        SANDBOX,
        "sandbox = { allow = [\"write:{workdir}\", \"read:/etc/passwd\"] }",
    ),
    (
        "pty.sandbox.allowed",
        Defective,
        "a sandbox without a network",
        SANDBOX,
        "sandbox = { allow = [\"net:127.0.0.1:9\"] }",
    ),
];

/// The cases.
pub fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, words, claims): &'static PtyFixture| {
        let (check, look) = pty::CHECKS.iter().find(|(check, _): &&PtyCheck| check.id == *id)?;
        Some(FixtureCase { check, kind: *kind, subject, look: Box::new(move || looked_at(words, claims, *look)) })
    };
    let local = |kind, subject, open: Option<u64>| FixtureCase {
        check: &pty::local::CHECK,
        kind,
        subject,
        look: Box::new(move || Box::pin(async move { pty::local::run_with(open) })),
    };
    let mut all: Vec<FixtureCase> = ROWS.iter().filter_map(case).collect();
    all.push(local(Conforming, "this machine", None));
    all.push(local(Defective, "a machine with all terminals open", Some(u64::MAX)));
    all
}

fn looked_at(words: &'static str, claims: &'static str, look: fn(PtyTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        if cfg!(not(unix)) {
            return CheckResult::skip("platform: terminals are looked into on Unix alone");
        }
        if words == SANDBOX && !super::host::can_restrict() {
            return CheckResult::skip("this kernel has no sandbox to show it with (Landlock, ABI 6)");
        }
        let Ok(workdir) = ScratchFolder::new("self-test") else {
            return CheckResult::error("there is no room for a subject");
        };
        let Some(claimed) = claimed(words, claims) else { return CheckResult::error("the claims cannot be read") };
        let pty = match pty::resolved(&claimed, &Secrets::default(), Some(workdir.path())) {
            Ok(pty) => Rc::new(pty),
            Err(why) => return CheckResult::error(why),
        };
        let target = PtyTarget { pty, allow: Rc::new(Allow::default()), quick: true, log: Log::start() };
        let log = target.log.clone();
        let mut found = look(target).await;
        found.evidence = log.lines();
        // What this machine denies to all, a sandbox cannot be seen to deny.
        let is_control = found.control.as_ref().is_some_and(|control| control.outcome != Outcome::Pass);
        if is_control { CheckResult::skip("this machine denies it to all") } else { found }
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
    let (doctor, mistakes) = DoctorSettings::parse_included("built-in", &text);
    doctor.pty.into_iter().next().filter(|_| mistakes.is_empty())
}
