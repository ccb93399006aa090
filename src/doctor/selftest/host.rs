//! A host of terminals that does as it is told: well, or broken in one way. `phx __host [FAULT…] -- COMMAND…`, for phx alone, as is
//! `phx __host --serve CODEC`, a server that starts a shell for each connection.

#[cfg(unix)]
mod broken;
#[cfg(unix)]
mod relay;
#[cfg(target_os = "linux")]
mod restrict;
#[cfg(unix)]
mod serve;

/// Whether its sandbox can be built on this machine.
#[cfg(target_os = "linux")]
pub fn can_restrict() -> bool {
    restrict::is_possible()
}

/// Whether its sandbox can be built on this machine.
#[cfg(not(target_os = "linux"))]
pub fn can_restrict() -> bool {
    false
}

/// Runs it, with the words behind its name.
#[cfg(unix)]
pub fn run(words: &[String]) -> u8 {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 4 };
    let code = match words {
        [serve, codec] if serve == "--serve" => runtime.block_on(serve::run(codec)),
        _ => runtime.block_on(relay::run(&broken::Faults::read(words))),
    };
    // A reader of standard input cannot be called back.
    runtime.shutdown_background();
    std::process::exit(code)
}

/// There is none on this system.
#[cfg(not(unix))]
pub fn run(_: &[String]) -> u8 {
    2
}
