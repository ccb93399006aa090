//! Checks of rate limits: of connections and of messages.

pub mod connect;
pub mod message;
