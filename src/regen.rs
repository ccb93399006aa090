//! Regeneration: renders templates from facts to bodies of AUTO blocks, and turns them into edits. Pure: works on bytes
//! and values, without disk access.

pub mod bounds;
pub mod by_hand;
pub mod changes;
pub mod confidence;
pub mod dependencies;
pub mod diff;
pub mod difference;
pub mod facts;
pub mod filters;
pub mod fixes;
pub mod functions;
pub mod items;
pub mod labels;
pub mod library;
pub mod losses;
pub mod merge;
pub mod mismatch;
pub mod parts;
pub mod plan;
pub mod proof;
pub mod provenance;
pub mod block_results;
pub mod scaffold;
pub mod scope;
pub mod checksum;
pub mod access_log;
pub mod values;

pub use facts::Facts;
pub use library::{Library, Measured, TemplateOverride};
pub use plan::{BlockPlan, RenderOutcome};

/// Maximum number of steps that a template may execute (fuel of minijinja).
pub const FUEL: u64 = 1_000_000;
