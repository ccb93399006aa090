//! Entry point: parses the command line, runs the command and sets the exit code.

use std::process::ExitCode;

use phx::failure::Failure;
use phx::system::disk;

/// Validation allocates many small values; with the system allocator, a third of the run time is allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = phx::doctor::run_internal_command(&mut std::env::args_os()) {
        return ExitCode::from(code);
    }
    let cli = phx::command::parse();
    // A panic has already printed its location. Its exit code must differ from that of findings.
    let run = std::panic::catch_unwind(|| phx::command::run(cli));
    let failed = || Err(Failure::internal("internal error in phx").hint("report the output above as a bug"));
    match run.unwrap_or_else(|_| failed()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            disk::write_stderr(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}
