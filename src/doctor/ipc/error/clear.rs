//! Check: error messages are clear.

use super::super::{IpcTarget, OPENS};
use super::Text;
use crate::config::doctor::Errors;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::is_named;
use crate::doctor::record::Outcome;

/// Texts that no error message may contain.
const FORBIDDEN: &[&str] =
    &["Traceback (most recent", "panicked at", "goroutine 1 [", "Exception in thread", "node:internal/"];

pub const CHECK: Check = Check {
    id: "ipc.error.clear",
    claim: "error messages name the failed upstream and the cause, and contain no internal details",
    method: "Lets the upstream fail in five ways (four if `timeout` is not configured), opens the breaker if one is configured, and reads the answers. Fails if an answer is empty, contains none of `must_name`, contains one of `forbid` or a stack trace, or reports success, or if all answers are the same. Warns if the class of the status changes from call to call.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 180_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let texts = target.texts(2).await?;
    let count = texts.iter().map(|text| text.told.len() as u64).sum();
    let wrong: Vec<String> = texts.iter().filter_map(|text| find_problem(text, &target.ipc.errors)).collect();
    let plain: Vec<String> = texts.iter().map(|text| without_numbers(&text.told[0].text)).collect();
    let unstable: Vec<&str> = texts.iter().filter(|text| is_unstable(text)).map(|text| text.fault).collect();
    let found = if !wrong.is_empty() {
        CheckResult::fail(count, wrong.join("; "))
            .help("name the upstream and the cause in the message, and write everything else to the log", &[])
    } else if texts.len() > 1 && plain.iter().all(|text| *text == plain[0]) {
        CheckResult::fail(count, "all faults cause the same error message")
            .help("use different messages for a timeout, a refused connection and an open breaker", &[])
    } else if !unstable.is_empty() {
        CheckResult::warn(
            count,
            format!("the status changes from call to call under these faults: {}", unstable.join(", ")),
        )
        .help("always return the same status for the same cause", &[])
    } else {
        CheckResult::pass(count)
    };
    let seen = texts.iter().map(|text| {
        let status = text.told[0].status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        (text.fault.to_owned(), format!("{status} {}", super::super::harness::shortened(&text.told[0].text)).into())
    });
    let seen: serde_json::Map<String, serde_json::Value> = seen.collect();
    Ok(found.control("calls reach the upstream", Outcome::Pass).observed("texts", seen))
}

fn find_problem(text: &Text, errors: &Errors) -> Option<String> {
    let fault = text.fault;
    for called in &text.told {
        let message = called.text.trim();
        let has = |pattern: &str| is_named(&format!("*{pattern}*"), message);
        if called.is_ok {
            return Some(format!("{fault}: the call is reported as a success"));
        }
        if message.is_empty() {
            return Some(format!("{fault}: the error message is empty"));
        }
        if called.status.is_none() {
            return Some(format!("{fault}: the caller receives no answer {message}"));
        }
        let forbidden =
            FORBIDDEN.iter().copied().chain(errors.forbid.iter().map(String::as_str)).find(|pattern| has(pattern));
        if let Some(pattern) = forbidden {
            return Some(format!("{fault}: the error message contains `{pattern}`"));
        }
        if has_frame(message) {
            return Some(format!("{fault}: the error message contains a stack trace"));
        }
        if !errors.must_name.is_empty() && !errors.must_name.iter().any(|name| has(name)) {
            return Some(format!("{fault}: the error message contains none of `{}`", errors.must_name.join("`, `")));
        }
    }
    None
}

/// Returns whether a text contains a stack frame, such as `at open (/app/index.js:12:3)` or `at app.Main(Main.java:7)`.
fn has_frame(text: &str) -> bool {
    let is_location = |word: &str| {
        let word = word.trim_end_matches(')');
        [".js:", ".ts:", ".mjs:", ".cjs:", ".java:", ".kt:", ".cs:line"].iter().any(|end| {
            word.split_once(end)
                .is_some_and(|(_, line)| line.is_empty() || line.starts_with(|first: char| first.is_ascii_digit()))
        })
    };
    let words: Vec<&str> =
        text.split(|letter: char| letter.is_whitespace() || letter == '\\' || letter == '"').collect();
    words.iter().enumerate().any(|(at, word)| {
        is_location(word) && words[at.saturating_sub(4)..at].iter().any(|before| *before == "at" || *before == "nat")
    })
}

fn is_unstable(text: &Text) -> bool {
    let class = |status: Option<i32>| status.map(|status| status / 100);
    text.told.windows(2).any(|pair| class(pair[0].status) != class(pair[1].status))
}

/// Removes hexadecimal digits, so that ids and times make no difference.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_ascii_hexdigit()).collect()
}

#[cfg(test)]
mod tests {
    use super::has_frame;

    #[test]
    fn distinguishes_stack_frames_from_sentences() {
        assert!(has_frame("Error: no\n    at call (/app/src/index.js:12:3)"));
        assert!(has_frame("Boom\n\tat com.app.Main.run(Main.java:7)"));
        assert!(has_frame("{\"stack\":\"Error: no\\n    at /app/index.js:1:2\"}"));
        assert!(!has_frame("billing did not answer at 10:20; see index.js for settings"));
    }
}
