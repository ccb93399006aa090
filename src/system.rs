//! The only door to disk, git, clock and environment. Everything above it is given bytes and values.
#![allow(clippy::disallowed_methods)]

pub mod clock;
pub mod disk;
pub mod environment;
pub mod git;
pub mod inside;
pub mod replace;
pub mod turn;
pub mod walk;
