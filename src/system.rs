//! Access to disk, Git, clock and environment. Higher layers receive bytes and values only.
#![allow(clippy::disallowed_methods)]

pub mod clock;
pub mod disk;
pub mod environment;
pub mod git;
pub mod inside;
pub mod replace;
pub mod turn;
pub mod walk;
