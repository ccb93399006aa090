//! Fixtures for the checks of `pty`: built-in terminal hosts.

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

/// Check id, kind of the fixture, description, arguments after `phx __host`, and claims (TOML) in addition to the size.
type PtyFixture = (&'static str, FixtureKind, &'static str, &'static str, &'static str);

/// Arguments of a host without faults.
const CORRECT: &str = "size={rows}x{cols}";
/// Marks a host that runs on a terminal itself.
const ON_A_TERMINAL: &str = "stdio = pty";
/// Arguments of a host with a sandbox.
const SANDBOX: &str = "size={rows}x{cols} sandbox={workdir}";

const ROWS: &[PtyFixture] = &[
    ("pty.real", Conforming, "a terminal", CORRECT, ""),
    ("pty.real", Defective, "pipes", "pipes", ""),
    ("pty.controlling", Conforming, "a terminal", CORRECT, ""),
    ("pty.controlling", Defective, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.size", Conforming, "a terminal of the configured size", CORRECT, ""),
    ("pty.size", Defective, "a terminal without a size", "plain", ""),
    ("pty.size", Defective, "a terminal of another size", "size=20x20", ""),
    ("pty.resize", Conforming, "forwards size changes", CORRECT, ON_A_TERMINAL),
    ("pty.resize", Defective, "ignores size changes", "size={rows}x{cols} deaf", ON_A_TERMINAL),
    ("pty.exit", Conforming, "exits like its program", CORRECT, ""),
    ("pty.exit", Defective, "always exits with 0", "size={rows}x{cols} always-zero", ""),
    ("pty.signals", Conforming, "a terminal with signals", CORRECT, ""),
    ("pty.signals", Defective, "a terminal in raw mode", "size={rows}x{cols} raw", ""),
    ("pty.jobctl", Conforming, "a controlling terminal", CORRECT, ""),
    ("pty.jobctl", Defective, "a terminal that controls nothing", "size={rows}x{cols} no-session", ""),
    ("pty.hup", Conforming, "closes its terminal", CORRECT, ""),
    ("pty.hup", Defective, "keeps its terminal", "size={rows}x{cols} stays", ""),
    ("pty.io.out", Conforming, "forwards bytes", CORRECT, ""),
    ("pty.io.out", Defective, "drops a byte", "size={rows}x{cols} drops", ""),
    ("pty.io.tail", Conforming, "reads until the end", CORRECT, ""),
    ("pty.io.tail", Defective, "stops reading when its program ends", "size={rows}x{cols} cuts", ""),
    ("pty.io.in", Conforming, "forwards bytes", CORRECT, ""),
    ("pty.io.in", Defective, "drops a byte", "size={rows}x{cols} drops-input", ""),
    ("pty.io.utf8", Conforming, "forwards bytes", CORRECT, ""),
    ("pty.io.utf8", Defective, "decodes the output as UTF-8", "size={rows}x{cols} lossy", ""),
    ("pty.io.binary", Conforming, "forwards bytes", CORRECT, ""),
    ("pty.io.binary", Defective, "forwards seven bits", "size={rows}x{cols} seven-bits", ""),
    ("pty.io.slow", Conforming, "waits for its reader", CORRECT, ""),
    ("pty.io.slow", Defective, "does not wait for its reader", "size={rows}x{cols} impatient", ""),
    ("pty.render", Conforming, "forwards bytes", CORRECT, ""),
    ("pty.render", Defective, "strips escape sequences", "size={rows}x{cols} strips", ""),
    ("pty.zombies", Conforming, "waits for its program", CORRECT, ""),
    ("pty.zombies", Defective, "does not wait for its program", "size={rows}x{cols} never-waits", ""),
    ("pty.orphans", Conforming, "kills all descendants", "size={rows}x{cols} ends-all", ""),
    ("pty.orphans", Defective, "kills only its program", CORRECT, ""),
    ("pty.leak", Conforming, "closes its terminals", CORRECT, ""),
    ("pty.leak", Defective, "leaves terminals open", "size={rows}x{cols} leaks-terminal", ""),
    ("pty.isolation", Conforming, "a terminal for each session", CORRECT, ""),
    ("pty.isolation", Defective, "shows the output of all sessions", "size={rows}x{cols} shared={workdir}/all", ""),
    (
        "pty.env",
        Conforming,
        "a clean environment",
        "size={rows}x{cols} clean-env",
        "env = { deny = [\"PHX_DOCTOR_SECRET*\"], require = [\"TERM\"] }",
    ),
    ("pty.env", Defective, "the whole environment", CORRECT, "env = { deny = [\"PHX_DOCTOR_SECRET*\"] }"),
    ("pty.fds", Conforming, "only the standard streams", CORRECT, ""),
    ("pty.fds", Defective, "passes a socket of the host on", "size={rows}x{cols} leaks-socket", ""),
    ("pty.dispositions", Conforming, "default signals", CORRECT, ""),
    ("pty.dispositions", Defective, "ignores SIGINT", "size={rows}x{cols} ignores-int", ""),
    ("pty.sandbox.read", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.read", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"read\"] }"),
    ("pty.sandbox.write", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.write", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"write:{outside}\"] }"),
    ("pty.sandbox.net", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.net", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"net:loopback\"] }"),
    ("pty.sandbox.signal", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.signal", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"signal\"] }"),
    ("pty.sandbox.proc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.proc", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"proc\"] }"),
    ("pty.sandbox.ptrace", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.ptrace", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"ptrace\"] }"),
    ("pty.sandbox.mount", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.mount", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"mount\"] }"),
    ("pty.sandbox.rawsock", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.rawsock", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"rawsock\"] }"),
    ("pty.sandbox.tiocsti", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.tiocsti", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"tiocsti\"] }"),
    ("pty.sandbox.nproc", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.nproc", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"nproc:8\"] }"),
    ("pty.sandbox.memory", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.memory", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"memory:500MiB\"] }"),
    ("pty.sandbox.cpu", Conforming, "a sandbox", SANDBOX, "sandbox = { deny = [\"cpu:2500ms\"] }"),
    ("pty.sandbox.cpu", Defective, "no sandbox", CORRECT, "sandbox = { deny = [\"cpu:2500ms\"] }"),
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

/// Returns the cases of the probe.
pub(super) fn cases() -> Vec<FixtureCase> {
    let case = |(id, kind, subject, words, claims): &'static PtyFixture| {
        let (check, run) = pty::CHECKS.iter().find(|(check, _): &&PtyCheck| check.id == *id)?;
        Some(FixtureCase { check, kind: *kind, subject, look: Box::new(move || run_on_fixture(words, claims, *run)) })
    };
    let local = |kind, subject, open: Option<u64>| FixtureCase {
        check: &pty::local::CHECK,
        kind,
        subject,
        look: Box::new(move || Box::pin(async move { pty::local::run_with(open) })),
    };
    let mut all: Vec<FixtureCase> = ROWS.iter().filter_map(case).collect();
    all.push(local(Conforming, "this machine", None));
    all.push(local(Defective, "a machine with all terminals in use", Some(u64::MAX)));
    all
}

fn run_on_fixture(words: &'static str, claims: &'static str, run: fn(PtyTarget) -> CheckFuture) -> CheckFuture {
    Box::pin(async move {
        if cfg!(not(unix)) {
            return CheckResult::skip("platform: terminals can be checked only on Unix");
        }
        if words == SANDBOX && !super::host::can_restrict() {
            return CheckResult::skip("the sandbox of the fixture requires Landlock ABI 6");
        }
        let Ok(workdir) = ScratchFolder::new("self-test") else {
            return CheckResult::error("cannot create a temporary folder for the fixture");
        };
        let Some(claimed) = parse_claims(words, claims) else {
            return CheckResult::error("cannot parse the claims of the fixture");
        };
        let pty = match pty::resolved(&claimed, &Secrets::default(), Some(workdir.path())) {
            Ok(pty) => Rc::new(pty),
            Err(why) => return CheckResult::error(why),
        };
        let target = PtyTarget { pty, allow: Rc::new(Allow::default()), quick: true, log: Log::start() };
        let log = target.log.clone();
        let mut found = run(target).await;
        found.evidence = log.lines();
        // If this machine denies the operation to every process, the effect of a sandbox is not visible.
        let control_failed = found.control.as_ref().is_some_and(|control| control.outcome != Outcome::Pass);
        if control_failed { CheckResult::skip("this machine denies the operation to every process") } else { found }
    })
}

/// Parses the claims as a configuration.
fn parse_claims(words: &str, claims: &str) -> Option<Pty> {
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
    let (doctor, errors) = DoctorSettings::parse_included("built-in", &text);
    doctor.pty.into_iter().next().filter(|_| errors.is_empty())
}
