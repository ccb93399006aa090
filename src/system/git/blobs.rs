//! The bytes of what git holds, by one process that is asked object after object.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::command;
use super::objects::Object;

/// One `git cat-file --batch`, asked blob after blob.
#[derive(Debug)]
pub struct Blobs {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    /// Starts it.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(root: &Path) -> Result<Self, String> {
        let mut batch = command(root, &["cat-file", "--batch"]);
        batch.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = batch.spawn().map_err(|error| format!("git cannot be started: {error}"))?;
        let asks = child.stdin.take();
        let answers = child.stdout.take().ok_or("git prints nothing")?;
        Ok(Self { child, asks, answers: BufReader::new(answers) })
    }

    /// The bytes of an object, at most `most` of them and one more; `None` where git has no such object.
    ///
    /// # Errors
    /// What went wrong between phx and git.
    pub fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        Ok(self.ask(name, most)?.map(|found| found.bytes))
    }

    /// An object by its id or by any name that git has for it; `None` where there is none.
    ///
    /// # Errors
    /// What went wrong between phx and git.
    pub fn ask(&mut self, name: &str, most: usize) -> Result<Option<BlobLookup>, String> {
        let failed = |error: std::io::Error| format!("git cannot be asked: {error}");
        // A name with a line end would be two questions.
        if name.contains('\n') {
            return Ok(None);
        }
        let asks = self.asks.as_mut().ok_or("git is gone")?;
        asks.write_all(format!("{name}\n").as_bytes()).map_err(failed)?;
        let mut head = String::new();
        self.answers.read_line(&mut head).map_err(failed)?;
        if head.is_empty() {
            return Err("git ended before it answered".to_owned());
        }
        let words: Vec<&str> = head.trim_end().rsplitn(3, ' ').collect();
        let &[size, kind, id] = words.as_slice() else { return Ok(None) };
        let Ok(size) = size.parse::<u64>() else { return Ok(None) };
        let kept = size.min(most as u64 + 1);
        let mut bytes = Vec::new();
        (&mut self.answers).take(kept).read_to_end(&mut bytes).map_err(failed)?;
        std::io::copy(&mut (&mut self.answers).take(size - kept + 1), &mut std::io::sink()).map_err(failed)?;
        Ok(Some(BlobLookup { id: id.to_owned(), kind: kind.to_owned(), bytes }))
    }
}

/// An object that git has.
#[derive(Clone, Debug)]
pub struct BlobLookup {
    /// Its id.
    pub id: String,
    /// `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl BlobLookup {
    /// The entries of a tree: `MODE NAME NUL` and an id in bytes, one behind another.
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

/// Two digits a byte, as git writes ids.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')).collect()
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Without anything to ask, git ends. Nobody waits for it but a system that keeps its folder busy until then.
        drop(self.asks.take());
        let _ = if cfg!(windows) { self.child.wait().map(Some) } else { self.child.try_wait() };
    }
}
