//! Vocabulary of a field such as `status`: its words and their synonyms.

use super::inline;
use crate::text::emoji;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    name: String,
    /// Normalized synonyms, including the word itself.
    synonyms: Vec<String>,
}

/// Words that may follow a word of a vocabulary: `Stable since May`, `GA in 1.34`.
const CONNECTORS: &[&str] = &["as", "at", "for", "from", "in", "on", "since", "under", "with"];

impl Vocabulary {
    /// Creates a vocabulary from words with their synonyms.
    pub fn new(words: &[(&str, &[&str])]) -> Self {
        let mut vocabulary = Self::default();
        for (name, synonyms) in words {
            let synonyms: Vec<String> = synonyms.iter().map(|synonym| (*synonym).to_owned()).collect();
            vocabulary.add(name, &synonyms);
        }
        vocabulary
    }

    /// Adds synonyms to a word; adds the word if it is unknown.
    pub fn add(&mut self, name: &str, synonyms: &[String]) {
        let id = normalize(name);
        let at = self.words.iter().position(|word| word.synonyms.contains(&id));
        let at = at.unwrap_or_else(|| {
            self.words.push(Word { name: name.to_owned(), synonyms: vec![id] });
            self.words.len() - 1
        });
        self.words[at].synonyms.extend(synonyms.iter().map(|synonym| normalize(synonym)));
    }

    /// Returns the names of the words, in order of definition.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| word.name.as_str())
    }

    /// Returns the word that a value starts with. The rest of the value must be a remark: text in brackets or after a
    /// comma or dash, a number, or a phrase such as `since May`. `Done when released` and `Planned or done` match no
    /// word.
    pub fn find(&self, value: &str) -> Option<&str> {
        let plain = inline::plain(value);
        let (icon, text) = emoji::split_leading(plain.trim());
        let text = if text.is_empty() { icon } else { text };
        let text = normalize(emoji::split_trailing(text).0);
        let text = if text.is_empty() { normalize(icon) } else { text };
        let all = self.words.iter().flat_map(|word| word.synonyms.iter().map(move |synonym| (word, synonym)));
        // Fast path: most values consist of exactly one word.
        let exact = self.words.iter().find(|word| word.synonyms.contains(&text));
        let found = exact.or_else(|| {
            let prefixed = all.filter(|(_, synonym)| text.strip_prefix(synonym.as_str()).is_some_and(is_remark));
            let prefixed = prefixed.filter(|(word, synonym)| !self.is_qualified(&text[synonym.len()..], word));
            prefixed.max_by_key(|(_, synonym)| synonym.len()).map(|(word, _)| word)
        });
        found.filter(|word| !word.is_contradicted(icon)).map(|word| word.name.as_str())
    }
}

impl Word {
    /// Returns `true` if an icon contradicts a positive word: `❌ Stable`.
    fn is_contradicted(&self, icon: &str) -> bool {
        const NEGATIVE: &[char] = &['❌', '✖', '✗', '🚫', '⛔', '❓'];
        const POSITIVE: &[&str] = &["active", "complete", "done", "in progress", "ready", "running", "stable"];
        icon.starts_with(NEGATIVE)
            && !self.synonyms.contains(&normalize(icon))
            && self.synonyms.iter().any(|synonym| POSITIVE.contains(&synonym.as_str()))
    }
}

impl Vocabulary {
    /// Returns `true` if a remark negates the word before it or contains another word: `Stable (not yet)`,
    /// `Stable, deprecated`.
    fn is_qualified(&self, remark: &str, word: &Word) -> bool {
        const NEGATIONS: &[&str] =
            &["almost", "except", "if", "nearly", "never", "no", "not", "once", "partially", "partly", "until", "when"];
        let words = remark.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        if remark.contains('?') || words.iter().any(|word| NEGATIONS.contains(word)) {
            return true;
        }
        // `Stable in Q1 2027` is a plan.
        let is_quarter = |word: &&str| word.len() == 2 && word.starts_with('q') && word.ends_with(['1', '2', '3', '4']);
        if words.iter().any(is_quarter) {
            return true;
        }
        let line = format!(" {} ", words.join(" "));
        let others = self.words.iter().filter(|other| other.name != word.name);
        others.flat_map(|other| &other.synonyms).any(|other| line.contains(&format!(" {other} ")))
    }
}

/// Returns `true` if the rest of a value is a remark that does not change the meaning of the word before it.
fn is_remark(rest: &str) -> bool {
    let trimmed = rest.trim_start();
    if trimmed.is_empty() {
        return true;
    }
    let spaced = rest.len() > trimmed.len();
    let first = trimmed.chars().next().unwrap_or_default();
    match first {
        '(' | '[' | ',' | ';' | '.' | ':' | '!' => true,
        '–' | '—' => spaced,
        '-' => spaced && trimmed[1..].starts_with(' '),
        _ if emoji::is_emoji(first) => true,
        _ if first.is_ascii_digit() => spaced,
        _ => spaced && CONNECTORS.contains(&trimmed.split(' ').next().unwrap_or_default()),
    }
}

/// Normalizes a text: lower case, with one space for each run of white space, and for hyphens and underscores between
/// letters or digits.
pub fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.trim().chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        let inner = |next: Option<&char>| next.is_some_and(|next| next.is_alphanumeric());
        let joins = matches!(c, '-' | '‑' | '_') && previous.is_alphanumeric() && inner(chars.peek());
        previous = c;
        if c.is_whitespace() || joins {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_with_remarks() {
        let vocabulary = Vocabulary::new(&[
            ("Planned", &["To do", "📋"]),
            ("In Progress", &["Doing"]),
            ("Done", &["Complete", "GA"]),
            ("Ready", &[]),
            ("In Review", &["Ready for review"]),
        ]);
        let cases = [
            ("🚧 In Progress", Some("In Progress")),
            ("in-progress (50 %)", Some("In Progress")),
            ("**Done**", Some("Done")),
            ("`complete`, see #4", Some("Done")),
            ("GA in 1.34", Some("Done")),
            ("GA (stable)", Some("Done")),
            ("In Progress 50%", Some("In Progress")),
            ("Ready for review", Some("In Review")),
            ("Ready", Some("Ready")),
            ("📋", Some("Planned")),
            ("TODO", None),
            ("To-Do ✅", Some("Planned")),
            ("Done (not yet)", None),
            ("Done, planned for mobile", None),
            ("Done: no", None),
            ("Done in Q1 2027", None),
            ("❌ Done", None),
            ("Done when released", None),
            ("Planned or done", None),
            ("Planned/Done", None),
            ("Doneish", None),
            ("Not done", None),
            ("", None),
        ];
        for (value, word) in cases {
            assert_eq!(vocabulary.find(value), word, "{value}");
        }
    }
}
