//! A repository as phx sees it: its root, its configuration, its schemas.

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

/// A repository, or the working directory where there is none.
#[derive(Debug)]
pub struct Project {
    /// What paths are said from: the repository's root, else the configuration's directory, else the
    /// working directory.
    pub root: PathBuf,
    /// What the configuration's globs start from.
    pub base: PathBuf,
    /// The working directory.
    pub cwd: PathBuf,
    /// The folder that messages show paths from: the working directory, or for a hook the one in which Git was started.
    pub folder: Folder,
    /// The configuration.
    pub config: Config,
    /// Its file.
    pub config_file: ConfigFile,
    /// What is wrong with its syntax, keys and values. Rules and kinds that do not exist are not among this.
    pub mistakes: Vec<Finding>,
    /// The known schemas.
    pub catalog: Catalog,
    /// The templates of AUTO blocks.
    pub library: Library,
    /// Where files are read from.
    pub store: Store,
    /// How the front matter is written.
    pub dialect: Arc<Dialect>,
    /// What reading a document depends on beside the document, in a word.
    pub fingerprint: String,
    /// The hashes of sources that were asked for, by their globs.
    pub(super) sources: Mutex<BTreeMap<Vec<String>, Option<String>>>,
    /// Documents by the ids of their objects and their paths, so that none is read twice.
    pub(super) objects: Mutex<DocumentsById>,
    kinds: BTreeMap<String, Kind>,
}

/// Documents by the ids of their objects and their paths.
type DocumentsById = BTreeMap<(String, String), Option<Arc<Document>>>;

/// The text of the configuration, kept for messages.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Its path from the root.
    pub path: String,
    /// Its text; empty where there is none.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
}

impl ConfigFile {
    /// The file as findings need it.
    pub fn source(&self) -> Source<'_> {
        Source { path: &self.path, text: &self.text, lines: &self.lines }
    }
}

/// What a path says of the kind of its document.
#[derive(Clone, Copy, Debug)]
pub struct KindCandidates<'a> {
    /// The kind that the configuration claims it for.
    pub claimed: Option<&'a str>,
    /// The kind that its name is that of.
    pub by_name: Option<&'a str>,
}

/// Why a project cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Something failed.
    Failure(Failure),
    /// A schema of the repository is none.
    Schema(Failure),
    /// The configuration has mistakes.
    Mistakes(Vec<Finding>),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Project {
    /// Finds the project around the working directory. `given` is a configuration file named by the user. Where the configuration
    /// has mistakes, they are kept, and the project is as good as the rest of it.
    ///
    /// # Errors
    /// Where the configuration or a schema cannot be read, or a schema is wrong.
    pub fn open(given: Option<&Path>, origin: &Origin) -> Result<Self, OpenError> {
        let cwd = disk::working_directory()
            .map_err(|error| Failure::usage(format!("there is no working directory: {}", disk::explain(&error))))?;
        let mut repository = git_dirs::worktree(&cwd);
        if repository.is_none() && *origin != Origin::Worktree {
            repository = objects::bare(&cwd);
        }
        if repository.is_none() && *origin != Origin::Worktree {
            return Err(Failure::usage("there is no git repository here").hint("`git init` makes one").into());
        }
        if let Some(root) = repository.as_ref().filter(|_| *origin == Origin::Index)
            && let Some(elsewhere) = git_dirs::elsewhere(root)
        {
            let why = format!("the worktree of this repository is `{}` (core.worktree)", elsewhere.display());
            let git = root.join(".git");
            return Err(Failure::usage(why).hint(format!("go there, with GIT_DIR={}", git.display())).into());
        }
        let given = given.map(|path| paths::absolute(&cwd, path));
        let around = repository.clone().unwrap_or_else(|| cwd.clone());
        let store = Store::open(&around, origin)?;
        let found = if given.is_none() { find_config(&cwd, &around, &store) } else { None };
        let file = given.as_deref().or(found.as_deref());
        let directory = file.and_then(Path::parent).map(Path::to_path_buf);
        let root = repository.or_else(|| directory.clone()).unwrap_or_else(|| cwd.clone());
        let base = directory.unwrap_or_else(|| root.clone());
        // A configuration that the user names is read where it is named.
        let store = if root == around { store } else { Store::open(&root, origin)? };
        let config_file = read_config(&root, file, found.as_ref().map(|_| &store))?;
        let (config, mistakes) = Config::parse(&config_file.path, &config_file.text);
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
            mistakes,
            catalog,
        })
    }

    /// A path below the configuration's directory, from the root.
    pub fn inside(&self, path: &str) -> String {
        inside(&self.base_path(), path)
    }

    /// The configuration's directory from the root, which is `.` where that is the root.
    pub fn base_path(&self) -> String {
        paths::relative(&self.root, &self.base)
    }

    /// A kind, with what the configuration adds to it.
    pub fn kind(&self, name: &str) -> Cow<'_, Kind> {
        let made = || Cow::Owned(self.catalog.kind(self.catalog.newest(), name));
        self.kinds.get(name).map_or_else(made, Cow::Borrowed)
    }

    /// What a path, as the user writes it, says of the kind of its document.
    pub fn kind_by_path(&self, path: &Path) -> KindCandidates<'_> {
        let file = paths::absolute(&self.cwd, path);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        KindCandidates {
            claimed: self.claimed(&paths::relative(&self.base, &file)),
            by_name: self.catalog.kind_of_file(&name),
        }
    }

    /// The schemas and templates of the repository, as paths from the root.
    pub fn overlaid(&self) -> impl Iterator<Item = &str> {
        self.catalog.overlays().chain(self.library.overrides())
    }

    /// Whether the repository around the working directory has no worktree.
    pub fn is_bare(&self) -> bool {
        git_dirs::worktree(&self.cwd).is_none() && objects::bare(&self.cwd).is_some()
    }

    /// The kind that the configuration claims a path for; the path is from its directory.
    pub fn claimed(&self, path: &str) -> Option<&str> {
        let mut kinds = self.config.kinds.iter();
        kinds.find(|kind| kind.paths.matches(path)).map(|kind| kind.name.as_str())
    }
}

/// The folder that messages show paths from. Git starts hooks in the root, and names the folder in which it was started itself.
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
    /// Whether a schema or the configuration declares a kind.
    pub fn knows_kind(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
    }
}

/// The kinds of the newest version and those that the configuration names, with its aliases.
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
            // A field without a vocabulary is a mistake in the configuration, which has been reported.
            let _ = shape.extend(&settings.aliases, &words);
            kind.shape = Arc::new(shape);
        }
        kinds.entry(kind.name.clone()).or_insert(kind);
    }
    kinds
}

/// The nearest configuration upwards, no further than `last`.
fn find_config(cwd: &Path, last: &Path, store: &Store) -> Option<PathBuf> {
    let within = if cwd.starts_with(last) { cwd } else { last };
    within
        .ancestors()
        .take_while(|directory| directory.starts_with(last))
        .map(|directory| directory.join(config::FILE))
        .find(|file| store.exists(&paths::relative(last, file)))
}

/// Reads the configuration from the store, or from disk where the user named it.
fn read_config(root: &Path, file: Option<&Path>, store: Option<&Store>) -> Result<ConfigFile, Failure> {
    let Some(file) = file else {
        return Ok(ConfigFile { path: config::FILE.to_owned(), text: String::new(), lines: Lines::new("") });
    };
    let path = paths::relative(root, file);
    let bytes = store.map_or_else(|| disk::read_optional(file), |store| store.read(&path));
    let bytes = bytes.map_err(|error| unreadable(&path, &error))?;
    let bytes = bytes.ok_or_else(|| Failure::usage(format!("there is no configuration `{path}`")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("`{path}` is not UTF-8")).hint("save it as UTF-8"))?;
    Ok(ConfigFile { lines: Lines::new(&text), path, text })
}

/// A path below the configuration's directory, which is `.` where that is the root.
pub fn inside(base: &str, path: &str) -> String {
    if base == "." { path.to_owned() } else { format!("{base}/{path}") }
}

/// Says that a file or a folder of phx's own cannot be read.
pub fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("`{path}` cannot be read: {}", disk::explain(error)))
}

/// The schemas in `.phx/schemas/<version>/`.
fn overlays(store: &Store, base: &str) -> Result<Vec<Overlay>, Failure> {
    let list = |path: &str| store.list(path).map_err(|error| unreadable(path, &error));
    let mut overlays = Vec::new();
    for (version, folder) in list(&inside(base, ".phx/schemas"))? {
        if version.ends_with(".schema.json") {
            let place = inside(base, &format!(".phx/schemas/v1.0/{version}"));
            let message = format!("the schema `{folder}` is not in the folder of a version, so no document obeys it");
            return Err(Failure::usage(message).hint(format!("move it to a version, such as `{place}`")));
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
