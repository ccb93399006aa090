//! Text utilities without Markdown: spans, lines, edits, JSON trees with spans, slugs, escaping.

pub mod decode;
pub mod duration;
pub mod edit;
pub mod emoji;
pub mod fit;
pub mod folder;
pub mod hex;
pub mod utf8;
pub mod lines;
pub mod printable;
pub mod shell;
pub mod size;
pub mod slug;
pub mod span;
pub mod suggest;
pub mod node;

pub use edit::{Edit, Edits};
pub use folder::Folder;
pub use hex::hex;
pub use lines::{Lines, Position};
pub use node::{Node, NodeData, NodeEntry};
pub use slug::slug;
pub use span::Span;
pub use utf8::Utf8Decoder;
