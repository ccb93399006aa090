//! Incremental UTF-8 decoding of chunks that may split a character.

/// Incremental UTF-8 decoder. Keeps the bytes of an incomplete character until the next chunk.
#[derive(Clone, Debug, Default)]
pub struct Utf8Decoder {
    incomplete: Vec<u8>,
}

impl Utf8Decoder {
    /// Decodes a chunk and returns all complete characters. Invalid bytes become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.incomplete.extend_from_slice(bytes);
        // A character has at most four bytes, so at most three bytes are incomplete.
        let is_incomplete = |start: &[u8]| {
            std::str::from_utf8(start).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        };
        let from = self.incomplete.len().saturating_sub(3);
        let at = (from..self.incomplete.len())
            .find(|at| is_incomplete(&self.incomplete[*at..]))
            .unwrap_or(self.incomplete.len());
        let rest = self.incomplete.split_off(at);
        String::from_utf8_lossy(&std::mem::replace(&mut self.incomplete, rest)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_incomplete_characters_until_the_next_chunk() {
        let mut decoder = Utf8Decoder::default();
        assert_eq!(decoder.push(b"a\xF0\x9F"), "a");
        assert_eq!(decoder.push(b"\x9A\x80b"), "🚀b");
        assert_eq!(decoder.push(b"\xFFc\xC3"), "\u{FFFD}c");
    }
}
