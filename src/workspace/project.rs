//! Project: root, configuration, schemas and templates of a repository.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::{Origin, Store, paths, templates};
use crate::config::{self, Config};
use crate::document::{Dialect, Document, Shape};
use crate::failure::Failure;
use crate::finding::{Finding, Source};
use crate::regen::{Library, TemplateOverride};
use crate::schema::{Catalog, Kind, Overlay};
use crate::system::git::{git_dirs, objects};
use crate::system::{disk, environment};
use crate::text::{Folder, Lines, hex};

/// Repository, or the working directory outside of a repository.
#[derive(Debug)]
pub struct Project {
    /// Directory that paths in messages are relative to: the repository's root, or else the configuration's directory,
    /// or else the working directory.
    pub root: PathBuf,
    /// Directory that the configuration's globs are relative to.
    pub base: PathBuf,
    /// Working directory.
    pub cwd: PathBuf,
    /// Folder that displayed paths are relative to: the working directory, or in a hook the directory where Git was
    /// started.
    pub folder: Folder,
    pub config: Config,
    /// File of the configuration.
    pub config_file: ConfigFile,
    /// Errors in the syntax, keys and values of the configuration. Unknown rules and kinds are not included.
    pub config_errors: Vec<Finding>,
    /// Schemas of phx and of the repository.
    pub catalog: Catalog,
    /// Templates of AUTO blocks.
    pub library: Library,
    /// Tree that files are read from.
    pub store: Store,
    /// Root key and key aliases of the front matter.
    pub dialect: Arc<Dialect>,
    /// Hash of all inputs of parsing except the document: version, configuration, schemas and templates.
    pub fingerprint: String,
    /// Cached hashes of source files, by their globs.
    pub(super) sources: Mutex<BTreeMap<Vec<String>, Option<String>>>,
    /// Cache of parsed documents.
    pub(super) objects: Mutex<DocumentsById>,
    kinds: BTreeMap<String, Kind>,
}

/// Parsed documents by object id and path; `None` for objects that are not governed documents.
type DocumentsById = BTreeMap<(String, String), Option<Arc<Document>>>;

/// Text of the configuration, for messages.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Path relative to the root.
    pub path: String,
    /// Content; empty if there is no configuration file.
    pub text: String,
    pub lines: Lines,
}

impl ConfigFile {
    /// Returns the file as the source of findings.
    pub fn source(&self) -> Source<'_> {
        Source { path: &self.path, text: &self.text, lines: &self.lines }
    }
}

/// Kinds that a path suggests for its document.
#[derive(Clone, Copy, Debug)]
pub struct KindCandidates<'a> {
    /// Kind that the configuration assigns to the path.
    pub configured: Option<&'a str>,
    /// Kind whose usual file name it has.
    pub by_file_name: Option<&'a str>,
}

/// Reason why a project cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The repository or the configuration cannot be read.
    Failure(Failure),
    /// A schema of the repository is not valid.
    Schema(Failure),
    /// The configuration has errors.
    Mistakes(Vec<Finding>),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Project {
    /// Opens the project that contains the working directory. `given` is the configuration file that the user named.
    /// Errors of the configuration are stored in `mistakes`, and the valid rest of it is used.
    pub fn open(given: Option<&Path>, origin: &Origin) -> Result<Self, OpenError> {
        let cwd = disk::working_directory().map_err(|error| {
            Failure::usage(format!("cannot determine the working directory: {}", disk::explain(&error)))
        })?;
        let mut repository = git_dirs::worktree(&cwd);
        if repository.is_none() && *origin != Origin::Worktree {
            repository = objects::bare(&cwd);
        }
        if repository.is_none() && *origin != Origin::Worktree {
            return Err(Failure::usage("the working directory is not in a Git repository")
                .hint("run `git init` to create one")
                .into());
        }
        if let Some(root) = repository.as_ref().filter(|_| *origin == Origin::Index)
            && let Some(elsewhere) = git_dirs::configured_worktree(root)
        {
            let why = format!("`core.worktree` moves the worktree of this repository to `{}`", elsewhere.display());
            let git = root.join(".git");
            return Err(Failure::usage(why).hint(format!("run phx there with `GIT_DIR={}`", git.display())).into());
        }
        let given = given.map(|path| paths::absolute(&cwd, path));
        let enclosing = repository.clone().unwrap_or_else(|| cwd.clone());
        let store = Store::open(&enclosing, origin)?;
        let found = if given.is_none() { find_config(&cwd, &enclosing, &store) } else { None };
        let file = given.as_deref().or(found.as_deref());
        let directory = file.and_then(Path::parent).map(Path::to_path_buf);
        let root = repository.or_else(|| directory.clone()).unwrap_or_else(|| cwd.clone());
        let base = directory.unwrap_or_else(|| root.clone());
        // A configuration that the user named is read from disk, not from the store.
        let store = if root == enclosing { store } else { Store::open(&root, origin)? };
        let config_file = read_config(&root, file, found.as_ref().map(|_| &store))?;
        let (config, config_errors) = Config::parse(&config_file.path, &config_file.text);
        let base_path = paths::relative(&root, &base);
        let overlays = overlays(&store, &base_path)?;
        let overrides = templates::overrides(&store, &base_path)?;
        let catalog = Catalog::new(&overlays).map_err(OpenError::Schema)?;
        Ok(Self {
            folder: folder(&root, &cwd),
            dialect: Arc::new(Dialect {
                root: config.front_matter.root.clone(),
                aliases: config.front_matter.aliases.clone(),
            }),
            kinds: kinds(&catalog, &config),
            sources: Mutex::default(),
            objects: Mutex::default(),
            fingerprint: fingerprint(&base_path, &config_file, &overlays, &overrides),
            library: Library::new(overrides),
            store,
            root,
            base,
            cwd,
            config,
            config_file,
            config_errors,
            catalog,
        })
    }

    /// Converts a path relative to the configuration's directory to one relative to the root.
    pub fn inside(&self, path: &str) -> String {
        inside(&self.base_path(), path)
    }

    /// Returns the configuration's directory relative to the root; `.` if it is the root.
    pub fn base_path(&self) -> String {
        paths::relative(&self.root, &self.base)
    }

    /// Returns a kind, extended by the aliases and vocabularies of the configuration.
    pub fn kind(&self, name: &str) -> Cow<'_, Kind> {
        let create = || Cow::Owned(self.catalog.kind(self.catalog.newest(), name));
        self.kinds.get(name).map_or_else(create, Cow::Borrowed)
    }

    /// Returns the kinds that a path suggests. The path is relative to the working directory.
    pub fn kind_by_path(&self, path: &Path) -> KindCandidates<'_> {
        let file = paths::absolute(&self.cwd, path);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        KindCandidates {
            configured: self.claimed(&paths::relative(&self.base, &file)),
            by_file_name: self.catalog.kind_of_file(&name),
        }
    }

    /// Returns the paths of the schemas and templates of the repository, relative to the root.
    pub fn overlaid(&self) -> impl Iterator<Item = &str> {
        self.catalog.overlays().chain(self.library.overrides())
    }

    /// Returns whether the working directory is in a repository without a worktree.
    pub fn is_bare(&self) -> bool {
        git_dirs::worktree(&self.cwd).is_none() && objects::bare(&self.cwd).is_some()
    }

    /// Returns the kind that the configuration assigns to a path, which is relative to the configuration's directory.
    pub fn claimed(&self, path: &str) -> Option<&str> {
        let mut kinds = self.config.kinds.iter();
        kinds.find(|kind| kind.paths.matches(path)).map(|kind| kind.name.as_str())
    }
}

/// Returns the folder that displayed paths are relative to. Git starts hooks in the root and sets `GIT_PREFIX` to the
/// directory where it was started itself.
fn folder(root: &Path, cwd: &Path) -> Folder {
    if root == cwd
        && let Some(prefix) = environment::variable("GIT_PREFIX")
    {
        return Folder::new(&prefix);
    }
    Folder::new(&paths::relative(root, cwd))
}

fn fingerprint(base: &str, config: &ConfigFile, overlays: &[Overlay], overrides: &[TemplateOverride]) -> String {
    let mut hash = Sha256::new();
    let schemas = overlays.iter().map(|overlay| (&overlay.path, &overlay.text));
    let templates = overrides.iter().map(|template| (&template.path, &template.text));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    for (name, text) in
        [(&version, &base.to_owned()), (&config.path, &config.text)].into_iter().chain(schemas).chain(templates)
    {
        hash.update(format!("{}:{name}{}:", name.len(), text.len()).as_bytes());
        hash.update(text.as_bytes());
    }
    hex(&hash.finalize()[..16])
}

impl Project {
    /// Returns whether a schema or the configuration declares a kind.
    pub fn knows_kind(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
    }
}

/// Returns the kinds of the newest schema version and those of the configuration, with its aliases and vocabularies.
fn kinds(catalog: &Catalog, config: &Config) -> BTreeMap<String, Kind> {
    let newest = catalog.newest();
    let own = config.kinds.iter().map(|kind| catalog.kind(newest, &kind.name));
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for mut kind in catalog.kinds(newest).iter().cloned().chain(own) {
        if let Some(settings) = config.kind(&kind.name)
            && !(settings.aliases.is_empty() && settings.vocabulary.is_empty())
        {
            let mut shape = Shape::clone(&kind.shape);
            let words = settings.vocabulary.iter();
            let words: Vec<_> = words.map(|word| (&*word.field, &*word.word, &*word.synonyms)).collect();
            // A field without a vocabulary is an error of the configuration that has already been reported.
            let _ = shape.extend(&settings.aliases, &words);
            kind.shape = Arc::new(shape);
        }
        kinds.entry(kind.name.clone()).or_insert(kind);
    }
    kinds
}

/// Returns the nearest configuration file in the parent directories up to `last`.
fn find_config(cwd: &Path, last: &Path, store: &Store) -> Option<PathBuf> {
    let within = if cwd.starts_with(last) { cwd } else { last };
    within
        .ancestors()
        .take_while(|directory| directory.starts_with(last))
        .map(|directory| directory.join(config::FILE))
        .find(|file| store.exists(&paths::relative(last, file)))
}

/// Reads the configuration from the store, or from disk if there is none.
fn read_config(root: &Path, file: Option<&Path>, store: Option<&Store>) -> Result<ConfigFile, Failure> {
    let Some(file) = file else {
        return Ok(ConfigFile { path: config::FILE.to_owned(), text: String::new(), lines: Lines::new("") });
    };
    let path = paths::relative(root, file);
    let bytes = store.map_or_else(|| disk::read_optional(file), |store| store.read(&path));
    let bytes = bytes.map_err(|error| unreadable(&path, &error))?;
    let bytes = bytes.ok_or_else(|| Failure::usage(format!("configuration file `{path}` does not exist")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("`{path}` is not valid UTF-8")).hint("save the file as UTF-8"))?;
    Ok(ConfigFile { lines: Lines::new(&text), path, text })
}

/// Joins a path to the configuration's directory, which is `.` if it is the root.
pub(crate) fn inside(base: &str, path: &str) -> String {
    if base == "." { path.to_owned() } else { format!("{base}/{path}") }
}

/// Creates the failure for a file or folder of the project that cannot be read.
pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read `{path}`: {}", disk::explain(error)))
}

/// Reads the schemas in `.phx/schemas/<version>/`.
fn overlays(store: &Store, base: &str) -> Result<Vec<Overlay>, Failure> {
    let list = |path: &str| store.list(path).map_err(|error| unreadable(path, &error));
    let mut overlays = Vec::new();
    for (version, folder) in list(&inside(base, ".phx/schemas"))? {
        if version.ends_with(".schema.json") {
            let location = inside(base, &format!(".phx/schemas/v1.0/{version}"));
            let message = format!("schema `{folder}` is not in a version folder, so no document uses it");
            return Err(Failure::usage(message).hint(format!("move it to a version folder, such as `{location}`")));
        }
        for (name, path) in list(&folder)? {
            let Some(kind) = name.strip_suffix(".schema.json") else {
                continue;
            };
            let bytes = store.read(&path).map_err(|error| unreadable(&path, &error))?;
            overlays.push(Overlay {
                version: version.clone(),
                kind: kind.to_owned(),
                text: String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned(),
                path,
            });
        }
    }
    Ok(overlays)
}
