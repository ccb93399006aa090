//! Decodes bytes as UTF-8 without changing byte offsets.

/// Decoded text with the byte offsets of the file, and the offsets of invalid bytes.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Text in which each byte that is not UTF-8 is replaced by `?`.
    pub text: String,
    /// Offset of each invalid sequence, at most [`REPORTED`].
    pub invalid: Vec<usize>,
    /// Offset of the first NUL byte.
    pub nul: Option<usize>,
}

/// Maximum number of reported invalid sequences. The first few are enough to find the problem in a file.
pub const REPORTED: usize = 8;

/// Decodes UTF-8. Offsets into the text are offsets into `bytes`.
pub fn decode(bytes: Vec<u8>) -> Decoded {
    let nul = memchr::memchr(0, &bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Decoded { text, invalid: Vec::new(), nul },
        Err(error) => {
            let (text, invalid) = replace_invalid(error.into_bytes());
            Decoded { text, invalid, nul }
        }
    }
}

fn replace_invalid(mut bytes: Vec<u8>) -> (String, Vec<usize>) {
    let mut invalid = Vec::new();
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(&bytes[from..]) {
        let start = from + error.valid_up_to();
        let end = error.error_len().map_or(bytes.len(), |length| start + length);
        if invalid.len() < REPORTED {
            invalid.push(start);
        }
        bytes[start..end].fill(b'?');
        from = end;
    }
    (String::from_utf8(bytes).unwrap_or_default(), invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_invalid_bytes_without_moving_others() {
        let decoded = decode(b"a\xff\xe2\x82z".to_vec());
        assert_eq!(decoded.text, "a???z");
        assert_eq!(decoded.invalid, [1, 2]);
    }
}
