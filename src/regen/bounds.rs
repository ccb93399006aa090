//! Limits on the size and nesting of templates, which prevent a stack overflow.

/// Maximum size of a template, in bytes.
const SIZE: usize = 256 * 1024;
/// Maximum length of one expression or statement, in bytes.
const TAG: usize = 4 * 1024;
/// Maximum nesting depth of blocks such as `for` and `if`.
const DEPTH: usize = 64;
/// Stack size of the thread that parses or renders templates of a repository, in bytes. Only reserved, not committed.
const STACK: usize = 512 * 1024 * 1024;

/// Checks the limits before a template is parsed.
///
/// # Errors
/// Returns the line, from 1, and a message about the exceeded limit.
pub fn check(text: &str) -> Result<(), (usize, String)> {
    if text.len() > SIZE {
        return Err((1, format!("the template is longer than {} KiB", SIZE / 1024)));
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|found| at + found) {
        let (end, is_statement) = match text.as_bytes().get(start + 1) {
            Some(b'{') => ("}}", false),
            Some(b'%') => ("%}", true),
            Some(b'#') => ("#}", false),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let inner = &text[start + 2..];
        let length = inner.find(end).unwrap_or(inner.len());
        let line = 1 + text[..start].matches('\n').count();
        if length > TAG && end != "#}" {
            return Err((line, format!("an expression is longer than {} KiB", TAG / 1024)));
        }
        if is_statement {
            if let Some(name) = doubled(&inner[..length]) {
                let why =
                    format!("`{name}` occurs twice in the assigned value, which can double it in each loop iteration");
                return Err((line, why));
            }
            depth = depth_after(depth, &inner[..length]);
            if depth > DEPTH {
                return Err((line, format!("blocks are nested more than {DEPTH} levels deep")));
            }
        }
        at = (start + 2 + length + end.len()).min(text.len());
    }
    Ok(())
}

/// Returns the attribute that occurs twice in a value that a statement assigns to an attribute of a namespace.
fn doubled(statement: &str) -> Option<&str> {
    let assigned = statement.trim_matches(['-', '+', ' ', '\n', '\t', '\r']).strip_prefix("set ")?;
    let (target, value) = assigned.split_once('=')?;
    if !target.contains('.') {
        return None;
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let mut seen: Vec<&str> = Vec::new();
    for word in value.split(|c: char| !is_part(c)).filter(|word| word.contains('.') && !word.starts_with('.')) {
        if seen.contains(&word) && word.starts_with(|c: char| c.is_alphabetic()) {
            return Some(word);
        }
        seen.push(word);
    }
    None
}

/// Returns the nesting depth after a statement.
fn depth_after(depth: usize, statement: &str) -> usize {
    const OPENERS: &[&str] = &["autoescape", "block", "call", "filter", "for", "if", "macro", "with"];
    let mut words = statement.trim_matches(['-', '+', ' ', '\n', '\t', '\r']).split(|c: char| !c.is_alphanumeric());
    let name = words.next().unwrap_or_default();
    if name.starts_with("end") {
        depth.saturating_sub(1)
    } else if OPENERS.contains(&name) || (name == "set" && !statement.contains('=')) {
        depth + 1
    } else {
        depth
    }
}

/// Returns whether a template can build values that become more deeply nested in each loop iteration.
pub fn accumulates(template: &str) -> bool {
    ["namespace", "macro"].iter().any(|word| template.contains(word))
}

/// Runs a function on a stack that is large enough for any template that [`check`] accepts.
///
/// # Errors
/// Returns an error if the thread cannot be created.
pub fn on_large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_templates_over_a_limit() {
        assert_eq!(check("{% if a %}\n{{ b }}\n{% endif %}\n{# c #} {d}"), Ok(()));
        let long = format!("a\n{{{{ {}1 }}}}", "not ".repeat(2000));
        assert_eq!(check(&long), Err((2, "an expression is longer than 4 KiB".to_owned())));
        let doubling =
            "{% set ns = namespace(s=[1]) %}\n{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}";
        assert!(check(doubling).is_err_and(|(line, why)| line == 2 && why.starts_with("`ns.s` occurs twice")));
        assert_eq!(check("{% set ns.total = ns.total + item.points %}{% set total = a.b + a.b %}"), Ok(()));
        assert_eq!(check(&"{% if 1 %}{% endif %}\n".repeat(1000)), Ok(()));
        let deep = "{% if 1 %}\n".repeat(100);
        assert_eq!(check(&deep), Err((65, "blocks are nested more than 64 levels deep".to_owned())));
        assert!(check(&"a".repeat(300 * 1024)).is_err());
    }
}
