//! A served connection: a task reads whatever comes, answers pings, and notes how the connection ended; commands go to it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::dial::{Opened, of_io};
use crate::config::doctor::Liveness;
use crate::doctor::stream::Stream;

/// How long an ended connection is read for what the server still says.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Clone, Debug)]
pub struct Gone {
    /// `close-NNNN`, `101-eof`, `101-rst`, `app-error` or `not-websocket`.
    pub class: String,
    /// The reason, in the server's words.
    pub reason: String,
    /// How long after the upgrade.
    pub after: Duration,
}

/// Why an answer did not come.
#[derive(Clone, Debug)]
pub enum Missing {
    /// The connection is there, and silent.
    Silent,
    /// The connection is gone.
    Gone(Gone),
}

enum ClientCommand {
    Beat(oneshot::Sender<Duration>),
    Text(String),
    Close,
    Finish,
    Reset,
    Stall,
    Vanish(oneshot::Sender<std::io::Result<()>>),
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct ClientState {
    gone: Option<Gone>,
    messages: u64,
}

/// A served connection. Dropping it closes it.
#[derive(Debug)]
pub struct Client {
    commands: mpsc::UnboundedSender<ClientCommand>,
    known: Arc<Mutex<ClientState>>,
    task: JoinHandle<()>,
    /// When it was upgraded.
    pub opened: Instant,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A configuration of small buffers: a thousand of them fit.
pub fn small() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(4 << 10).max_message_size(Some(16 << 20))
}

impl Client {
    /// Takes over an upgraded connection.
    pub async fn new(opened: Opened, liveness: Liveness, refusal: Option<String>, gap: Duration) -> Self {
        let Opened { stream, rest, .. } = opened;
        let socket = WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(small())).await;
        let (commands, orders) = mpsc::unbounded_channel();
        let (known, opened) = (Arc::new(Mutex::new(ClientState::default())), Instant::now());
        let worker = ClientWorker {
            socket,
            orders,
            known: Arc::clone(&known),
            opened,
            liveness,
            refusal,
            waiting: VecDeque::new(),
            sent: 0,
            gap,
            last: None,
        };
        Self { commands, known, task: tokio::spawn(worker.run()), opened }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, ClientState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it ended, if it did.
    pub fn gone(&self) -> Option<Gone> {
        self.known().gone.clone()
    }

    /// How many messages have come.
    pub fn messages(&self) -> u64 {
        self.known().messages
    }

    /// Asks for a sign of life, and how long it took.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn check_liveness(&self, limit: Duration) -> Result<Duration, Missing> {
        let (answer, came) = oneshot::channel();
        let _ = self.commands.send(ClientCommand::Beat(answer));
        match timeout(limit, came).await {
            Ok(Ok(time)) => Ok(time),
            _ => Err(self.gone().map_or(Missing::Silent, Missing::Gone)),
        }
    }

    /// Sends a text.
    pub fn text(&self, text: &str) {
        let _ = self.commands.send(ClientCommand::Text(text.to_owned()));
    }

    /// Says goodbye with a close frame, and waits a moment for the answer.
    pub async fn close(self) {
        self.end(ClientCommand::Close).await;
    }

    /// Ends with FIN, without a close frame.
    pub async fn finish(self) {
        self.end(ClientCommand::Finish).await;
    }

    /// Ends with RST.
    pub async fn reset(self) {
        self.end(ClientCommand::Reset).await;
    }

    /// Stops reading: nothing is answered any more, pings neither.
    pub fn stop_reading(&self) {
        let _ = self.commands.send(ClientCommand::Stall);
    }

    /// Ends without a word.
    ///
    /// # Errors
    /// Where the system does not allow it.
    pub async fn drop_silently(self) -> std::io::Result<()> {
        let (answer, came) = oneshot::channel();
        let _ = self.commands.send(ClientCommand::Vanish(answer));
        came.await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::NotConnected)))
    }

    async fn end(mut self, how: ClientCommand) {
        let _ = self.commands.send(how);
        let _ = timeout(CLOSE_TIMEOUT, &mut self.task).await;
    }
}

struct ClientWorker {
    socket: WebSocketStream<Stream>,
    orders: mpsc::UnboundedReceiver<ClientCommand>,
    known: Arc<Mutex<ClientState>>,
    opened: Instant,
    liveness: Liveness,
    refusal: Option<String>,
    waiting: VecDeque<(Bytes, Instant, oneshot::Sender<Duration>)>,
    sent: u64,
    /// Between two messages at least: a rate that the server claims to enforce is kept.
    gap: Duration,
    last: Option<Instant>,
}

impl ClientWorker {
    async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    None => return,
                    Some(ClientCommand::Beat(answer)) => self.check_liveness(answer).await,
                    Some(ClientCommand::Text(text)) => { let _ = self.socket.send(Message::text(text)).await; }
                    Some(ClientCommand::Close) => { let _ = self.socket.close(None).await; }
                    Some(ClientCommand::Finish) => { let _ = self.socket.get_mut().shutdown().await; }
                    Some(ClientCommand::Reset) => return self.socket.into_inner().reset(),
                    Some(ClientCommand::Stall) => return self.stalled().await,
                    Some(ClientCommand::Vanish(answer)) => {
                        let _ = answer.send(self.socket.into_inner().drop_silently());
                        return;
                    }
                },
                message = self.socket.next() => if self.take(message) { return },
            }
        }
    }

    /// Reads nothing any more; the connection stays.
    async fn stalled(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                ClientCommand::Text(text) => {
                    let _ = timeout(Duration::from_millis(100), self.socket.send(Message::text(text))).await;
                }
                ClientCommand::Beat(_) | ClientCommand::Stall => {}
                ClientCommand::Vanish(answer) => {
                    let _ = answer.send(self.socket.into_inner().drop_silently());
                    return;
                }
                ClientCommand::Close | ClientCommand::Finish | ClientCommand::Reset => {
                    return self.socket.into_inner().reset();
                }
            }
        }
    }

    async fn check_liveness(&mut self, answer: oneshot::Sender<Duration>) {
        self.sent += 1;
        let payload = Bytes::from(self.sent.to_string().into_bytes());
        let message = match &self.liveness {
            Liveness::Echo { send, .. } => Message::text(send.clone()),
            Liveness::Ping | Liveness::None => Message::Ping(payload.clone()),
        };
        if self.liveness == Liveness::None {
            let _ = answer.send(Duration::ZERO);
            return;
        }
        if let Some(last) = self.last.filter(|_| !self.gap.is_zero()) {
            tokio::time::sleep_until((last + self.gap).into()).await;
        }
        self.last = Some(Instant::now());
        self.waiting.push_back((payload, Instant::now(), answer));
        let _ = self.socket.send(message).await;
    }

    /// Takes what came; whether that was the end.
    fn take(&mut self, message: Option<Result<Message, Error>>) -> bool {
        let (class, reason) = match message {
            Some(Ok(Message::Pong(payload))) => {
                while let Some((asked, since, answer)) = self.waiting.pop_front() {
                    if asked == payload {
                        let _ = answer.send(since.elapsed());
                        break;
                    }
                }
                return false;
            }
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
                (format!("close-{code}"), frame.map(|frame| frame.reason.to_string()).unwrap_or_default())
            }
            Some(Ok(Message::Text(text))) => return self.said(text.as_bytes()),
            Some(Ok(Message::Binary(bytes))) => return self.said(&bytes),
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => return false,
            Some(Err(Error::Io(error))) => (format!("101-{}", of_io(&error)), String::new()),
            None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => ("101-eof".to_owned(), String::new()),
            Some(Err(Error::Protocol(error))) if error.to_string().contains("without closing handshake") => {
                ("101-eof".to_owned(), String::new())
            }
            Some(Err(error)) => ("not-websocket".to_owned(), error.to_string()),
        };
        self.ends(class, reason)
    }

    fn said(&mut self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).messages += 1;
        if self.refusal.as_ref().is_some_and(|refusal| text.contains(refusal.as_str())) {
            return self.ends("app-error".to_owned(), text.into_owned());
        }
        if let Liveness::Echo { expect, .. } = &self.liveness
            && text.contains(expect.as_str())
            && let Some((_, since, answer)) = self.waiting.pop_front()
        {
            let _ = answer.send(since.elapsed());
        }
        false
    }

    fn ends(&mut self, class: String, reason: String) -> bool {
        let after = self.opened.elapsed();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // After a close frame the connection ends, too; the frame is what counts.
        known.gone.get_or_insert(Gone { class, reason, after });
        true
    }
}
