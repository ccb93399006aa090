//! Errors say what is the matter.

use super::super::{IpcTarget, OPENS};
use super::Text;
use crate::config::doctor::Errors;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::is_named;
use crate::doctor::record::Outcome;

/// What no error shows to a caller, whoever asks.
const FORBIDDEN: &[&str] =
    &["Traceback (most recent", "panicked at", "goroutine 1 [", "Exception in thread", "node:internal/"];

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.error.clear",
    claim: "errors say which dependency failed and how, and show nothing of the inside",
    method: "Lets the dependency fail in five ways, and the breaker open, and reads what the caller is told. Fails where a text is empty, has none of `must_name`, has one of `forbid` or a stack trace, is reported as a success, or where all texts are the same. Warns where the status changes from call to call.",
    opens: OPENS,
    harm: "",
    deadline_ms: 180_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let texts = target.texts(2).await?;
    let count = texts.iter().map(|text| text.told.len() as u64).sum();
    let wrong: Vec<String> = texts.iter().filter_map(|text| complaint(text, &target.ipc.errors)).collect();
    let plain: Vec<String> = texts.iter().map(|text| without_numbers(&text.told[0].text)).collect();
    let unstable: Vec<&str> = texts.iter().filter(|text| is_unstable(text)).map(|text| text.fault).collect();
    let found = if !wrong.is_empty() {
        CheckResult::fail(count, wrong.join("; "))
            .help("name the dependency and the cause, and keep the rest in the log", &[])
    } else if texts.len() > 1 && plain.iter().all(|text| *text == plain[0]) {
        CheckResult::fail(count, "whatever is the matter, the caller is told the same")
            .help("tell a timeout from a refusal, and both from an open breaker", &[])
    } else if !unstable.is_empty() {
        CheckResult::warn(count, format!("the status changes from call to call under: {}", unstable.join(", ")))
            .help("give each cause a status of its own, always the same", &[])
    } else {
        CheckResult::pass(count)
    };
    let seen = texts.iter().map(|text| {
        let status = text.told[0].status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        (text.fault.to_owned(), format!("{status} {}", super::super::harness::shortened(&text.told[0].text)).into())
    });
    let seen: serde_json::Map<String, serde_json::Value> = seen.collect();
    Ok(found.control("calls reach the dependency while it is well", Outcome::Pass).observed("texts", seen))
}

fn complaint(text: &Text, errors: &Errors) -> Option<String> {
    let fault = text.fault;
    for called in &text.told {
        let said = called.text.trim();
        let has = |pattern: &str| is_named(&format!("*{pattern}*"), said);
        if called.is_ok {
            return Some(format!("{fault}: the caller is told that all is well"));
        }
        if said.is_empty() {
            return Some(format!("{fault}: the caller is told nothing"));
        }
        if called.status.is_none() {
            return Some(format!("{fault}: the caller gets no answer {said}"));
        }
        let forbidden =
            FORBIDDEN.iter().copied().chain(errors.forbid.iter().map(String::as_str)).find(|pattern| has(pattern));
        if let Some(pattern) = forbidden {
            return Some(format!("{fault}: the text has `{pattern}` in it"));
        }
        if has_frame(said) {
            return Some(format!("{fault}: the text has a stack trace in it"));
        }
        if !errors.must_name.is_empty() && !errors.must_name.iter().any(|name| has(name)) {
            return Some(format!("{fault}: the text names none of `{}`", errors.must_name.join("`, `")));
        }
    }
    None
}

/// Whether a text has a frame of a stack in it, as `at open (/app/index.js:12:3)` or `at app.Main(Main.java:7)`.
fn has_frame(text: &str) -> bool {
    let is_place = |word: &str| {
        let word = word.trim_end_matches(')');
        [".js:", ".ts:", ".mjs:", ".cjs:", ".java:", ".kt:", ".cs:line"].iter().any(|end| {
            word.split_once(end)
                .is_some_and(|(_, line)| line.is_empty() || line.starts_with(|first: char| first.is_ascii_digit()))
        })
    };
    let words: Vec<&str> =
        text.split(|letter: char| letter.is_whitespace() || letter == '\\' || letter == '"').collect();
    words.iter().enumerate().any(|(at, word)| {
        is_place(word) && words[at.saturating_sub(4)..at].iter().any(|before| *before == "at" || *before == "nat")
    })
}

fn is_unstable(text: &Text) -> bool {
    let class = |status: Option<i32>| status.map(|status| status / 100);
    text.told.windows(2).any(|pair| class(pair[0].status) != class(pair[1].status))
}

/// A text without its numbers: ids and times make no difference.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_ascii_hexdigit()).collect()
}

#[cfg(test)]
mod tests {
    use super::has_frame;

    #[test]
    fn frames_of_stacks_are_told_from_sentences() {
        assert!(has_frame("Error: no\n    at call (/app/src/index.js:12:3)"));
        assert!(has_frame("Boom\n\tat com.app.Main.run(Main.java:7)"));
        assert!(has_frame("{\"stack\":\"Error: no\\n    at /app/index.js:1:2\"}"));
        assert!(!has_frame("billing did not answer at 10:20; see index.js for settings"));
    }
}
