//! phx validates living Markdown documents against versioned schemas and rules, and regenerates their AUTO blocks from
//! facts. Modules are listed from the lowest layer to the highest.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod text;
pub mod failure;
pub mod system;
mod finding;
pub mod document;
pub mod corpus;
pub mod schema;
pub mod config;
pub mod regen;
pub mod rules;
mod ledger;
mod workspace;
mod validation;
mod hooks;
pub mod doctor;
mod report;
mod cli;
pub mod command;
