//! Versioned JSON Schemas: catalog, kinds, and validation of document models.

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
