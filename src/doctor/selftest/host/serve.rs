//! WebSocket server that starts a shell on a terminal for each connection and encodes its bytes with one of the
//! supported codecs.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::system::disk;
use crate::text::Utf8Decoder;

/// Decoded message of a client.
enum ClientInput {
    Typed(Vec<u8>),
    Size(u16, u16),
    Nothing,
}

/// Listens on a free local port, prints the port, and serves until the process is killed.
pub(super) async fn run(codec: &str) -> i32 {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0").await else { return 4 };
    let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
    let _ = disk::write_stdout(format!("{port}\n").as_bytes());
    while let Ok((tcp, _)) = listener.accept().await {
        let codec = codec.to_owned();
        tokio::spawn(async move { session(tcp, &codec).await });
    }
    0
}

async fn session(tcp: TcpStream, codec: &str) -> Option<()> {
    // A requested subprotocol is accepted.
    #[allow(clippy::result_large_err, clippy::unnecessary_wraps)]
    let choose = |request: &Request, mut response: Response| {
        if let Some(protocol) = request.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", protocol.clone());
        }
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(tcp, choose).await.ok()?;
    let (mut pty, pts) = pty_process::open().ok()?;
    pty.resize(pty_process::Size::new(24, 80)).ok()?;
    let mut shell = pty_process::Command::new("/bin/sh").kill_on_drop(true).spawn(pts).ok()?;
    let (mut bytes, mut decoder) = (vec![0; 16 << 10], Utf8Decoder::default());
    loop {
        tokio::select! {
            read = pty.read(&mut bytes) => match read {
                Ok(read @ 1..) => socket.send(encode_output(codec, &bytes[..read], &mut decoder)).await.ok()?,
                _ => break,
            },
            message = socket.next() => match message?.ok()? {
                Message::Close(_) => return None,
                message => match decode_input(codec, &message.into_data()) {
                    ClientInput::Typed(typed) => pty.write_all(&typed).await.ok()?,
                    ClientInput::Size(rows, columns) => pty.resize(pty_process::Size::new(rows, columns)).ok()?,
                    ClientInput::Nothing => {}
                },
            },
        }
    }
    let code = shell.wait().await.ok()?.code().unwrap_or(-1);
    if codec == "json" {
        socket.send(Message::text(json!({ "type": "exit", "code": code }).to_string())).await.ok()?;
    }
    socket.close(None).await.ok()
}

/// Encodes output as a message. For `terminado`, which sends text, an incomplete UTF-8 character is kept for the next
/// message.
fn encode_output(codec: &str, bytes: &[u8], decoder: &mut Utf8Decoder) -> Message {
    use base64::Engine;
    match codec {
        "ttyd" => Message::binary([b"0", bytes].concat()),
        "terminado" => Message::text(json!(["stdout", decoder.push(bytes)]).to_string()),
        "json" => {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            Message::text(json!({ "type": "output", "encoding": "base64", "data": data }).to_string())
        }
        _ => Message::binary(bytes.to_vec()),
    }
}

fn decode_input(codec: &str, bytes: &[u8]) -> ClientInput {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let number = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(24);
    let typed = |value: &Value| ClientInput::Typed(value.as_str().unwrap_or_default().as_bytes().to_vec());
    match codec {
        "ttyd" => match bytes.split_first() {
            Some((b'0', rest)) => ClientInput::Typed(rest.to_vec()),
            Some((b'1', rest)) => {
                let size: Value = serde_json::from_slice(rest).unwrap_or_default();
                ClientInput::Size(number(&size["rows"]), number(&size["columns"]))
            }
            _ => ClientInput::Size(number(&value["rows"]), number(&value["columns"])),
        },
        "terminado" if value[0] == "stdin" => typed(&value[1]),
        "terminado" if value[0] == "set_size" => ClientInput::Size(number(&value[1]), number(&value[2])),
        "json" if value["type"] == "input" => typed(&value["data"]),
        "json" if value["type"] == "resize" => ClientInput::Size(number(&value["rows"]), number(&value["cols"])),
        "terminado" | "json" => ClientInput::Nothing,
        _ => ClientInput::Typed(bytes.to_vec()),
    }
}
