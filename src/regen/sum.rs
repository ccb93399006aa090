//! The checksum in an END marker: the first 16 hexadecimal digits of the SHA-256 of the body with LF line ends.

use sha2::{Digest, Sha256};

use crate::document::{Block, Document};
use crate::text::lines;

/// The checksum of a body.
pub fn of(body: &str) -> String {
    let digest = Sha256::digest(lines::with_lf(body).as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// How a block's body and its checksum agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no checksum: phx has never written the body.
    Unwritten,
    /// The body is what phx wrote.
    Intact,
    /// Somebody else changed the body.
    Edited,
}

/// Compares a block's body with its checksum.
pub fn state(document: &Document, block: &Block) -> State {
    match &block.sum {
        None => State::Unwritten,
        Some(sum) if *sum == of(document.slice(block.body)) => State::Intact,
        Some(_) => State::Edited,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn line_ends_do_not_count() {
        assert_eq!(of("a\n"), "87428fc522803d31");
        assert_eq!(of("a\r\nb\r"), of("a\nb\n"));
        assert_ne!(of("a"), of("a\n"));
    }
}
