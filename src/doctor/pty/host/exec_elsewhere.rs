//! Host that is a program, on systems without Unix terminals: not supported.

use super::SessionEnd;

/// Type without values: no program can be started.
#[derive(Debug)]
pub enum Exec {}

impl Exec {
    /// Returns an error.
    pub fn start(_: &[String], _: &[(String, String)], _: Option<(u16, u16)>) -> Result<Self, String> {
        Err("platform: hosts that are programs require Unix".to_owned())
    }

    pub async fn read(&mut self, _: &mut Vec<u8>) -> bool {
        match *self {}
    }

    pub async fn write(&mut self, _: &[u8], _: &mut Vec<u8>) -> bool {
        match *self {}
    }

    pub fn resize(&mut self, _: u16, _: u16) -> bool {
        match *self {}
    }

    pub async fn ended(&mut self) -> SessionEnd {
        match *self {}
    }

    pub async fn leave(&mut self) {
        match *self {}
    }

    pub fn kill(&mut self) {
        match *self {}
    }

    pub fn complaint(&self) -> String {
        match *self {}
    }

    pub fn id(&self) -> Option<u32> {
        match *self {}
    }
}
