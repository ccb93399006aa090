//! A host that is a program, on systems whose terminals are not spoken to in this way.

use super::Ended;

/// A program that runs: there is none.
#[derive(Debug)]
pub enum Exec {}

impl Exec {
    /// Starts a program.
    ///
    /// # Errors
    /// Always.
    pub fn start(_: &[String], _: &[(String, String)], _: Option<(u16, u16)>) -> Result<Self, String> {
        Err("platform: programs are started on terminals of Unix alone".to_owned())
    }

    /// Reads what there is.
    pub async fn read(&mut self, _: &mut Vec<u8>) -> bool {
        match *self {}
    }

    /// Writes.
    pub async fn write(&mut self, _: &[u8], _: &mut Vec<u8>) -> bool {
        match *self {}
    }

    /// Sets the size.
    pub fn resize(&mut self, _: u16, _: u16) -> bool {
        match *self {}
    }

    /// How it ended.
    pub async fn ended(&mut self) -> Ended {
        match *self {}
    }

    /// Goes away.
    pub async fn leave(&mut self) {
        match *self {}
    }

    /// Ends it.
    pub fn kill(&mut self) {
        match *self {}
    }

    /// What it complained of.
    pub fn complaint(&self) -> String {
        match *self {}
    }

    /// Its process id.
    pub fn id(&self) -> Option<u32> {
        match *self {}
    }
}
