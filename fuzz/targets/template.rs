//! Entry point for `cargo fuzz run template`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phx_fuzz::template(bytes));
