//! Reads objects of a repository through one `git cat-file --batch` process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::command;
use super::objects::Object;

/// Running `git cat-file --batch` process that answers one request at a time.
#[derive(Debug)]
pub struct Blobs {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    pub fn start(root: &Path) -> Result<Self, String> {
        let mut batch = command(root, &["cat-file", "--batch"]);
        batch.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = batch.spawn().map_err(|error| format!("cannot run `git`: {error}"))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or("cannot read the output of `git cat-file`")?;
        Ok(Self { child, requests, answers: BufReader::new(answers) })
    }

    /// Reads an object, at most `most + 1` bytes, so that a longer one is detected. Returns `None` if it does not
    /// exist.
    pub fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        Ok(self.ask(name, most)?.map(|found| found.bytes))
    }

    /// Reads an object, at most `most + 1` bytes, by its id or by any name that `git rev-parse` accepts. Returns `None`
    /// if it does not exist.
    pub fn ask(&mut self, name: &str, most: usize) -> Result<Option<BlobLookup>, String> {
        let failed = |error: std::io::Error| format!("cannot read from `git cat-file`: {error}");
        // A name with a line end would be two requests.
        if name.contains('\n') {
            return Ok(None);
        }
        let requests = self.requests.as_mut().ok_or("`git cat-file` is not running")?;
        requests.write_all(format!("{name}\n").as_bytes()).map_err(failed)?;
        let mut head = String::new();
        self.answers.read_line(&mut head).map_err(failed)?;
        if head.is_empty() {
            return Err("`git cat-file` exited before it answered".to_owned());
        }
        let words: Vec<&str> = head.trim_end().rsplitn(3, ' ').collect();
        let &[size, kind, id] = words.as_slice() else { return Ok(None) };
        let Ok(size) = size.parse::<u64>() else { return Ok(None) };
        let length = size.min(most as u64 + 1);
        let mut bytes = Vec::new();
        (&mut self.answers).take(length).read_to_end(&mut bytes).map_err(failed)?;
        std::io::copy(&mut (&mut self.answers).take(size - length + 1), &mut std::io::sink()).map_err(failed)?;
        Ok(Some(BlobLookup { id: id.to_owned(), kind: kind.to_owned(), bytes }))
    }
}

/// Object of a repository.
#[derive(Clone, Debug)]
pub struct BlobLookup {
    pub id: String,
    /// `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// Content, truncated to the limit of the request.
    pub bytes: Vec<u8>,
}

impl BlobLookup {
    /// Parses the entries of a tree object: `MODE NAME NUL` and a binary id, repeated. Empty for other objects.
    pub fn entries(&self) -> Vec<(String, Object)> {
        let width = self.id.len() / 2;
        let mut rest = self.bytes.as_slice();
        let mut entries = Vec::new();
        while let Some(end) = memchr::memchr(0, rest).filter(|end| self.kind == "tree" && rest.len() > end + width) {
            let head = String::from_utf8_lossy(&rest[..end]);
            if let Some((mode, name)) = head.split_once(' ') {
                let id = hex(&rest[end + 1..=end + width]);
                entries.push((name.to_owned(), Object { mode: mode.to_owned(), id }));
            }
            rest = &rest[end + 1 + width..];
        }
        entries
    }
}

/// Formats bytes as lower-case hexadecimal digits, like an object id.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')).collect()
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Git exits when its input is closed. Only Windows waits, because a running process locks its working
        // directory.
        drop(self.requests.take());
        let _ = if cfg!(windows) { self.child.wait().map(Some) } else { self.child.try_wait() };
    }
}
