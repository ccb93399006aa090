//! Where documents are: finding the root and the configuration, discovering and loading documents. The only
//! maker of a corpus.

pub mod load;
pub mod paths;
pub mod project;
pub mod visit;

pub use load::Loaded;
pub use project::Project;
pub use visit::{Selection, Visited};
