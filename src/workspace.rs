//! Finds the root and the configuration, discovers, loads and writes documents, and reads the sources of facts. Only
//! this module builds a corpus.

pub(crate) mod document_index;
pub(crate) mod history;
pub(crate) mod load;
pub(crate) mod measured;
pub(crate) mod merging;
pub(crate) mod paths;
pub(crate) mod planned;
pub(crate) mod project;
pub(crate) mod restage;
pub(crate) mod rewrite;
mod settle;
pub(crate) mod sources;
pub(crate) mod store;
pub(crate) mod templates;
pub(crate) mod visit;
pub(crate) mod write;

pub(crate) use document_index::DocumentIndex;
pub(crate) use load::Loaded;
pub(crate) use project::Project;
pub(crate) use store::{Origin, Store};
pub(crate) use visit::{Selection, Visited};
