//! Entry point for `cargo fuzz run configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phx_fuzz::configuration(bytes));
