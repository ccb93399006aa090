//! From a file to a document: one read, and a cheap decision whether it is governed before anything is parsed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Project;
use crate::document::region::{self, FRONT_MATTER, Verdict};
use crate::document::{Document, SIZE, Shape};
use crate::system::disk::{self, Reading};
use crate::text::decode;

/// How many bytes are read to decide whether a file is governed. Most front matters are shorter, and most documents too.
const HEAD: usize = 16 * 1024;

/// What became of a file.
#[derive(Debug)]
pub enum Loaded {
    /// A governed document.
    Document(Arc<Document>),
    /// A file that is not governed.
    Ignored,
    /// It was listed, and is gone.
    Gone,
    /// It cannot be read.
    Unreadable(String),
    /// It is longer than a document may be.
    TooLarge,
}

impl Project {
    /// Loads a file. `path` is its path from the root, `from_base` that from the configuration's directory.
    pub fn load(&self, file: &Path, path: &str, from_base: &str) -> Loaded {
        if !self.store.is_worktree() {
            return match self.store.read(path) {
                Ok(Some(bytes)) => self.load_bytes(bytes, path, from_base),
                Ok(None) => Loaded::Gone,
                Err(error) => Loaded::Unreadable(error.to_string()),
            };
        }
        match self.read(file, self.claimed(from_base)) {
            Ok(Some(bytes)) if bytes.len() > SIZE => Loaded::TooLarge,
            Ok(Some(bytes)) => Loaded::Document(Arc::new(self.parse(bytes, path, from_base))),
            Ok(None) => Loaded::Ignored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Loaded::Gone,
            Err(error) => Loaded::Unreadable(disk::explain(&error)),
        }
    }

    /// What standard input holds, under the name of a file.
    pub fn load_bytes(&self, bytes: Vec<u8>, path: &str, from_base: &str) -> Loaded {
        let governed = region::verdict(&bytes, true, &self.dialect) == Verdict::Governed;
        if !governed && self.claimed(from_base).is_none() {
            return Loaded::Ignored;
        }
        if bytes.len() > SIZE {
            return Loaded::TooLarge;
        }
        Loaded::Document(Arc::new(self.parse(bytes, path, from_base)))
    }

    /// The bytes of a governed file, one more than a document may have at the most.
    fn read(&self, file: &Path, claimed: Option<&str>) -> io::Result<Option<Vec<u8>>> {
        let mut reading = Reading::open(file, HEAD)?;
        if claimed.is_none() {
            let mut verdict = region::verdict(reading.bytes(), reading.is_whole(), &self.dialect);
            if verdict == Verdict::Unknown {
                // The bound counts from the opener; a BOM and one more line may come before it is passed.
                reading.more(FRONT_MATTER + HEAD)?;
                verdict = region::verdict(reading.bytes(), reading.is_whole(), &self.dialect);
            }
            if verdict != Verdict::Governed {
                return Ok(None);
            }
        }
        reading.more(SIZE + 1)?;
        Ok(Some(reading.into_bytes()))
    }

    /// Parses a governed document.
    pub fn parse(&self, bytes: Vec<u8>, path: &str, from_base: &str) -> Document {
        let claimed = self.claimed(from_base);
        let file = path.rsplit('/').next().unwrap_or(path);
        let shape = |named: Option<&str>| -> Arc<Shape> {
            let kind = claimed.or(named).or_else(|| self.catalog.kind_of_file(file));
            Arc::clone(&self.kind(kind.unwrap_or("document")).shape)
        };
        Document::parse(path, decode::decode(bytes), &self.dialect, &shape)
    }
}
