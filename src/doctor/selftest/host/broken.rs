//! Faults of the built-in terminal host, and their effects on the transferred bytes.

use std::path::PathBuf;

/// Faults and settings of a host.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    names: Vec<String>,
    /// Command that the host runs.
    pub command: Vec<String>,
    /// Rows and columns of the terminal.
    pub size: Option<(u16, u16)>,
    /// File that collects the output of all sessions and is shown in each of them.
    pub shared: Option<PathBuf>,
    /// Only folder that the command may write to.
    pub sandbox: Option<String>,
}

impl Faults {
    /// Parses `[NAME|NAME=VALUE]… -- COMMAND…`.
    pub(super) fn read(words: &[String]) -> Self {
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

    /// Returns whether a fault is set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Applies the faults to output, after `passed` bytes.
    pub(super) fn out(&self, bytes: &[u8], passed: usize) -> Vec<u8> {
        let bytes = self.apply_common(bytes);
        if self.has("drops") && passed < 50_000 && passed + bytes.len() >= 50_000 {
            return bytes[..bytes.len() - 1].to_vec();
        }
        if self.has("strips") {
            return bytes.into_iter().filter(|byte| *byte != 0x1B).collect();
        }
        bytes
    }

    /// Applies the faults to input, after `passed` bytes.
    pub(super) fn into(&self, bytes: &[u8], passed: usize) -> Vec<u8> {
        let bytes = self.apply_common(bytes);
        if self.has("drops-input") && passed < 50_000 && passed + bytes.len() >= 50_000 {
            return bytes[..bytes.len() - 1].to_vec();
        }
        bytes
    }

    fn apply_common(&self, bytes: &[u8]) -> Vec<u8> {
        if self.has("lossy") {
            return String::from_utf8_lossy(bytes).into_owned().into_bytes();
        }
        if self.has("seven-bits") {
            return bytes.iter().map(|byte| byte & 0x7F).collect();
        }
        bytes.to_vec()
    }
}
