//! Reports the signals that keys and size changes cause, and the end of input.

use super::Orders;

/// Reports each received signal until the input ends or contains the line `quit`.
#[cfg(unix)]
pub(super) fn run(orders: &Orders) -> u8 {
    use serde_json::json;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 4 };
    let tstp = SignalKind::from_raw(libc::SIGTSTP);
    let listen = async {
        let signals = [SignalKind::interrupt(), SignalKind::quit(), tstp, SignalKind::window_change()].map(signal);
        let [Ok(mut interrupt), Ok(mut quit), Ok(mut stop), Ok(mut resize)] = signals else { return 4 };
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        orders.report(&super::attest::facts("ready"));
        loop {
            let name = tokio::select! {
                _ = interrupt.recv() => "INT",
                _ = quit.recv() => "QUIT",
                _ = stop.recv() => "TSTP",
                _ = resize.recv() => "WINCH",
                line = lines.next_line() => match line {
                    Ok(Some(line)) if line.trim() == "quit" => return 0,
                    Ok(Some(_)) => continue,
                    _ => "EOF",
                },
            };
            let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
            let size = size.map(|size| json!([size.ws_row, size.ws_col])).unwrap_or_default();
            orders.report(&json!({ "event": "key", "name": name, "size": size }));
            if name == "EOF" {
                return 0;
            }
        }
    };
    let code = runtime.block_on(listen);
    // The thread that reads standard input cannot be cancelled.
    runtime.shutdown_background();
    std::process::exit(code)
}

/// Fails: signals exist only on Unix.
#[cfg(not(unix))]
pub fn run(_: &Orders) -> u8 {
    2
}
