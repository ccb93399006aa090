# Recipes for `just`. Each calls a script that also works alone.

# Everything that continuous integration does
ci:
    .ci/run

# All tests; installs what they need
test *arguments:
    tests/run --install {{arguments}}

# The optimized binary, target/release/phx
release:
    cargo build --release --locked

# The pages that phx writes from the binary, and the output of the examples
docs:
    cargo run -- --now 2026-12-01T00:00:00Z regen
    PHX_BLESS=1 cargo test --test it book::
    cargo build && docs/terminal.py target/debug/phx
