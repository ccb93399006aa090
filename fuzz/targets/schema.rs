//! Entry point for `cargo fuzz run schema`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| phx_fuzz::schema(bytes));
