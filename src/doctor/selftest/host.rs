//! What the self-test starts: programs that do as they are told, well, or broken in one way. `phx __host [FAULT…] -- COMMAND…` is a
//! host of terminals, `phx __host --serve CODEC` a server that starts a shell for each connection, `phx __host service …` a service
//! that calls another one, `phx __host migrate …` prepares a database, `phx __host app …` lives on one; all of them for phx alone.

mod app;
#[cfg(unix)]
mod broken;
pub mod migrate;
#[cfg(unix)]
mod relay;
#[cfg(target_os = "linux")]
mod restrict;
#[cfg(unix)]
mod serve;
mod service;

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
pub fn run(words: &[String]) -> u8 {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 4 };
    let code = match words {
        [service, rest @ ..] if service == "service" => runtime.block_on(service::run(rest)),
        [migrate, rest @ ..] if migrate == "migrate" => runtime.block_on(migrate::run(rest)),
        [hold, rest @ ..] if hold == "hold" => runtime.block_on(migrate::hold(rest)),
        [app, rest @ ..] if app == "app" => runtime.block_on(app::run(rest)),
        #[cfg(unix)]
        [serve, codec] if serve == "--serve" => runtime.block_on(serve::run(codec)),
        #[cfg(unix)]
        _ => runtime.block_on(relay::run(&broken::Faults::read(words))),
        #[cfg(not(unix))]
        _ => 2,
    };
    // A reader of standard input cannot be called back.
    runtime.shutdown_background();
    std::process::exit(code)
}
