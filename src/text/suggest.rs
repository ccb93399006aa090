//! "did you mean" suggestions.

/// Returns the candidate closest to `word`, if one is similar: its Damerau-Levenshtein distance is at most a third of
/// the length of `word` (at least 1), or it contains `word`, if that is longer than 3 bytes. Ignores case in the
/// distance.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit || (word.len() > 3 && candidate.contains(word.as_str())))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the end of a message, ``; did you mean `x`?``, or an empty string if no candidate is similar.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_only_similar_words() {
        let keys = ["owner", "sources", "phase_number"];
        assert_eq!(nearest("onwer", keys), Some("owner"));
        assert_eq!(nearest("phase", keys), Some("phase_number"));
        assert_eq!(nearest("colour", keys), None);
    }
}
