//! Terminal host that is a WebSocket server: one shell per connection, with bytes encoded by one of the usual codecs.

use std::time::Duration;

use base64::Engine;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::PtyTarget;
use super::host::SessionEnd;
use crate::config::doctor::{Codec, Host, UrlParts};
use crate::doctor::check_result::CheckResult;
use crate::doctor::stream::{Stream, Tls};
use crate::doctor::ws::client::small;
use crate::doctor::ws::dial::{Dialed, Route};
use crate::text::Utf8Decoder;

/// Timeout of opening and closing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time without output after which the prompt is considered complete.
const PROMPT_TIMEOUT: Duration = Duration::from_millis(300);

/// Connection to a terminal server.
#[derive(Debug)]
pub struct Wire {
    socket: Option<WebSocketStream<Stream>>,
    codec: Codec,
    code: Option<i32>,
    stop: Vec<u8>,
    letters: Utf8Decoder,
}

impl Wire {
    /// Connects, sends the size, and waits for the prompt.
    ///
    /// # Errors
    /// Returns an error result if the URL is not valid or not allowed, or if the connection fails or is refused.
    pub async fn open(target: &PtyTarget, (rows, columns): (u16, u16)) -> Result<Self, Box<CheckResult>> {
        let Host::Websocket { url, codec, headers } = &target.pty.host else {
            return CheckResult::error("this host is not a WebSocket server").stop();
        };
        let error = |why: String| Box::new(CheckResult::error(why));
        let endpoint =
            UrlParts::parse(url, ["ws", "wss"]).map_err(|why| error(format!("`url` is not a valid URL: {why}")))?;
        let addresses = target.allow.addresses(&endpoint.host, endpoint.port).await.map_err(|why| {
            Box::new(CheckResult::error(why).help("to allow it, add it to `[doctor] allow_hosts`", &[]))
        })?;
        let tls = if endpoint.tls { Some(Tls::new(None).map_err(error)?) } else { None };
        let subprotocol = (*codec == Codec::Ttyd).then(|| "tty".to_owned());
        let route = Route {
            endpoint,
            addresses,
            tls,
            headers: headers.clone(),
            subprotocol,
            limit: CONNECT_TIMEOUT,
            source: None,
        };
        let opened = match route.dial().await {
            Dialed::Open(opened) => *opened,
            Dialed::Refused(refused) => return Err(error(format!("cannot open a session: {}", refused.class))),
            Dialed::Broken(why) => return Err(error(why)),
        };
        let socket =
            WebSocketStream::from_partially_read(opened.stream, opened.rest, Role::Client, Some(small())).await;
        let mut wire =
            Self { socket: Some(socket), codec: *codec, code: None, stop: Vec::new(), letters: Utf8Decoder::default() };
        if *codec == Codec::Ttyd {
            let hello = json!({ "AuthToken": "", "columns": columns, "rows": rows });
            wire.send(Message::binary(hello.to_string())).await;
        } else {
            wire.resize(rows, columns).await;
        }
        let mut stop = Vec::new();
        while let Ok(true) = timeout(PROMPT_TIMEOUT, wire.read(&mut stop)).await {}
        wire.stop = stop;
        Ok(wire)
    }

    async fn send(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket {
            let _ = socket.send(message).await;
        }
    }

    /// Appends received output to `bytes`. Returns whether more may follow.
    pub async fn read(&mut self, bytes: &mut Vec<u8>) -> bool {
        bytes.append(&mut self.stop);
        let Some(socket) = &mut self.socket else { return false };
        match socket.next().await {
            Some(Ok(Message::Text(text))) => self.decode(text.as_bytes(), bytes),
            Some(Ok(Message::Binary(binary))) => self.decode(&binary, bytes),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
            Some(Ok(_)) => {}
        }
        self.code.is_none()
    }

    /// Decodes a message and appends its terminal output to `bytes`.
    fn decode(&mut self, message: &[u8], bytes: &mut Vec<u8>) {
        let value = || serde_json::from_slice::<Value>(message).unwrap_or_default();
        match self.codec {
            Codec::Raw => bytes.extend_from_slice(message),
            Codec::Ttyd => {
                if let Some((b'0', rest)) = message.split_first() {
                    bytes.extend_from_slice(rest);
                }
            }
            Codec::Terminado => {
                let value = value();
                match value[0].as_str() {
                    Some("stdout") => bytes.extend_from_slice(value[1].as_str().unwrap_or_default().as_bytes()),
                    Some("disconnect") => self.code = Some(-1),
                    _ => {}
                }
            }
            Codec::Json => {
                let value = value();
                let data = value["data"].as_str().unwrap_or_default();
                match value["type"].as_str() {
                    Some("output") if value["encoding"] == "base64" => {
                        bytes.extend(base64::engine::general_purpose::STANDARD.decode(data).unwrap_or_default());
                    }
                    Some("output") => bytes.extend_from_slice(data.as_bytes()),
                    Some("exit") => {
                        self.code =
                            Some(value["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(-1));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Sends input. For codecs with text messages, an incomplete UTF-8 character is held until the rest is written.
    pub async fn write(&mut self, given: &[u8]) {
        let message = match self.codec {
            Codec::Raw => Message::binary(Bytes::copy_from_slice(given)),
            Codec::Ttyd => Message::binary([b"0", given].concat()),
            Codec::Terminado | Codec::Json => {
                let text = self.letters.push(given);
                if text.is_empty() {
                    return;
                }
                let is_list = self.codec == Codec::Terminado;
                let value = if is_list { json!(["stdin", text]) } else { json!({ "type": "input", "data": text }) };
                Message::text(value.to_string())
            }
        };
        self.send(message).await;
    }

    /// Sets the size of the terminal. Returns `false` for the codec `raw`, which has no message for it.
    pub async fn resize(&mut self, rows: u16, columns: u16) -> bool {
        let message = match self.codec {
            Codec::Raw => return false,
            Codec::Ttyd => Message::binary(format!("1{}", json!({ "columns": columns, "rows": rows }))),
            Codec::Terminado => Message::text(json!(["set_size", rows, columns]).to_string()),
            Codec::Json => Message::text(json!({ "type": "resize", "rows": rows, "cols": columns }).to_string()),
        };
        self.send(message).await;
        true
    }

    /// Returns how the shell ended, if the server reported it.
    pub fn ended(&self) -> SessionEnd {
        self.code.filter(|code| *code >= 0).map_or(SessionEnd::Unknown, SessionEnd::Code)
    }

    /// Closes the connection.
    pub async fn leave(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            let _ = timeout(CONNECT_TIMEOUT, socket.close(None)).await;
        }
    }
}
