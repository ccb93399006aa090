//! Limits on the size and the nesting of templates, so that none exhausts the stack.

/// Size of a template, in bytes.
const SIZE: usize = 256 * 1024;
/// Length of one expression or statement, in bytes.
const TAG: usize = 4 * 1024;
/// Depth of blocks such as `for` and `if`.
const DEPTH: usize = 64;
/// Stack of a thread that parses or renders a template of a repository, in bytes. It is reserved, not used.
const STACK: usize = 512 * 1024 * 1024;

/// Checks a template before it is parsed.
///
/// # Errors
/// The line, from 1, and the bound that is exceeded.
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
            depth = depth_after(depth, &inner[..length]);
            if depth > DEPTH {
                return Err((line, format!("blocks are nested more than {DEPTH} levels deep")));
            }
        }
        at = (start + 2 + length + end.len()).min(text.len());
    }
    Ok(())
}

/// The depth of blocks after a statement.
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

/// Whether a template can build values that nest deeper with each round of a loop.
pub fn accumulates(template: &str) -> bool {
    ["namespace", "macro"].iter().any(|word| template.contains(word))
}

/// Runs what recurses as deep as a template nests, on a stack that is large enough for all that [`check`] admits.
///
/// # Errors
/// The system has no memory for another thread.
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
    fn a_template_that_nests_too_deep_is_refused_with_its_line() {
        assert_eq!(check("{% if a %}\n{{ b }}\n{% endif %}\n{# c #} {d}"), Ok(()));
        let long = format!("a\n{{{{ {}1 }}}}", "not ".repeat(2000));
        assert_eq!(check(&long), Err((2, "an expression is longer than 4 KiB".to_owned())));
        assert_eq!(check(&"{% if 1 %}{% endif %}\n".repeat(1000)), Ok(()));
        let deep = "{% if 1 %}\n".repeat(100);
        assert_eq!(check(&deep), Err((65, "blocks are nested more than 64 levels deep".to_owned())));
        assert!(check(&"a".repeat(300 * 1024)).is_err());
    }
}
