//! `phx doctor`: what a document says of a system, verified from outside. A check proves one thing on one subject and says
//! how it knows; one that proved nothing is never green.

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

/// What a check proves, known without running it.
#[derive(Debug)]
pub struct Check {
    /// Its id, as `repo.hooks`: the probe, then what it looks at.
    pub id: &'static str,
    /// What is true where it passes.
    pub claim: &'static str,
    /// How it finds out, and what it calls a failure.
    pub method: &'static str,
    /// What it opens, starts or writes.
    pub opens: &'static str,
    /// What it may do to others, in a sentence, so that it needs leave; empty where it does nothing.
    pub harm: &'static str,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u64,
}

/// A probe: the first word of its checks, other words for it, and how to name a subject for it.
#[derive(Debug)]
pub struct Probe {
    /// The first word of the ids.
    pub word: &'static str,
    /// Other words that people use for it.
    pub aliases: &'static [&'static str],
    /// What to write where there is no subject; empty where none is needed.
    pub subject: &'static str,
}

/// All probes.
pub const PROBES: &[Probe] = &[
    Probe { word: "repo", aliases: &["repository"], subject: "" },
    Probe {
        word: "ws",
        aliases: &["websocket", "websockets"],
        subject: "[[doctor.ws]]\nname = \"gateway\"\nurl = \"ws://127.0.0.1:8080/\"\nlimit = 100",
    },
    Probe {
        word: "pty",
        aliases: &["terminal", "terminals"],
        subject: "[[doctor.pty]]\nname = \"terminal\"\nhost = { kind = \"exec\", command = [\"./bin/term\", \"--\", \"{cmd}\"] }",
    },
    Probe {
        word: "db",
        aliases: &["database", "databases"],
        subject: "[[doctor.db]]\nname = \"main\"\nengine = \"postgres\"\nadmin = \"${DOCTOR_PG_ADMIN}\"\ninit = { command = [\"./bin/app\", \"migrate\"], env = { DATABASE_URL = \"{dsn}\" } }",
    },
    Probe {
        word: "ipc",
        aliases: &["ipc-boundary", "boundary"],
        subject: "[[doctor.ipc]]\nname = \"orders->billing\"\nentry = { url = \"http://127.0.0.1:{listen}/pay\" }\nstart = { command = [\"./bin/orders\"], env = { PORT = \"{listen}\", BILLING_URL = \"http://{upstream}\" }, ready = \"http://127.0.0.1:{listen}/ready\" }\ntimeout = { max = \"2s\" }",
    },
];

/// All checks, by id.
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

/// What phx runs inside of what it verifies, on a command line that is not for people; the exit code, where this is one.
pub fn run_internal_command(arguments: &mut dyn Iterator<Item = std::ffi::OsString>) -> Option<u8> {
    let word = arguments.nth(1)?;
    if word != "__payload" && word != "__host" {
        return None;
    }
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    Some(if word == "__payload" { payload::run(&words) } else { selftest::host::run(&words) })
}

/// Whether an id is one that a person means: `*` stands for anything, dots too, and a name stands for all below it.
pub fn matches_selector(asked: &str, id: &str) -> bool {
    let word = PROBES.iter().find(|probe| probe.aliases.contains(&asked)).map_or(asked, |probe| probe.word);
    matches(word, id) || id.strip_prefix(word).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether a name fits a glob, in which `*` stands for anything.
pub fn is_named(glob: &str, name: &str) -> bool {
    matches(glob, name)
}

fn matches(glob: &str, id: &str) -> bool {
    match glob.split_once('*') {
        None => glob == id,
        Some((start, rest)) => {
            let Some(behind) = id.strip_prefix(start) else { return false };
            (0..=behind.len()).any(|at| behind.is_char_boundary(at) && matches(rest, &behind[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_an_id_of_its_own_and_belongs_to_a_probe() {
        let ids: Vec<&str> = checks().iter().map(|check| check.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        assert!(ids.iter().all(|id| PROBES.iter().any(|probe| id.starts_with(&format!("{}.", probe.word)))));
    }

    #[test]
    fn a_star_stands_for_anything_and_a_name_for_what_is_below() {
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
