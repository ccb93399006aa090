//! Client side of an open WebSocket connection. A task reads all messages, answers pings and records how the connection
//! ended; [`Client`] sends commands to it.

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

/// Time to wait for the server after the client ends a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// End of a connection.
#[derive(Clone, Debug)]
pub struct Gone {
    /// `close-NNNN`, `101-eof`, `101-rst`, `app-error` or `not-websocket`.
    pub class: String,
    /// Reason sent by the server, or the protocol error; may be empty.
    pub reason: String,
    /// Time since the upgrade.
    pub after: Duration,
}

/// Reason why a liveness request was not answered.
#[derive(Clone, Debug)]
pub enum Missing {
    /// The connection is open, but no answer arrived in time.
    Silent,
    /// The connection ended.
    Gone(Gone),
}

enum ClientCommand {
    CheckLiveness(oneshot::Sender<Duration>),
    Text(String),
    Close,
    Finish,
    Reset,
    StopReading,
    DropSilently(oneshot::Sender<std::io::Result<()>>),
}

#[derive(Debug, Default)]
struct ClientState {
    gone: Option<Gone>,
    messages: u64,
}

/// An upgraded connection. Dropping it closes the connection without a close frame.
#[derive(Debug)]
pub struct Client {
    commands: mpsc::UnboundedSender<ClientCommand>,
    known: Arc<Mutex<ClientState>>,
    task: JoinHandle<()>,
    /// Time of the upgrade.
    pub opened: Instant,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns a configuration with small buffers (4 KiB), so that a thousand connections fit into memory.
pub fn small() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(4 << 10).max_message_size(Some(16 << 20))
}

impl Client {
    /// Starts the task for an upgraded connection. `refusal` is the text of a message that counts as a refusal; `gap`
    /// is the least time between two liveness requests.
    pub async fn new(opened: Opened, liveness: Liveness, refusal: Option<String>, gap: Duration) -> Self {
        let Opened { stream, rest, .. } = opened;
        let socket = WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(small())).await;
        let (commands, received) = mpsc::unbounded_channel();
        let (known, opened) = (Arc::new(Mutex::new(ClientState::default())), Instant::now());
        let worker = ClientWorker {
            socket,
            commands: received,
            state: Arc::clone(&known),
            opened,
            liveness,
            refusal,
            pending: VecDeque::new(),
            sent: 0,
            gap,
            last: None,
        };
        Self { commands, known, task: tokio::spawn(worker.run()), opened }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ClientState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how the connection ended, or `None` if it is open.
    pub fn gone(&self) -> Option<Gone> {
        self.state().gone.clone()
    }

    /// Returns the number of data messages received.
    pub fn messages(&self) -> u64 {
        self.state().messages
    }

    /// Sends a liveness request and returns its response time; zero if `liveness` is `none`.
    pub async fn check_liveness(&self, limit: Duration) -> Result<Duration, Missing> {
        let (answer, response) = oneshot::channel();
        let _ = self.commands.send(ClientCommand::CheckLiveness(answer));
        match timeout(limit, response).await {
            Ok(Ok(time)) => Ok(time),
            _ => Err(self.gone().map_or(Missing::Silent, Missing::Gone)),
        }
    }

    pub fn text(&self, text: &str) {
        let _ = self.commands.send(ClientCommand::Text(text.to_owned()));
    }

    /// Closes the connection with a close frame and waits for the answer.
    pub async fn close(self) {
        self.end(ClientCommand::Close).await;
    }

    /// Ends the connection with FIN, without a close frame.
    pub async fn finish(self) {
        self.end(ClientCommand::Finish).await;
    }

    /// Ends the connection with RST.
    pub async fn reset(self) {
        self.end(ClientCommand::Reset).await;
    }

    /// Stops reading. From then on, pings are not answered either.
    pub fn stop_reading(&self) {
        let _ = self.commands.send(ClientCommand::StopReading);
    }

    /// Ends the connection without FIN or RST.
    ///
    /// # Errors
    /// Returns an error without `CAP_NET_ADMIN`, and on systems other than Linux.
    pub async fn drop_silently(self) -> std::io::Result<()> {
        let (answer, response) = oneshot::channel();
        let _ = self.commands.send(ClientCommand::DropSilently(answer));
        response.await.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::NotConnected)))
    }

    async fn end(mut self, how: ClientCommand) {
        let _ = self.commands.send(how);
        let _ = timeout(CLOSE_TIMEOUT, &mut self.task).await;
    }
}

struct ClientWorker {
    socket: WebSocketStream<Stream>,
    commands: mpsc::UnboundedReceiver<ClientCommand>,
    state: Arc<Mutex<ClientState>>,
    opened: Instant,
    liveness: Liveness,
    refusal: Option<String>,
    pending: VecDeque<(Bytes, Instant, oneshot::Sender<Duration>)>,
    sent: u64,
    /// Least time between two liveness requests, to keep within the message rate of the server.
    gap: Duration,
    last: Option<Instant>,
}

impl ClientWorker {
    async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None => return,
                    Some(ClientCommand::CheckLiveness(answer)) => self.check_liveness(answer).await,
                    Some(ClientCommand::Text(text)) => { let _ = self.socket.send(Message::text(text)).await; }
                    Some(ClientCommand::Close) => { let _ = self.socket.close(None).await; }
                    Some(ClientCommand::Finish) => { let _ = self.socket.get_mut().shutdown().await; }
                    Some(ClientCommand::Reset) => return self.socket.into_inner().reset(),
                    Some(ClientCommand::StopReading) => return self.run_without_reading().await,
                    Some(ClientCommand::DropSilently(answer)) => {
                        let _ = answer.send(self.socket.into_inner().drop_silently());
                        return;
                    }
                },
                message = self.socket.next() => if self.handle_message(message) { return },
            }
        }
    }

    /// Keeps the connection open without reading from it.
    async fn run_without_reading(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                ClientCommand::Text(text) => {
                    let _ = timeout(Duration::from_millis(100), self.socket.send(Message::text(text))).await;
                }
                ClientCommand::CheckLiveness(_) | ClientCommand::StopReading => {}
                ClientCommand::DropSilently(answer) => {
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
        self.pending.push_back((payload, Instant::now(), answer));
        let _ = self.socket.send(message).await;
    }

    /// Handles a received message. Returns whether the connection ended.
    fn handle_message(&mut self, message: Option<Result<Message, Error>>) -> bool {
        let (class, reason) = match message {
            Some(Ok(Message::Pong(payload))) => {
                while let Some((sent, since, answer)) = self.pending.pop_front() {
                    if sent == payload {
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
            Some(Ok(Message::Text(text))) => return self.handle_data(text.as_bytes()),
            Some(Ok(Message::Binary(bytes))) => return self.handle_data(&bytes),
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => return false,
            Some(Err(Error::Io(error))) => (format!("101-{}", of_io(&error)), String::new()),
            None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => ("101-eof".to_owned(), String::new()),
            Some(Err(Error::Protocol(error))) if error.to_string().contains("without closing handshake") => {
                ("101-eof".to_owned(), String::new())
            }
            Some(Err(error)) => ("not-websocket".to_owned(), error.to_string()),
        };
        self.record_end(class, reason)
    }

    fn handle_data(&mut self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).messages += 1;
        if self.refusal.as_ref().is_some_and(|pattern| text.contains(pattern.as_str())) {
            return self.record_end("app-error".to_owned(), text.into_owned());
        }
        if let Liveness::Echo { expect, .. } = &self.liveness
            && text.contains(expect.as_str())
            && let Some((_, since, answer)) = self.pending.pop_front()
        {
            let _ = answer.send(since.elapsed());
        }
        false
    }

    fn record_end(&mut self, class: String, reason: String) -> bool {
        let after = self.opened.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // The connection also ends after a close frame. The first reason, the frame, counts.
        state.gone.get_or_insert(Gone { class, reason, after });
        true
    }
}
