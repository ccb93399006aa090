//! `phx new`: creates a document of a kind.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use super::program;
use super::session::Session;
use crate::cli::NewArgs;
use crate::failure::{CLEAN, Failure};
use crate::ledger;
use crate::regen::facts::Facts;
use crate::regen::plan;
use crate::regen::scaffold::{self, Values};
use crate::system::{disk, inside};
use crate::text::{duration, suggest};
use crate::workspace::planned::{PlannedDocument, Planning};
use crate::workspace::{Project, Selection};

pub(super) fn run(session: &Session, arguments: NewArgs) -> Result<u8, Failure> {
    let NewArgs { kind: name, path } = arguments;
    let project = session.project()?;
    let (template_name, template) = template(&project, &name)?;
    let kind = project.kind(&name);
    let configured = project.config.kind(&name).and_then(|kind| kind.update_every);
    let window = configured.or_else(|| duration::parse(&kind.window));
    let path = path.unwrap_or_else(|| PathBuf::from(file_name(&kind)));
    let printed = path == Path::new("-");
    let file = match &path {
        _ if printed => PathBuf::from(file_name(&kind)),
        path if disk::is_directory(path) => path.join(file_name(&kind)),
        path => path.clone(),
    };
    let candidates = project.kind_by_path(&file);
    if let Some(other) = candidates.configured.filter(|other| *other != name) {
        return Err(Failure::usage(format!("`{}` is a path of the kind `{other}` in phx.toml", file.display()))
            .hint("choose another path, or change `paths` in its `[[kind]]`"));
    }
    let values = Values {
        now: session.now,
        window: window.unwrap_or(Duration::days(7)),
        correlation_id: ledger::new_id(session.now),
        schema_version: project.catalog.newest(),
        kind: &name,
        names_kind: candidates.configured.is_none() && candidates.by_file_name != Some(name.as_str()),
    };
    let text = scaffold::render(&template_name, &template, &values).map_err(Failure::usage)?;
    let text = regenerated(&project, &file, text);
    if printed {
        Session::print(&text)?;
        return Ok(CLEAN);
    }
    disk::create(&file, text.as_bytes()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("`{}` already exists", file.display())).hint("choose another path")
        }
        _ => Failure::usage(format!("cannot write `{}`: {}", file.display(), disk::explain(&error))),
    })?;
    session.notice(&format!("wrote {}", file.display()));
    Ok(CLEAN)
}

/// Returns the text after regenerating its AUTO blocks.
fn regenerated(project: &Project, file: &Path, text: String) -> String {
    let planning = Planning::of(Facts::new(&project.config, program::facts));
    let selection = Selection::Bytes { name: file.to_path_buf(), bytes: text.clone().into_bytes() };
    let written = Mutex::new(text);
    project.visit_planned(selection, &planning, &|visited| {
        if let PlannedDocument::Document(planned) = visited {
            *written.lock().unwrap_or_else(PoisonError::into_inner) = plan::apply(planned.document, planned.plans);
        }
    });
    written.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn file_name(kind: &crate::schema::Kind) -> String {
    let default_name = || format!("{}.md", kind.name.replace('-', "_").to_uppercase());
    kind.file.clone().unwrap_or_else(default_name)
}

/// Returns the name and text of the template for a kind: from the repository, else built in, else generic.
fn template(project: &Project, kind: &str) -> Result<(String, String), Failure> {
    let name = format!(".phx/templates/documents/{kind}.md");
    let plain = kind.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if plain {
        let own = inside::read(&project.root, &project.base.join(&name));
        let own = own.map_err(|error| Failure::usage(format!("cannot read `{name}`: {}", disk::explain(&error))))?;
        if let Some(bytes) = own {
            return Ok((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    if let Some(template) = scaffold::template(kind) {
        return Ok((format!("templates/documents/{kind}.md"), template.to_owned()));
    }
    // A configured kind without a template gets front matter and sections.
    if project.knows_kind(kind) {
        return Ok(("a generic template".to_owned(), scaffold::generic(&project.kind(kind).shape)));
    }
    let near = suggest::did_you_mean(kind, scaffold::kinds());
    let known: Vec<&str> = scaffold::kinds().collect();
    Err(Failure::usage(format!("unknown kind `{kind}`{near}"))
        .hint(format!("kinds with a built-in template: {}", known.join(", ")))
        .hint(format!("to define the kind, add a `[[kind]]` to phx.toml and a template at `{name}`")))
}
