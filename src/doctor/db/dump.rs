//! What is in a database, so that two of them can be compared: the schema as sorted lines, and how many rows each table has.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The most differences that a sentence names.
const NAMED: usize = 3;

/// What is in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// A line for each thing in it, sorted.
    pub schema: Vec<String>,
    /// The rows of each table.
    pub counts: BTreeMap<String, i64>,
}

impl Dump {
    /// A short name for its schema: the same for the same one.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.schema.join("\n").as_bytes());
        digest.iter().take(6).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
    }

    /// The tables that have rows.
    pub fn seeded(&self) -> Vec<String> {
        self.counts.iter().filter(|(_, rows)| **rows > 0).map(|(table, _)| table.clone()).collect()
    }

    /// What is different in another one, a sentence each; empty where they are the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let only = |one: &Self, two: &Self| -> Vec<String> {
            one.schema.iter().filter(|line| !two.schema.contains(line)).cloned().collect()
        };
        let missing = only(self, other).into_iter().map(|line| format!("`{line}` is missing"));
        let more = only(other, self).into_iter().map(|line| format!("`{line}` is new"));
        let rows = self.counts.iter().filter_map(|(table, rows)| {
            let now = other.counts.get(table)?;
            (now != rows).then(|| format!("{table} has {now} rows instead of {rows}"))
        });
        rows.chain(missing).chain(more).collect()
    }
}

/// Some of many things, for a sentence.
pub fn named(things: &[String]) -> String {
    let more = things.len().saturating_sub(NAMED);
    let shown = things[..things.len().min(NAMED)].join("; ");
    if more > 0 { format!("{shown}; and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(schema: &[&str], rows: i64) -> Dump {
        let schema = schema.iter().map(|&line| line.to_owned()).collect();
        Dump { schema, counts: [("t".to_owned(), rows)].into() }
    }

    #[test]
    fn what_is_different_is_named() {
        let one = dump(&["relation t", "index a"], 2);
        assert!(one.differences(&one).is_empty());
        let two = dump(&["relation t", "index b"], 3);
        assert_eq!(one.differences(&two), ["t has 3 rows instead of 2", "`index a` is missing", "`index b` is new"]);
        assert_ne!(one.hash(), two.hash());
        assert_eq!(named(&["a", "b", "c", "d"].map(str::to_owned)), "a; b; c; and 1 more");
    }
}
