//! Checks of data transfer through a terminal, in both directions.

pub mod binary;
pub mod input;
pub mod out;
pub mod slow;
pub mod tail;
pub mod utf8;

use sha2::{Digest, Sha256};

use crate::text::hex;

/// Timeout of a transfer through a terminal.
pub const TRANSFER: std::time::Duration = std::time::Duration::from_secs(25);

/// Returns the first 16 hex digits of the SHA-256 checksum.
pub fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))[..16].to_owned()
}

/// Returns the index of the first difference of two byte sequences.
pub fn differs_at(seen: &[u8], sent: &[u8]) -> usize {
    seen.iter().zip(sent).position(|(seen, sent)| seen != sent).unwrap_or_else(|| seen.len().min(sent.len()))
}
