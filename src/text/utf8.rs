//! Text out of bytes that come in pieces: a letter whose bytes come apart waits for its rest.

/// Bytes on their way to become text.
#[derive(Clone, Debug, Default)]
pub struct Utf8Decoder {
    torn: Vec<u8>,
}

impl Utf8Decoder {
    /// The letters that are whole by now. Bytes that can become none are shown as U+FFFD.
    pub fn whole(&mut self, bytes: &[u8]) -> String {
        self.torn.extend_from_slice(bytes);
        // A letter has four bytes at most, so three of them may be waiting.
        let is_torn = |start: &[u8]| {
            std::str::from_utf8(start).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        };
        let from = self.torn.len().saturating_sub(3);
        let at = (from..self.torn.len()).find(|at| is_torn(&self.torn[*at..])).unwrap_or(self.torn.len());
        let rest = self.torn.split_off(at);
        String::from_utf8_lossy(&std::mem::replace(&mut self.torn, rest)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_waits_for_its_rest() {
        let mut letters = Utf8Decoder::default();
        assert_eq!(letters.whole(b"a\xF0\x9F"), "a");
        assert_eq!(letters.whole(b"\x9A\x80b"), "🚀b");
        assert_eq!(letters.whole(b"\xFFc\xC3"), "\u{FFFD}c");
    }
}
