//! phx validates living Markdown documents against versioned schemas and rules, and regenerates their AUTO blocks from
//! facts. Modules are listed from the lowest layer to the highest.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod text;
pub mod failure;
pub mod system;
pub mod finding;
pub mod document;
pub mod corpus;
pub mod schema;
pub mod config;
pub mod regen;
pub mod rules;
pub mod ledger;
pub mod workspace;
pub mod validation;
pub mod hooks;
pub mod doctor;
pub mod report;
pub mod cli;
pub mod command;
