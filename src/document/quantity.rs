//! Parser for numbers in field values. Each form has one meaning; a value that is not exactly one number is unreadable.
//!
//! | form | meaning |
//! |---|---|
//! | `8`, `2.5`, `61,5` | a number; a comma is a decimal comma unless exactly three digits follow it |
//! | `1,000`, `1 000`, `1'000` | thousands; the space may be a non-breaking one |
//! | `8 pts`, `(est. 2 points)`, `[2 points]`, `2 SP` | a number with a unit of the field |
//! | `85%`, `61,5 %` | a percentage |
//! | `120/200`, `120 of 200` | a fraction, only in percentage fields |
//! | `8 (was 5)` | a number and a remark |
//! | `~~5~~ 0` | 0: struck-through text does not count |
//! | `N/A`, `-`, `none` | no value |
//!
//! Rejected: ranges, approximations, other units, text, negative numbers, more than 100 %, `1.500` (thousands or
//! decimal separator), and a percentage below 1 without `%` (fraction or percentage).

use std::ops::Range;

use super::inline;
use super::shape::{NumberType, ValueType};
use crate::text::emoji;

/// Result of reading a value as a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    Number(f64),
    /// The value states that there is none, such as `N/A`.
    Absent,
    /// The value is not one number; the reason is a predicate such as "is a range".
    Unreadable(&'static str),
}

const RANGE: &str = "is a range";
const APPROXIMATION: &str = "is an approximation";
const UNIT: &str = "has a unit that the field does not accept";
const TEXT: &str = "is not a number";
const NEGATIVE: &str = "is a negative number";
const OVER: &str = "is more than 100 %";
const AMBIGUOUS: &str = "is ambiguous (thousands or decimal separator)";
const SHARE: &str = "is ambiguous without `%` (fraction or percentage)";
const FRACTION: &str = "is a fraction";

/// Parses a value according to the type of its field. Returns `None` if the field is not numeric.
pub fn of_type(text: &str, value: &ValueType) -> Option<Quantity> {
    match value {
        ValueType::Number(number) => Some(number_of(text, number)),
        ValueType::Percent => Some(percent(text)),
        _ => None,
    }
}

/// Parses a number with an optional unit of the field.
pub fn number_of(text: &str, number: &NumberType) -> Quantity {
    read(text, QuantityKind::Number(number))
}

pub fn percent(text: &str) -> Quantity {
    read(text, QuantityKind::Percent)
}

/// Parses a number with any unit or a percent sign. Returns `None` for anything else.
pub fn with_any_unit(text: &str) -> Option<f64> {
    match read(text, QuantityKind::AnyUnit) {
        Quantity::Number(number) => Some(number),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum QuantityKind<'a> {
    Number(&'a NumberType),
    Percent,
    AnyUnit,
}

/// Fast path: parses a text of 1 to 9 ASCII digits.
fn whole_number(text: &str) -> Option<f64> {
    const MAX_DIGITS: usize = 9;
    let is_short = (1..=MAX_DIGITS).contains(&text.len());
    let number: u32 = (is_short && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())??;
    Some(f64::from(number))
}

fn read(source: &str, kind: QuantityKind<'_>) -> Quantity {
    if let Some(number) =
        whole_number(source).filter(|number| !matches!(kind, QuantityKind::Percent) || *number <= 100.0)
    {
        return Quantity::Number(number);
    }
    let plain = inline::plain(source);
    let text = emoji::split_trailing(emoji::split_leading(plain.trim()).1).0;
    let text = unwrapped(text).trim_end_matches('.').trim();
    if text.is_empty() {
        // A value of only emoji or images is not a number; struck-through text is not a value.
        return if plain.is_empty() && !source.contains("![") { Quantity::Absent } else { Quantity::Unreadable(TEXT) };
    }
    if is_absent(text) {
        return Quantity::Absent;
    }
    let text = without_prefix(text, &["estimated", "estimate", "est."]);
    if is_approximate(text) {
        return Quantity::Unreadable(APPROXIMATION);
    }
    if text.starts_with(['-', '−', '–']) {
        let digits = text.trim_start_matches(['-', '−', '–']).trim_start().starts_with(|c: char| c.is_ascii_digit());
        return Quantity::Unreadable(if digits { NEGATIVE } else { TEXT });
    }
    let Some((digits, rest)) = split_digits(text) else {
        return Quantity::Unreadable(TEXT);
    };
    let rest = rest.trim();
    let is_percent = matches!(kind, QuantityKind::Percent);
    let value = match value_of(digits, is_percent) {
        Ok(value) => value,
        Err(reason) => return Quantity::Unreadable(reason),
    };
    if let Some(reason) = range_or_more(rest) {
        return Quantity::Unreadable(reason);
    }
    if remark(rest).is_some_and(is_doubtful) {
        return Quantity::Unreadable(APPROXIMATION);
    }
    match kind {
        QuantityKind::Number(number) => with_unit(value, rest, number),
        QuantityKind::Percent => percentage(value, digits, rest),
        QuantityKind::AnyUnit => match without_remark(rest).chars().next() {
            None | Some('%') => Quantity::Number(value),
            Some(first) if first.is_alphabetic() && fraction(rest).is_none() => Quantity::Number(value),
            Some(_) => Quantity::Unreadable(TEXT),
        },
    }
}

/// Accepts `rest` after a number if it is empty, a unit of the field, or a remark in brackets.
fn with_unit(value: f64, rest: &str, number: &NumberType) -> Quantity {
    let unit = without_remark(rest).trim_end_matches('.').to_lowercase();
    if unit.is_empty() || number.units.contains(&unit) {
        return Quantity::Number(value);
    }
    if fraction(rest).is_some() {
        return Quantity::Unreadable(FRACTION);
    }
    let word = unit.starts_with(|c: char| c.is_alphabetic() || matches!(c, '%' | '$' | '€' | '£'));
    Quantity::Unreadable(if word { UNIT } else { TEXT })
}

fn percentage(value: f64, digits: &str, rest: &str) -> Quantity {
    if let Some(total) = fraction(rest) {
        if value > total {
            return Quantity::Unreadable(OVER);
        }
        return if total > 0.0 { Quantity::Number(100.0 * value / total) } else { Quantity::Unreadable(FRACTION) };
    }
    let unit = without_remark(rest).to_lowercase();
    match unit.as_str() {
        "" if value < 1.0 && value > 0.0 || digits == "1.0" => return Quantity::Unreadable(SHARE),
        "" | "%" | "percent" | "per cent" | "pct" => {}
        _ => return Quantity::Unreadable(if unit.starts_with(char::is_alphabetic) { UNIT } else { TEXT }),
    }
    if value > 100.0 { Quantity::Unreadable(OVER) } else { Quantity::Number(value) }
}

/// Returns the total of `/200` or `of 200`, with an optional word such as `lines` after it.
fn fraction(rest: &str) -> Option<f64> {
    let total = rest.strip_prefix('/').or_else(|| rest.strip_prefix("of ")).or_else(|| rest.strip_prefix("out of "))?;
    let (digits, after_total) = split_digits(total.trim())?;
    let word = without_remark(after_total.trim());
    let nouns = ["", "lines", "statements", "branches", "functions", "tests"];
    nouns.contains(&word).then(|| value_of(digits, true).ok())?
}

/// Removes one pair of brackets that encloses the whole text.
fn unwrapped(text: &str) -> &str {
    let inner = |open: char, close: char| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains([open, close])).then_some(inner.trim())
    };
    inner('(', ')').or_else(|| inner('[', ']')).unwrap_or(text)
}

/// Removes the remark in brackets at the end of a text.
fn without_remark(text: &str) -> &str {
    let text = text.trim();
    remark(text).map_or(text, |remark| text[..text.len() - remark.len()].trim())
}

/// Returns the remark at the end of a text, including its brackets.
fn remark(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' => depth += 1,
            _ if depth == 0 => return None,
            '(' | '[' if depth == 1 => return Some(&text[at..]),
            '(' | '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns `true` if a remark makes the number before it an approximation: `8 (?)`, `8 (± 2)`, `8 (approx.)`,
/// `8 (5-10)`.
fn is_doubtful(remark: &str) -> bool {
    let inner = remark.trim_matches(['(', ')', '[', ']', ' ']);
    let is_range = || split_digits(inner).is_some_and(|(_, rest)| range_or_more(rest.trim()).is_some());
    let words = ["approx", "roughly", "guess", "at least", "up to", "maybe", "not "];
    let lower = inner.to_lowercase();
    inner.contains(['?', '±', '~', '≈']) || words.iter().any(|word| lower.contains(word)) || is_range()
}

fn without_prefix<'t>(text: &'t str, words: &[&str]) -> &'t str {
    let found = words.iter().find_map(|word| {
        let rest =
            text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).map(|_| &text[word.len()..])?;
        rest.starts_with([' ', ':']).then(|| rest.trim_start_matches([' ', ':']))
    });
    found.unwrap_or(text)
}

/// Returns `true` if a text means that there is no value.
fn is_absent(text: &str) -> bool {
    const ABSENT: &[&str] =
        &["n/a", "na", "none", "-", "–", "—", "not applicable", "not estimated", "unestimated", "not measured"];
    let text = without_remark(text);
    ABSENT.iter().any(|absent| text.eq_ignore_ascii_case(absent))
}

fn is_approximate(text: &str) -> bool {
    const SIGNS: &[char] = &['~', '≈', '≃', '>', '<', '≥', '≤', '±', '∼'];
    const WORDS: &[&str] =
        &["about", "approx", "approx.", "approximately", "around", "ca", "ca.", "circa", "max", "min", "up", "at"];
    let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    text.starts_with(SIGNS) || (WORDS.contains(&first.as_str()) && text.contains(|c: char| c.is_ascii_digit()))
}

/// Returns the reason if the text after a number makes it a range (`5 to 8`) or a lower bound (`8+`).
fn range_or_more(rest: &str) -> Option<&'static str> {
    const WORDS: &[&str] = &["to", "or", "bis", "till", "until"];
    if rest.starts_with('+') {
        return Some(APPROXIMATION);
    }
    let after_sign = rest.trim_start_matches(['-', '–', '—', '−', '‑', '~', '…']).trim_start_matches("..").trim_start();
    let is_numeric_range = after_sign.len() < rest.len() && after_sign.starts_with(|c: char| c.is_ascii_digit());
    let mut words = rest.split_whitespace();
    let is_word_range = words.next().is_some_and(|word| WORDS.contains(&word.to_lowercase().as_str()))
        && words.next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    (is_numeric_range || is_word_range).then_some(RANGE)
}

/// Returns `true` for a space or apostrophe that may separate groups of thousands.
fn is_group_space(c: char) -> bool {
    matches!(c, ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\'' | '’')
}

/// Splits the digits at the start of a text, with their separators, from the rest.
fn split_digits(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let is_group_of_three = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits == 3
    };
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = &text[at + c.len_utf8()..];
        let part = match c {
            '0'..='9' => true,
            '.' | ',' => next.starts_with(|c: char| c.is_ascii_digit()),
            c if is_group_space(c) => is_group_of_three(next),
            _ => false,
        };
        if !part {
            break;
        }
        end = at + c.len_utf8();
    }
    Some(text.split_at(end))
}

/// Parses digits with thousands and decimal separators; returns the reason if they are not one number.
fn value_of(digits: &str, is_percent: bool) -> Result<f64, &'static str> {
    let parse = |text: String| {
        text.parse::<f64>().map_err(|_| TEXT).and_then(|value| if value < 1e15 { Ok(value) } else { Err(TEXT) })
    };
    let spaced = digits.contains(is_group_space);
    let compact: String = digits.chars().filter(|c| !is_group_space(*c)).collect();
    if spaced {
        // Groups of three digits before a decimal separator; the first group has one to three digits.
        let whole = digits.split(['.', ',']).next().unwrap_or_default();
        let mut groups = whole.split(is_group_space);
        let first = groups.next().unwrap_or_default();
        if first.len() > 3 || groups.any(|group| group.len() != 3) || compact.matches(['.', ',']).count() > 1 {
            return Err(TEXT);
        }
        return parse(compact.replace(',', "."));
    }
    let separators: Vec<(usize, char)> = compact.char_indices().filter(|(_, c)| matches!(c, '.' | ',')).collect();
    match separators.as_slice() {
        [] => parse(compact),
        [(at, sign)] => {
            let (whole, decimals) = (&compact[..*at], compact.len() - at - 1);
            let grouped = decimals == 3 && whole.len() <= 3 && !whole.starts_with('0') && !is_percent;
            match (grouped, sign) {
                (true, ',') => parse(compact.replace(',', "")),
                (true, _) => Err(AMBIGUOUS),
                (false, ',') if decimals > 3 => Err(AMBIGUOUS),
                _ => parse(compact.replace(',', ".")),
            }
        }
        [.., (last, sign)] => {
            let thousands = if *sign == '.' { ',' } else { '.' };
            let is_decimal = !compact[..*last].contains(*sign);
            let whole: Range<usize> = 0..if is_decimal { *last } else { compact.len() };
            let separator = if is_decimal { thousands } else { *sign };
            let mut groups = compact[whole.clone()].split(separator);
            let first = groups.next().unwrap_or_default();
            if first.is_empty() || first.len() > 3 || groups.any(|group| group.len() != 3) {
                return Err(TEXT);
            }
            let decimals = if is_decimal { compact[last + 1..].to_owned() } else { String::new() };
            parse(format!("{}.{decimals}0", compact[whole].replace(separator, "")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> NumberType {
        NumberType { units: ["pt", "pts", "point", "points", "sp", "story points"].map(str::to_owned).to_vec() }
    }

    #[test]
    fn parses_every_number_form() {
        let cases = [
            ("8", 8.0),
            ("**8**", 8.0),
            ("8 pts", 8.0),
            ("8pts", 8.0),
            ("8 points.", 8.0),
            ("(est. 2 points)", 2.0),
            ("[2 points]", 2.0),
            ("2 SP", 2.0),
            ("2.5", 2.5),
            ("2,5 points", 2.5),
            ("1,000", 1000.0),
            ("1 000", 1000.0),
            ("1\u{A0}000", 1000.0),
            ("1\u{202F}000 pts", 1000.0),
            ("1'000", 1000.0),
            ("1,000.5", 1000.5),
            ("1.000,5", 1000.5),
            ("1,000,000", 1_000_000.0),
            ("8 (was 5)", 8.0),
            ("8 story points (frontend 3, backend 5)", 8.0),
            ("~~5~~ 0", 0.0),
            ("🟢 3", 3.0),
            ("8[^1]", 8.0),
            ("0", 0.0),
        ];
        for (text, value) in cases {
            assert_eq!(number_of(text, &points()), Quantity::Number(value), "{text}");
        }
    }

    #[test]
    fn rejects_values_that_are_not_one_number() {
        let cases = [
            ("5–8", RANGE),
            ("5-8", RANGE),
            ("5 - 8 points", RANGE),
            ("5 to 8", RANGE),
            ("5 or 8", RANGE),
            ("~5", APPROXIMATION),
            (">90", APPROXIMATION),
            ("about 5", APPROXIMATION),
            ("8+", APPROXIMATION),
            ("8h", UNIT),
            ("3 days", UNIT),
            ("50%", UNIT),
            ("5/8", FRACTION),
            ("-3", NEGATIVE),
            ("−3", NEGATIVE),
            ("many", TEXT),
            ("TBD", TEXT),
            ("?", TEXT),
            ("XL", TEXT),
            ("8 → 5", TEXT),
            ("5 + 3", APPROXIMATION),
            ("８", TEXT),
            ("٨", TEXT),
            ("8️⃣", TEXT),
            ("1.500", AMBIGUOUS),
            ("2025-09-01", RANGE),
            ("3 (front) + 5 (back)", TEXT),
            ("8 (?)", APPROXIMATION),
            ("8 (± 2)", APPROXIMATION),
            ("8 pts (5-10)", APPROXIMATION),
            ("1,0000", AMBIGUOUS),
            ("![5](five.png)", TEXT),
            ("8 (", TEXT),
            ("v2", TEXT),
            ("✅", TEXT),
            ("99999999999999999999", TEXT),
        ];
        for (text, reason) in cases {
            assert_eq!(number_of(text, &points()), Quantity::Unreadable(reason), "{text}");
        }
        for text in ["", "N/A", "-", "—", "none", "~~5~~", "not estimated (see #4)"] {
            assert_eq!(number_of(text, &points()), Quantity::Absent, "{text}");
        }
    }

    #[test]
    fn accepts_any_unit_without_a_type() {
        for (text, number) in [("85%", 85.0), ("**72.5 %**", 72.5), ("8 points", 8.0), ("🟢 3", 3.0), ("3 days", 3.0)]
        {
            assert_eq!(with_any_unit(text), Some(number), "{text}");
        }
        for text in ["N/A", "", "5-8", "5–8", "2025-09-01", "~5", "v2", "3/4", "3 of 4", "5 or 8"] {
            assert_eq!(with_any_unit(text), None, "{text}");
        }
    }

    #[test]
    fn accepts_percentages_from_0_to_100() {
        let cases = [
            ("85%", 85.0),
            ("61,5 %", 61.5),
            ("85", 85.0),
            ("120/200", 60.0),
            ("3 of 4 tests", 75.0),
            ("0", 0.0),
            ("91.125%", 91.125),
        ];
        for (text, value) in cases {
            assert_eq!(percent(text), Quantity::Number(value), "{text}");
        }
        let cases = [
            ("130 %", OVER),
            ("0.85", SHARE),
            (">90 %", APPROXIMATION),
            ("80-90%", RANGE),
            ("85 lines", UNIT),
            ("9/8", OVER),
        ];
        for (text, reason) in cases {
            assert_eq!(percent(text), Quantity::Unreadable(reason), "{text}");
        }
    }
}
