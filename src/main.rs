//! Parse, run, exit code.

use std::process::ExitCode;

use phx::failure::Failure;
use phx::system::disk;

/// A check makes and drops many small values; the system's allocator takes a third of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = phx::doctor::run_internal_command(&mut std::env::args_os()) {
        return ExitCode::from(code);
    }
    let cli = phx::command::parse();
    // A panic has printed where it happened; it must not look like a finding.
    let run = std::panic::catch_unwind(|| phx::command::run(cli));
    let failed =
        || Err(Failure::internal("phx failed; no document was changed").hint("please report what was printed above"));
    match run.unwrap_or_else(|_| failed()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            disk::write_stderr(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}
