//! Entry point for `cargo fuzz run document`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phx_fuzz::document(bytes));
