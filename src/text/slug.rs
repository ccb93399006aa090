//! The id of a title.

/// Unicode lower case, runs of anything but letters and digits to one `_`, none at the ends.
///
/// `Dependencies Status` is `dependencies_status`; a title without a letter or digit gives an empty id.
pub fn slug(title: &str) -> String {
    let mut id = String::with_capacity(title.len());
    let mut gap = false;
    for c in title.chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            if gap && !id.is_empty() {
                id.push('_');
            }
            gap = false;
            id.push(c);
            continue;
        }
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !id.is_empty() {
            id.push('_');
        }
        gap = false;
        if c.is_ascii() {
            id.push(c.to_ascii_lowercase());
        } else {
            id.extend(c.to_lowercase());
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_keeps_letters_and_digits_of_any_script() {
        assert_eq!(slug("🎯 Priority 1: Critical Path"), "priority_1_critical_path");
        assert_eq!(slug("  Größe & Maß  "), "größe_maß");
        assert_eq!(slug("CI/CD (H2 Fix)"), "ci_cd_h2_fix");
        assert_eq!(slug("🚧"), "");
    }
}
