//! From a file to a document: one read, and a cheap decision whether it is governed before anything is parsed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Project;
use crate::document::region::{self, FRONT_MATTER, GovernanceScan};
use crate::document::{Document, Marker, MarkerKind, SIZE, Shape};
use crate::system::disk::{self, FileReader};
use crate::text::decode;

/// How many bytes are read to decide whether a file is governed. Most front matters are shorter, and most documents too.
const HEAD: usize = 16 * 1024;

/// The bytes that were read of a file.
enum Read {
    /// All of a governed file.
    Governed(Vec<u8>),
    /// The start of another one.
    Other(Vec<u8>),
}

/// What became of a file.
#[derive(Debug)]
pub enum Loaded {
    /// A governed document.
    Document(Arc<Document>),
    /// A file that is not governed; it may have markers of a document that was.
    Ignored(Markers),
    /// It was listed, and is gone.
    Gone,
    /// It cannot be read.
    Unreadable(String),
    /// It is longer than a document may be.
    TooLarge,
}

/// Whether a file that is not governed has markers that only governed documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markers {
    /// A LIVING marker, or an END marker with a checksum.
    Found,
    /// Neither.
    None,
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
            Ok(Read::Governed(bytes)) if bytes.len() > SIZE => Loaded::TooLarge,
            Ok(Read::Governed(bytes)) => Loaded::Document(Arc::new(self.parse(bytes, path, from_base))),
            Ok(Read::Other(head)) => Loaded::Ignored(self.markers(head, path, from_base)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Loaded::Gone,
            Err(error) => Loaded::Unreadable(disk::explain(&error)),
        }
    }

    /// What standard input holds, under the name of a file.
    pub fn load_bytes(&self, bytes: Vec<u8>, path: &str, from_base: &str) -> Loaded {
        let governed = region::verdict(&bytes, true, &self.dialect) == GovernanceScan::Governed;
        if !governed && self.claimed(from_base).is_none() {
            return Loaded::Ignored(self.markers(bytes, path, from_base));
        }
        if bytes.len() > SIZE {
            return Loaded::TooLarge;
        }
        Loaded::Document(Arc::new(self.parse(bytes, path, from_base)))
    }

    /// The markers in the start of a file that is not governed. It is parsed only if it mentions one.
    fn markers(&self, mut head: Vec<u8>, path: &str, from_base: &str) -> Markers {
        let mentions = |word: &str| memchr::memmem::find(&head, word.as_bytes()).is_some();
        let signed = || mentions("<!-- END AUTO-GENERATED") && mentions(" sum:");
        if !(mentions("<!-- LIVING DOCUMENT") || signed()) {
            return Markers::None;
        }
        head.truncate(HEAD);
        let document = self.parse(head, path, from_base);
        let is_own = |marker: &Marker| {
            matches!(marker.kind, MarkerKind::Living | MarkerKind::End { sum: Some(_), .. }) && marker.correct.is_none()
        };
        if document.markers.iter().any(is_own) { Markers::Found } else { Markers::None }
    }

    /// The bytes of a governed file, one more than a document may have at the most; the start of another one.
    fn read(&self, file: &Path, claimed: Option<&str>) -> io::Result<Read> {
        let mut reading = FileReader::open(file, HEAD)?;
        if claimed.is_none() {
            let mut verdict = region::verdict(reading.bytes(), reading.is_whole(), &self.dialect);
            if verdict == GovernanceScan::Unknown {
                // The bound counts from the opener; a BOM and one more line may come before it is passed.
                reading.more(FRONT_MATTER + HEAD)?;
                verdict = region::verdict(reading.bytes(), reading.is_whole(), &self.dialect);
            }
            if verdict != GovernanceScan::Governed {
                return Ok(Read::Other(reading.into_bytes()));
            }
        }
        reading.more(SIZE + 1)?;
        Ok(Read::Governed(reading.into_bytes()))
    }

    /// Parses a governed document.
    pub fn parse(&self, bytes: Vec<u8>, path: &str, from_base: &str) -> Document {
        let claimed = self.claimed(from_base);
        let file = path.rsplit('/').next().unwrap_or(path);
        let shape = |named: Option<&str>| -> Arc<Shape> {
            let kind = named.or(claimed).or_else(|| self.catalog.kind_of_file(file));
            Arc::clone(&self.kind(kind.unwrap_or("document")).shape)
        };
        Document::parse(path, decode::decode(bytes), &self.dialect, &shape)
    }
}
