//! `phx inspect`: print a document's model.

use std::sync::{Mutex, PoisonError};

use super::session::Session;
use crate::cli::Inspect;
use crate::document::{Fault, model};
use crate::failure::{CLEAN, Failure};
use crate::report::json_text;
use crate::system::disk;
use crate::workspace::{Selection, Visited};

/// Runs the command.
pub fn run(session: &Session, arguments: &Inspect) -> Result<u8, Failure> {
    let path = &arguments.document;
    let project = session.project()?;
    if disk::is_directory(path) {
        return Err(Failure::usage(format!("`{}` is a directory", path.display())).hint("name one document"));
    }
    let printed = Mutex::new(None);
    let visit = project.visit(Selection::Paths(vec![path.clone()]), &|visited| {
        let result = match visited {
            Visited::Document(document) => {
                let faults: Vec<String> = document
                    .faults
                    .iter()
                    .map(|fault| say(fault, &document.path, document.line(fault.span.start)))
                    .collect();
                Ok((json_text(&model::model(document).to_json()), faults))
            }
            Visited::Unreadable { path, why } => Err(format!("`{path}` cannot be read: {why}")),
            Visited::TooLarge { path } => Err(format!("`{path}` is longer than a document may be")),
            Visited::Ungoverned { .. } => return,
        };
        *printed.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    if let Some(failure) = visit.failures.into_iter().next() {
        return Err(failure);
    }
    match printed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(Ok((model, faults))) => {
            for fault in faults {
                session.notice(&fault);
            }
            Session::print(&model)?;
            Ok(CLEAN)
        }
        Some(Err(message)) => Err(Failure::usage(message)),
        None => Err(Failure::usage(format!("`{}` is not governed", path.display()))
            .hint("its front matter needs a `governance:` block, or phx.toml a `[[kind]]` that claims it")),
    }
}

fn say(fault: &Fault, path: &str, line: usize) -> String {
    format!("{path}:{line}: {}", fault.message)
}
