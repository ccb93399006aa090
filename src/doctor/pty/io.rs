//! Bytes through a terminal, both ways.

pub mod binary;
pub mod input;
pub mod out;
pub mod slow;
pub mod tail;
pub mod utf8;

use sha2::{Digest, Sha256};

use crate::text::hex;

/// How long what is sent through a terminal may take.
pub const TRANSFER: std::time::Duration = std::time::Duration::from_secs(25);

/// The sum of bytes, short enough to be shown.
pub fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))[..16].to_owned()
}

/// The first place at which two texts differ.
pub fn differs_at(seen: &[u8], sent: &[u8]) -> usize {
    seen.iter().zip(sent).position(|(seen, sent)| seen != sent).unwrap_or_else(|| seen.len().min(sent.len()))
}
