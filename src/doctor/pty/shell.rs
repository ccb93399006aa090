//! Fallback if phx cannot run inside a session: a POSIX shell reports facts. There are fewer, and they come from
//! programs, not from system calls.

use serde_json::{Value, json};

/// Returns the script for the shell. Its answers start with a mark that the script itself does not contain, so that an
/// echo of the script is not read as an answer.
pub fn script(token: &str) -> String {
    let lines = [
        format!("m=phx; say() {{ echo \"$m-says {token} $*\"; }}"),
        "for n in 0 1 2; do if test -t $n; then say tty$n yes; fi; done".to_owned(),
        "say name $(tty); say size $(stty size)".to_owned(),
        "if ( : </dev/tty ) 2>/dev/null; then say dev_tty ok; else say dev_tty none; fi".to_owned(),
        "say ids $(ps -o sid= -o pgid= -o tpgid= -p $$)".to_owned(),
        "say end".to_owned(),
    ];
    lines.join("; ")
}

/// Returns the facts in the output of the script, or `None` if the output is incomplete.
pub fn facts(token: &str, bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mark = format!("phx-says {token} ");
    let answer = |key: &str| {
        // A host may add its own escape sequences before and after the answer, on the same line.
        let line = text.lines().find_map(|line| line.split_once(&mark)?.1.strip_prefix(key));
        line.map(|rest| rest.split('\u{1b}').next().unwrap_or_default().trim().to_owned())
    };
    answer("end")?;
    let is_terminal = |number: u8| answer(&format!("tty{number} ")).is_some();
    let numbers = |key: &str| -> Vec<i64> {
        answer(key).unwrap_or_default().split_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    let (size, ids) = (numbers("size "), numbers("ids "));
    Some(json!({
        "tty": [is_terminal(0), is_terminal(1), is_terminal(2)],
        "name": answer("name ").filter(|name| name.starts_with('/')),
        "dev_tty": answer("dev_tty "),
        "size": if size.len() == 2 { json!(size) } else { Value::Null },
        "session": ids.first(),
        "group": ids.get(1),
        "foreground": ids.get(2),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_answers_of_a_shell_but_not_an_echo_of_the_script() {
        let echoed = script("t0").into_bytes();
        assert_eq!(facts("t0", &echoed), None);
        let output = "phx-says t0 tty0 yes\r\nphx-says t0 name /dev/pts/3\r\nphx-says t0 size 24 80\r\nphx-says t0 dev_tty ok\r\nphx-says t0 ids 7 8 8\r\nphx-says t0 end\r\n";
        let decorated = output
            .replace("phx-says t0 tty0", "\u{1b}[?1049h\u{1b}[Hphx-says t0 tty0")
            .replace("yes\r", "yes\u{1b}[K\r");
        assert_eq!(super::facts("t0", decorated.as_bytes()), super::facts("t0", output.as_bytes()));
        let facts = facts("t0", output.as_bytes()).unwrap();
        assert_eq!((&facts["tty"], &facts["size"]), (&json!([true, false, false]), &json!([24, 80])));
        assert_eq!((&facts["name"], &facts["foreground"]), (&json!("/dev/pts/3"), &json!(8)));
    }
}
