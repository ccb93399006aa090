//! Opens a project for validation and reports all errors of its configuration, in the order of its lines.

use std::path::Path;

use crate::rules::settings;
use crate::workspace::project::OpenError;
use crate::workspace::{Origin, Project};

/// Opens a project.
///
/// # Errors
/// Returns the errors of [`Project::open`], or all errors of the configuration, including unknown rules and kinds.
pub(crate) fn project(config: Option<&Path>, origin: &Origin) -> Result<Project, OpenError> {
    let project = Project::open(config, origin)?;
    let mut mistakes = project.config_errors.clone();
    mistakes.extend(settings::unknown_names(&project.config, project.config_file.source(), &project.catalog));
    if mistakes.is_empty() {
        return Ok(project);
    }
    crate::finding::sort(&mut mistakes);
    Err(OpenError::Mistakes(mistakes))
}
