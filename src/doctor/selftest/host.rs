//! Programs that the self-test starts, conforming or with one fault (internal): `phx __host [FAULT…] -- COMMAND…` is a
//! terminal host, `phx __host --serve CODEC` a server that starts a shell per connection, `phx __host service …` a
//! service that calls an upstream, `phx __host migrate …` initializes a database, `phx __host app …` is a service that
//! uses one.

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

/// Returns whether this machine supports the sandbox of the terminal host.
#[cfg(target_os = "linux")]
pub fn can_restrict() -> bool {
    restrict::is_possible()
}

/// Returns whether this machine supports the sandbox of the terminal host.
#[cfg(not(target_os = "linux"))]
pub fn can_restrict() -> bool {
    false
}

/// Runs the program that the first word selects and exits with its code.
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
    // The thread that reads standard input cannot be cancelled.
    runtime.shutdown_background();
    std::process::exit(code)
}
