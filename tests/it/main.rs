//! The one test binary: what a user sees. One file a command, one a concern.

#![allow(missing_docs, clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)]

mod bad_input;
mod audit;
mod commits;
mod config;
mod doctor;
mod doctor_frame;
mod doctor_pty;
mod doctor_db;
mod doctor_ipc;
mod doctor_ws;
mod examples;
mod exit_codes;
mod facts;
mod faults;
mod fix;
mod forms;
mod front_matter;
mod growth;
mod hooks;
mod hostile;
mod inspect;
mod layering;
mod ledger;
mod lost;
mod managers;
mod manual;
mod merges;
mod mutations;
mod new;
mod reading;
mod regen;
mod reports;
mod review;
mod rules;
mod schema;
mod self_test;
mod sources;
mod staleness;
mod status;
mod subjects;
mod support;
mod templates;
mod unchanged;
mod validate;
