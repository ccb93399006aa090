//! Loads documents. A scan of the first bytes decides whether a file is governed, before it is parsed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Project;
use crate::document::region::{self, FRONT_MATTER, GovernanceScan};
use crate::document::{Document, Marker, MarkerKind, SIZE, Shape};
use crate::system::disk::{self, FileReader};
use crate::text::decode;

/// Number of bytes that are read to decide whether a file is governed. Most documents are shorter.
const HEAD: usize = 16 * 1024;

/// Bytes that were read from a file.
enum Read {
    /// All bytes of a governed file.
    Governed(Vec<u8>),
    /// First bytes of any other file.
    Other(Vec<u8>),
}

/// Result of loading a file.
#[derive(Debug)]
pub enum Loaded {
    Document(Arc<Document>),
    /// The file is not governed. It may have markers of a document that was governed.
    Ignored(Markers),
    /// The file was removed after it was listed.
    Gone,
    /// The file cannot be read, for this reason.
    Unreadable(String),
    /// The file exceeds the size limit of documents.
    TooLarge,
}

/// Presence of markers of governed documents in a file that is not governed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markers {
    /// The file has a LIVING marker, or an END marker with a checksum.
    Found,
    /// The file has neither.
    None,
}

impl Project {
    /// Loads a file. `path` is relative to the root, `relative_to_base` to the configuration's directory.
    pub fn load(&self, file: &Path, path: &str, relative_to_base: &str) -> Loaded {
        if !self.store.is_worktree() {
            return match self.store.read(path) {
                Ok(Some(bytes)) => self.load_bytes(bytes, path, relative_to_base),
                Ok(None) => Loaded::Gone,
                Err(error) => Loaded::Unreadable(error.to_string()),
            };
        }
        match self.read(file, self.claimed(relative_to_base)) {
            Ok(Read::Governed(bytes)) if bytes.len() > SIZE => Loaded::TooLarge,
            Ok(Read::Governed(bytes)) => Loaded::Document(Arc::new(self.parse(bytes, path, relative_to_base))),
            Ok(Read::Other(head)) => Loaded::Ignored(self.markers(head, path, relative_to_base)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Loaded::Gone,
            Err(error) => Loaded::Unreadable(disk::explain(&error)),
        }
    }

    /// Loads bytes, such as standard input, as if they were the file at `path`.
    pub fn load_bytes(&self, bytes: Vec<u8>, path: &str, relative_to_base: &str) -> Loaded {
        let governed = region::scan_governance(&bytes, true, &self.dialect) == GovernanceScan::Governed;
        if !governed && self.claimed(relative_to_base).is_none() {
            return Loaded::Ignored(self.markers(bytes, path, relative_to_base));
        }
        if bytes.len() > SIZE {
            return Loaded::TooLarge;
        }
        Loaded::Document(Arc::new(self.parse(bytes, path, relative_to_base)))
    }

    /// Searches the start of a file that is not governed for markers. The file is parsed only if it contains marker
    /// text.
    fn markers(&self, mut head: Vec<u8>, path: &str, relative_to_base: &str) -> Markers {
        let mentions = |word: &str| memchr::memmem::find(&head, word.as_bytes()).is_some();
        let has_checksum = || mentions("<!-- END AUTO-GENERATED") && mentions(" sum:");
        if !(mentions("<!-- LIVING DOCUMENT") || has_checksum()) {
            return Markers::None;
        }
        head.truncate(HEAD);
        let document = self.parse(head, path, relative_to_base);
        let is_own = |marker: &Marker| {
            matches!(marker.kind, MarkerKind::Living | MarkerKind::End { sum: Some(_), .. }) && marker.correct.is_none()
        };
        if document.markers.iter().any(is_own) { Markers::Found } else { Markers::None }
    }

    /// Reads a governed file, at most one byte more than the size limit, or the start of any other file.
    fn read(&self, file: &Path, claimed: Option<&str>) -> io::Result<Read> {
        let mut reading = FileReader::open(file, HEAD)?;
        if claimed.is_none() {
            let mut scan = region::scan_governance(reading.bytes(), reading.is_whole(), &self.dialect);
            if scan == GovernanceScan::Unknown {
                // The limit counts from the opening `---`, which a BOM may precede, and the last line may exceed it.
                reading.more(FRONT_MATTER + HEAD)?;
                scan = region::scan_governance(reading.bytes(), reading.is_whole(), &self.dialect);
            }
            if scan != GovernanceScan::Governed {
                return Ok(Read::Other(reading.into_bytes()));
            }
        }
        reading.more(SIZE + 1)?;
        Ok(Read::Governed(reading.into_bytes()))
    }

    /// Parses a governed document. Its kind is the one it names, the configured one or that of its file name.
    pub fn parse(&self, bytes: Vec<u8>, path: &str, relative_to_base: &str) -> Document {
        let claimed = self.claimed(relative_to_base);
        let file = path.rsplit('/').next().unwrap_or(path);
        let shape = |named: Option<&str>| -> Arc<Shape> {
            let kind = named.or(claimed).or_else(|| self.catalog.kind_of_file(file));
            Arc::clone(&self.kind(kind.unwrap_or("document")).shape)
        };
        Document::parse(path, decode::decode(bytes), &self.dialect, &shape)
    }
}
