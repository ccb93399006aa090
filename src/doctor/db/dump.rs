//! Contents of a database in a form that can be compared: the schema as sorted lines, and the row count of each table.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Maximum number of differences that a message lists.
const NAMED: usize = 3;

/// Schema and row counts of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// One line per schema object, sorted.
    pub schema: Vec<String>,
    /// Number of rows by table.
    pub counts: BTreeMap<String, i64>,
}

impl Dump {
    /// Returns a short hash of the schema: the first 6 bytes of its SHA-256 in hexadecimal.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.schema.join("\n").as_bytes());
        digest.iter().take(6).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
    }

    /// Returns the tables that contain rows.
    pub fn seeded(&self) -> Vec<String> {
        self.counts.iter().filter(|(_, rows)| **rows > 0).map(|(table, _)| table.clone()).collect()
    }

    /// Describes how `other` differs from this dump, one string per difference; empty if they are equal.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let only = |one: &Self, two: &Self| -> Vec<String> {
            one.schema.iter().filter(|line| !two.schema.contains(line)).cloned().collect()
        };
        let missing = only(self, other).into_iter().map(|line| format!("`{line}` is missing"));
        let more = only(other, self).into_iter().map(|line| format!("`{line}` is new"));
        let rows = self.counts.iter().filter_map(|(table, rows)| {
            let now = other.counts.get(table)?;
            (now != rows).then(|| format!("`{table}` has {now} rows instead of {rows}"))
        });
        rows.chain(missing).chain(more).collect()
    }
}

/// Joins the first items for a message and counts the others.
pub fn named(items: &[String]) -> String {
    let more = items.len().saturating_sub(NAMED);
    let shown = items[..items.len().min(NAMED)].join("; ");
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
    fn lists_differences() {
        let one = dump(&["relation t", "index a"], 2);
        assert!(one.differences(&one).is_empty());
        let two = dump(&["relation t", "index b"], 3);
        assert_eq!(one.differences(&two), ["`t` has 3 rows instead of 2", "`index a` is missing", "`index b` is new"]);
        assert_ne!(one.hash(), two.hash());
        assert_eq!(named(&["a", "b", "c", "d"].map(str::to_owned)), "a; b; c; and 1 more");
    }
}
