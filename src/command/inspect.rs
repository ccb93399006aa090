//! `phx inspect`: prints the model of a document as JSON.

use std::sync::{Mutex, PoisonError};

use super::session::Session;
use crate::cli::InspectArgs;
use crate::document::{SyntaxError, model};
use crate::failure::{CLEAN, Failure};
use crate::report::json_text;
use crate::system::disk;
use crate::workspace::{Selection, Visited};

pub(super) fn run(session: &Session, arguments: &InspectArgs) -> Result<u8, Failure> {
    let path = &arguments.document;
    let project = session.project()?;
    if disk::is_directory(path) {
        return Err(
            Failure::usage(format!("`{}` is a directory", path.display())).hint("pass the path of one document")
        );
    }
    let printed = Mutex::new(None);
    let visit = project.visit(Selection::Paths(vec![path.clone()]), &|visited| {
        let result = match visited {
            Visited::Document(document) => {
                let syntax_errors: Vec<String> = document
                    .syntax_errors
                    .iter()
                    .map(|syntax_error| describe(syntax_error, &document.path, document.line(syntax_error.span.start)))
                    .collect();
                Ok((json_text(&model::model(document).to_json()), syntax_errors))
            }
            Visited::Unreadable { path, why } => Err(format!("cannot read `{path}`: {why}")),
            Visited::TooLarge { path } => Err(format!("`{path}` is larger than the size limit")),
            Visited::Ungoverned { .. } => return,
        };
        *printed.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    if let Some(failure) = visit.failures.into_iter().next() {
        return Err(failure);
    }
    match printed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(Ok((model, syntax_errors))) => {
            for syntax_error in syntax_errors {
                session.notice(&syntax_error);
            }
            Session::print(&model)?;
            Ok(CLEAN)
        }
        Some(Err(message)) => Err(Failure::usage(message)),
        None => Err(Failure::usage(format!("`{}` is not governed", path.display()))
            .hint("add a `governance:` block to its front matter, or its path to a `[[kind]]` in phx.toml")),
    }
}

fn describe(syntax_error: &SyntaxError, path: &str, line: usize) -> String {
    format!("{path}:{line}: {}", syntax_error.message)
}
