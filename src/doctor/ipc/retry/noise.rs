//! Timing noise of this machine while the waits of a service are measured.
//!
//! A thread repeatedly sleeps and sends a request to a stub, like a service that waits before a retry. Only the machine
//! causes the differences between the intervals of these requests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::doctor::fault::{Backend, Upstream};

/// Time for which the thread sleeps between two requests.
const PERIOD: Duration = Duration::from_millis(10);
/// Minimum number of intervals of a measurement.
const LEAST: usize = 30;

/// Measurement that runs until it is finished or dropped.
#[derive(Debug)]
pub(super) struct Noise {
    stub: Upstream,
    stop: Arc<AtomicBool>,
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Noise {
    /// Starts the measurement.
    ///
    /// # Errors
    /// Returns an error if no local port can be opened or no thread can be started.
    pub(super) fn start() -> std::io::Result<Self> {
        let stub = Upstream::local(Backend::Stub("ok\n".to_owned()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (address, stopped) = (stub.address, Arc::clone(&stop));
        std::thread::Builder::new().name("noise".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(PERIOD);
                // A failed request leaves a longer interval, which is noise as well.
                let _ = request(address);
            }
        })?;
        Ok(Self { stub, stop })
    }

    /// Ends the measurement. Returns the deviation of each interval from the median, in milliseconds.
    pub(super) async fn finish(self) -> Vec<f64> {
        while self.stub.count() <= LEAST {
            tokio::time::sleep(PERIOD).await;
        }
        let at: Vec<_> = self.stub.hits().iter().map(|hit| hit.at).collect();
        let intervals: Vec<f64> =
            at.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() * 1e3).collect();
        let median = super::quantile(&intervals, 0.5).unwrap_or_default();
        intervals.iter().map(|interval| (interval - median).abs()).collect()
    }
}

fn request(address: SocketAddr) -> std::io::Result<()> {
    let mut tcp = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    tcp.set_read_timeout(Some(Duration::from_secs(1)))?;
    tcp.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
    tcp.read_to_end(&mut Vec::new()).map(|_| ())
}
