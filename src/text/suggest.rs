//! "Did you mean".

/// The candidate that `word` most likely was meant to be, if one is near enough: at most a third of
/// its letters differ (Damerau-Levenshtein), or one contains the other.
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

/// The tail of a message: ``; did you mean `x`?``, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_words_are_suggested() {
        let keys = ["owner", "sources", "phase_number"];
        assert_eq!(nearest("onwer", keys), Some("owner"));
        assert_eq!(nearest("phase", keys), Some("phase_number"));
        assert_eq!(nearest("colour", keys), None);
    }
}
