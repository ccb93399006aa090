//! Bytes to text without moving a byte.

/// A text whose byte offsets are those of the file, and where it is not what it should be.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The text; each byte that is not UTF-8 stands as `?`.
    pub text: String,
    /// The offsets of the bytes that are not UTF-8, at most [`REPORTED`].
    pub invalid: Vec<usize>,
    /// The offset of the first NUL byte.
    pub nul: Option<usize>,
}

/// How many bad bytes are kept: a person mends a file by its first few.
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
    fn bad_bytes_keep_their_places() {
        let decoded = decode(b"a\xff\xe2\x82z".to_vec());
        assert_eq!(decoded.text, "a???z");
        assert_eq!(decoded.invalid, [1, 2]);
    }
}
