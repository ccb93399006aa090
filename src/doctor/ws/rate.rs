//! Limits of rates: of connections, and of messages.

pub mod connect;
pub mod message;
