//! A server that starts a shell on a terminal for each connection, and wraps its bytes in one of the usual ways.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::system::disk;
use crate::text::Utf8Decoder;

/// What comes from the person.
enum HostOutput {
    Typed(Vec<u8>),
    Size(u16, u16),
    Nothing,
}

/// Listens on a free port of this machine, says which, and serves until it is ended.
pub async fn run(codec: &str) -> i32 {
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
    // Who asks for a subprotocol gets it.
    #[allow(clippy::result_large_err, clippy::unnecessary_wraps)]
    let choose = |request: &Request, mut response: Response| {
        if let Some(asked) = request.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", asked.clone());
        }
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(tcp, choose).await.ok()?;
    let (mut pty, pts) = pty_process::open().ok()?;
    pty.resize(pty_process::Size::new(24, 80)).ok()?;
    let mut shell = pty_process::Command::new("/bin/sh").kill_on_drop(true).spawn(pts).ok()?;
    let (mut bytes, mut letters) = (vec![0; 16 << 10], Utf8Decoder::default());
    loop {
        tokio::select! {
            read = pty.read(&mut bytes) => match read {
                Ok(read @ 1..) => socket.send(shown(codec, &bytes[..read], &mut letters)).await.ok()?,
                _ => break,
            },
            message = socket.next() => match message?.ok()? {
                Message::Close(_) => return None,
                message => match said(codec, &message.into_data()) {
                    HostOutput::Typed(typed) => pty.write_all(&typed).await.ok()?,
                    HostOutput::Size(rows, columns) => pty.resize(pty_process::Size::new(rows, columns)).ok()?,
                    HostOutput::Nothing => {}
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

/// A message with these bytes; a letter that is not whole yet is kept back where a message is a text.
fn shown(codec: &str, bytes: &[u8], letters: &mut Utf8Decoder) -> Message {
    use base64::Engine;
    match codec {
        "ttyd" => Message::binary([b"0", bytes].concat()),
        "terminado" => Message::text(json!(["stdout", letters.whole(bytes)]).to_string()),
        "json" => {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            Message::text(json!({ "type": "output", "encoding": "base64", "data": data }).to_string())
        }
        _ => Message::binary(bytes.to_vec()),
    }
}

fn said(codec: &str, bytes: &[u8]) -> HostOutput {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let number = |value: &Value| value.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(24);
    let typed = |value: &Value| HostOutput::Typed(value.as_str().unwrap_or_default().as_bytes().to_vec());
    match codec {
        "ttyd" => match bytes.split_first() {
            Some((b'0', rest)) => HostOutput::Typed(rest.to_vec()),
            Some((b'1', rest)) => {
                let size: Value = serde_json::from_slice(rest).unwrap_or_default();
                HostOutput::Size(number(&size["rows"]), number(&size["columns"]))
            }
            _ => HostOutput::Size(number(&value["rows"]), number(&value["columns"])),
        },
        "terminado" if value[0] == "stdin" => typed(&value[1]),
        "terminado" if value[0] == "set_size" => HostOutput::Size(number(&value[1]), number(&value[2])),
        "json" if value["type"] == "input" => typed(&value["data"]),
        "json" if value["type"] == "resize" => HostOutput::Size(number(&value["rows"]), number(&value["cols"])),
        "terminado" | "json" => HostOutput::Nothing,
        _ => HostOutput::Typed(bytes.to_vec()),
    }
}
