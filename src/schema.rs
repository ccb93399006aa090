//! Versioned JSON Schemas: which there are, what a kind's schema says of its documents, and what a model
//! violates.

pub mod catalog;
pub mod describe;
pub mod embedded;
pub mod instance;
pub mod kind;
mod size;
pub mod validate;

pub use catalog::{Catalog, Overlay};
pub use kind::Kind;
pub use validate::{Violation, warm};
