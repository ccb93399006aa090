//! What phx writes: templates rendered from values. No disk: it is given bytes and returns text.

pub mod scaffold;
