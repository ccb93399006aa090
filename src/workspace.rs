//! Finds the root and the configuration, discovers, loads and writes documents, and reads the sources of facts. Only
//! this module builds a corpus.

pub mod document_index;
pub mod history;
pub mod load;
pub mod measured;
pub mod merging;
pub mod paths;
pub mod planned;
pub mod project;
pub mod restage;
pub mod rewrite;
mod settle;
pub mod sources;
pub mod store;
pub mod templates;
pub mod visit;
pub mod write;

pub use document_index::DocumentIndex;
pub use load::Loaded;
pub use project::Project;
pub use store::{Origin, Store};
pub use visit::{Selection, Visited};
