//! Reading and writing files.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A file that is being read: its first bytes, and the rest on request.
pub struct FileReader {
    file: File,
    bytes: Vec<u8>,
    whole: bool,
}

impl FileReader {
    /// Opens a file and reads up to `head` bytes of it.
    ///
    /// # Errors
    /// As the system says.
    pub fn open(path: &Path, head: usize) -> io::Result<Self> {
        let mut reading = Self { file: File::open(path)?, bytes: Vec::new(), whole: false };
        reading.more(head)?;
        Ok(reading)
    }

    /// What has been read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether that is the whole file.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Reads until `length` bytes are there or the file ends.
    ///
    /// # Errors
    /// As the system says.
    pub fn more(&mut self, length: usize) -> io::Result<()> {
        if self.whole || self.bytes.len() >= length {
            return Ok(());
        }
        let missing = length - self.bytes.len();
        // Without room to spare the file would be read in a dozen small steps.
        self.bytes.reserve(missing.min(CHUNK));
        let read = (&mut self.file).take(missing as u64).read_to_end(&mut self.bytes)?;
        self.whole = read < missing;
        Ok(())
    }

    /// The bytes read so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// How many bytes there is room for at once.
const CHUNK: usize = 64 * 1024;

/// Opening a pipe or a device might wait for ever: an error for whatever is no regular file.
///
/// # Errors
/// As the system says, and where `path` is no regular file.
pub fn require_regular(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// Size of a file that is read as a whole and is not a document, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A whole file; `None` if there is none.
///
/// # Errors
/// As the system says, and where it is not a regular file or is longer than 64 MiB.
pub fn read_optional(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A device or a pipe might never end.
    match require_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        checked => checked?,
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 64 MiB"));
    }
    Ok(Some(bytes))
}

/// The names and paths in a directory, sorted; none if it is not there.
///
/// # Errors
/// As the system says.
pub fn list(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    found.sort();
    Ok(found)
}

/// Makes a directory, with those above it, that others may not look into where the system knows that.
///
/// # Errors
/// As the system says.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Takes a directory away with all that is in it; what cannot be taken away stays.
pub fn remove_tree(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}

/// Opens a terminal to read and write.
///
/// # Errors
/// As the system says.
pub fn open_terminal(name: &str) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOCTTY.bits().cast_signed());
    options.open(name)
}

/// Writes behind what stands in a file.
///
/// # Errors
/// As the system says.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
}

/// What a symbolic link says; nothing where it is none.
pub fn link(path: &Path) -> Option<String> {
    std::fs::read_link(path).ok().map(|target| target.to_string_lossy().into_owned())
}

/// All of standard input.
///
/// # Errors
/// As the system says.
pub fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes to standard output. A closed pipe is no failure: the reader has seen enough.
///
/// # Errors
/// As the system says.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error. Where nobody can read it there is nobody to tell.
pub fn write_stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes to standard error as it is.
pub fn write_stderr_raw(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}").and_then(|()| err.flush());
}

/// Asks on standard error and reads a line of standard input; empty where there is none.
pub fn ask(question: &str) -> String {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question}").and_then(|()| err.flush());
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    answer
}

/// Writes a new file, with the directories above it.
///
/// # Errors
/// As the system says, `AlreadyExists` if the file is there.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = File::create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map(|()| super::replace::sync_directory(path)).inspect_err(|_| drop(std::fs::remove_file(path)))
}

/// Puts `bytes` at `path` in one step: a temporary file beside it, flushed, renamed.
///
/// # Errors
/// As the system says; what stood there stands there still.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = File::create_new(&beside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Puts `bytes` at `path` in one step, with the directories above it, where losing them with the machine does no harm.
///
/// # Errors
/// As the system says; what stood there stands there still.
pub fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Whether something is there, a dangling link included.
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Whether it is a regular file, and no link to one.
pub fn is_plain_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether it is a directory, links followed.
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// The working directory.
///
/// # Errors
/// As the system says.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// Changes the working directory.
///
/// # Errors
/// As the system says.
pub fn change_directory(path: &Path) -> io::Result<()> {
    std::env::set_current_dir(path)
}

/// Gives a file, or a folder, to a user.
///
/// # Errors
/// As the system says.
#[cfg(unix)]
pub fn give_away(path: &Path, user: u32) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(user), Some(user))
}

/// Gives a file to a user: files have none here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub fn give_away(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// The number of a file in its file system.
#[cfg(unix)]
pub fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|data| data.ino())
}

/// A path with the links in the part of it that is there resolved.
pub fn real_ancestor(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(ancestor) {
            // Nothing joined to a file would make a folder of it.
            return match path.strip_prefix(ancestor) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                _ => real,
            };
        }
    }
    path.to_path_buf()
}

/// Whether a file may be run as a program.
#[cfg(unix)]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// Whether a file may be run as a program.
#[cfg(not(unix))]
pub fn is_executable(path: &Path) -> bool {
    is_plain_file(path)
}

/// Gives a file a second name, which must be free; both are the same file until one is replaced.
///
/// # Errors
/// As the system says.
pub fn keep_as(path: &Path, name: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return std::fs::rename(path, name);
    }
    match std::fs::hard_link(path, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::rename(path, name),
        linked => linked,
    }
}

/// Puts a program at `path` in one step.
///
/// # Errors
/// As the system says; what stood there stands there still.
pub fn write_program(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
        }
        file.sync_all()?;
        drop(file);
        std::fs::rename(&beside, path)
    };
    let written = write();
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Gives a file another name.
///
/// # Errors
/// As the system says.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Takes a file away.
///
/// # Errors
/// As the system says.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// What an error of the system means, in a few words.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "phx may not read it (permission denied)".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::InvalidInput => error.to_string(),
        _ if error.raw_os_error() == Some(40) && cfg!(target_os = "linux") => {
            "the symbolic link leads to itself".to_owned()
        }
        _ => error.to_string().to_lowercase(),
    }
}
