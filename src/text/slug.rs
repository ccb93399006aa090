//! Ids of titles and names.

/// Returns the id of a title: Unicode lower case, with each run of characters other than letters and digits replaced by
/// one `_`, and no `_` at the start or end.
///
/// `Dependencies Status` is `dependencies_status`; a title without a letter or digit gives an empty id.
pub fn slug(title: &str) -> String {
    if title.is_ascii() {
        return ascii(title);
    }
    let mut id = String::with_capacity(title.len());
    let mut gap = false;
    for c in title.chars() {
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !id.is_empty() {
            id.push('_');
        }
        gap = false;
        id.extend(c.to_lowercase());
    }
    id
}

/// ASCII version of [`slug`], which works on bytes. Most titles and labels are ASCII.
fn ascii(title: &str) -> String {
    let mut id = Vec::with_capacity(title.len());
    let mut gap = false;
    for byte in title.bytes() {
        if byte.is_ascii_alphanumeric() {
            if gap && !id.is_empty() {
                id.push(b'_');
            }
            gap = false;
            id.push(byte.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    String::from_utf8(id).unwrap_or_default()
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
        assert_eq!(slug("_A__b_"), "a_b");
        assert_eq!(slug("_Ä__b_"), "ä_b");
    }
}
