//! The ways in which the built-in host may be broken, and what each does to bytes.

use std::path::PathBuf;

/// What is wrong with a host.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    names: Vec<String>,
    /// What it runs.
    pub command: Vec<String>,
    /// Rows and columns of its terminal.
    pub size: Option<(u16, u16)>,
    /// A file in which all its sessions write, and from which all show.
    pub shared: Option<PathBuf>,
    /// The only folder that its program may write to.
    pub sandbox: Option<String>,
}

impl Faults {
    /// Reads `[NAME|NAME=VALUE]… -- COMMAND…`.
    pub fn read(words: &[String]) -> Self {
        let mut faults = Self::default();
        let mut words = words.iter();
        for word in words.by_ref() {
            match word.trim_start_matches("--").split_once('=') {
                None if word == "--" => break,
                None => faults.names.push(word.trim_start_matches("--").to_owned()),
                Some(("size", value)) => {
                    faults.size = value
                        .split_once('x')
                        .and_then(|(rows, columns)| Some((rows.parse().ok()?, columns.parse().ok()?)));
                }
                Some(("shared", value)) => faults.shared = Some(PathBuf::from(value)),
                Some(("sandbox", value)) => faults.sandbox = Some(value.to_owned()),
                Some(_) => {}
            }
        }
        faults.command = words.cloned().collect();
        faults
    }

    /// Whether it has a fault.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// What becomes of bytes on their way out.
    pub fn out(&self, bytes: &[u8], passed: usize) -> Vec<u8> {
        let bytes = self.changed(bytes);
        if self.has("drops") && passed < 50_000 && passed + bytes.len() >= 50_000 {
            return bytes[..bytes.len() - 1].to_vec();
        }
        if self.has("strips") {
            return bytes.into_iter().filter(|byte| *byte != 0x1B).collect();
        }
        bytes
    }

    /// What becomes of bytes on their way in.
    pub fn into(&self, bytes: &[u8], passed: usize) -> Vec<u8> {
        let bytes = self.changed(bytes);
        if self.has("drops-input") && passed < 50_000 && passed + bytes.len() >= 50_000 {
            return bytes[..bytes.len() - 1].to_vec();
        }
        bytes
    }

    fn changed(&self, bytes: &[u8]) -> Vec<u8> {
        if self.has("lossy") {
            return String::from_utf8_lossy(bytes).into_owned().into_bytes();
        }
        if self.has("seven-bits") {
            return bytes.iter().map(|byte| byte & 0x7F).collect();
        }
        bytes.to_vec()
    }
}
