//! `phx doctor`: black-box checks on the systems that documents describe. Each check verifies one claim on one target
//! and reports its evidence. A check that proves nothing never passes.

pub mod after;
pub mod allow;
pub mod db;
pub mod ending;
pub mod fault;
pub mod check_result;
pub mod frame;
pub mod http;
pub mod ipc;
pub mod policy;
pub mod log;
pub mod payload;
pub mod plan;
pub mod program;
pub mod pty;
pub mod record;
pub mod repo;
pub mod run;
pub mod scratch;
pub mod secrets;
pub mod selftest;
pub mod slope;
pub mod stream;
pub mod times;
pub mod ws;

pub use record::{CheckRecord, Help, Outcome};

/// Static description of a check, available without running it.
#[derive(Debug)]
pub struct Check {
    /// Dotted id such as `repo.hooks`; the first segment is the probe.
    pub id: &'static str,
    /// Sentence without a full stop that is true if the check passes.
    pub claim: &'static str,
    /// Procedure, and the conditions under which the check fails, warns or is skipped.
    pub method: &'static str,
    /// Resources that the check opens, starts or writes.
    pub side_effects: &'static str,
    /// Risk to other systems, as a sentence; such a check requires consent. Empty if there is no risk.
    pub risk: &'static str,
    /// Default timeout, in milliseconds.
    pub deadline_ms: u64,
}

/// Group of checks for one technology.
#[derive(Debug)]
pub struct Probe {
    /// First segment of the check ids.
    pub name: &'static str,
    /// Alternative names that the command line accepts.
    pub aliases: &'static [&'static str],
    /// Example configuration (TOML) of a target; empty if the probe needs none.
    pub example_config: &'static str,
}

pub const PROBES: &[Probe] = &[
    Probe { name: "repo", aliases: &["repository"], example_config: "" },
    Probe {
        name: "ws",
        aliases: &["websocket", "websockets"],
        example_config: "[[doctor.ws]]\nname = \"gateway\"\nurl = \"ws://127.0.0.1:8080/\"\nlimit = 100",
    },
    Probe {
        name: "pty",
        aliases: &["terminal", "terminals"],
        example_config: "[[doctor.pty]]\nname = \"terminal\"\nhost = { kind = \"exec\", command = [\"./bin/term\", \"--\", \"{cmd}\"] }",
    },
    Probe {
        name: "db",
        aliases: &["database", "databases"],
        example_config: "[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"${DOCTOR_PG_ADMIN}\"\ninit = { command = [\"./bin/app\", \"migrate\"], env = { DATABASE_URL = \"{dsn}\" } }",
    },
    Probe {
        name: "ipc",
        aliases: &["ipc-boundary", "boundary"],
        example_config: "[[doctor.ipc]]\nname = \"orders->billing\"\nentry = { url = \"http://127.0.0.1:{listen}/pay\" }\nstart = { command = [\"./bin/orders\"], env = { PORT = \"{listen}\", BILLING_URL = \"http://{upstream}\" }, ready = \"http://127.0.0.1:{listen}/ready\" }\ntimeout = { max = \"2s\" }",
    },
];

/// Returns all checks, sorted by id.
pub fn checks() -> Vec<&'static Check> {
    let repo = repo::CHECKS.iter().map(|(check, _)| *check);
    let ws = ws::CHECKS.iter().map(|(check, _)| *check);
    let pty = pty::CHECKS.iter().map(|(check, _)| *check).chain([&pty::local::CHECK]);
    let db = db::CHECKS.iter().map(|(check, _)| *check);
    let ipc = ipc::CHECKS.iter().map(|(check, _)| *check);
    let mut all: Vec<&Check> = repo.chain(ws).chain(pty).chain(ipc).chain(db).collect();
    all.sort_by_key(|check| check.id);
    all
}

/// Runs a hidden subcommand that phx starts inside its targets (`__payload`, `__host`) and returns its exit code.
/// Returns `None` for every other command line.
pub fn run_internal_command(arguments: &mut dyn Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    let word = arguments.nth(1)?;
    if word != "__payload" && word != "__host" {
        return None;
    }
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    Some(if word == "__payload" { payload::run(&words) } else { selftest::host::run(&words) })
}

/// Returns whether a selector matches a check id. `*` matches any characters, including dots; a prefix that ends at a
/// dot (`ws.limit`) matches all ids below it; the first segment may be an alias of a probe.
pub fn matches_selector(selector: &str, id: &str) -> bool {
    let word = PROBES.iter().find(|probe| probe.aliases.contains(&selector)).map_or(selector, |probe| probe.name);
    matches(word, id) || id.strip_prefix(word).is_some_and(|rest| rest.starts_with('.'))
}

/// Returns whether a name matches a glob, in which `*` matches any characters.
pub fn is_named(glob: &str, name: &str) -> bool {
    matches(glob, name)
}

fn matches(glob: &str, id: &str) -> bool {
    match glob.split_once('*') {
        None => glob == id,
        Some((start, rest)) => {
            let Some(tail) = id.strip_prefix(start) else { return false };
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_ids_are_unique_and_start_with_a_probe() {
        let ids: Vec<&str> = checks().iter().map(|check| check.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        assert!(ids.iter().all(|id| PROBES.iter().any(|probe| id.starts_with(&format!("{}.", probe.name)))));
    }

    #[test]
    fn selectors_match_globs_aliases_and_prefixes() {
        assert!(
            matches_selector("repo.*", "repo.git")
                && matches_selector("*", "repo.git")
                && matches_selector("*.g*t", "repo.git")
        );
        assert!(
            matches_selector("repo", "repo.git")
                && matches_selector("websocket", "ws.alive")
                && matches_selector("ws.limit", "ws.limit.exact")
        );
        assert!(
            !matches_selector("rep", "repo.git")
                && !matches_selector("ws.*", "repo.git")
                && !matches_selector("ws.lim", "ws.limit.exact")
        );
    }
}
