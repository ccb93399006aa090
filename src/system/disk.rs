//! Reads and writes files, standard streams and file metadata.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Reader that buffers the start of a file and reads more on request.
pub struct FileReader {
    file: File,
    bytes: Vec<u8>,
    whole: bool,
}

impl FileReader {
    /// Opens a file and reads its first `head` bytes, or all of it if it is shorter.
    pub fn open(path: &Path, head: usize) -> io::Result<Self> {
        let mut reading = Self { file: File::open(path)?, bytes: Vec::new(), whole: false };
        reading.more(head)?;
        Ok(reading)
    }

    /// Returns the bytes read so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether the end of the file was reached.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Reads until `length` bytes are buffered or the file ends.
    pub fn more(&mut self, length: usize) -> io::Result<()> {
        if self.whole || self.bytes.len() >= length {
            return Ok(());
        }
        let missing = length - self.bytes.len();
        // Without spare capacity, `read_to_end` would read the file in many small steps.
        self.bytes.reserve(missing.min(RESERVE_LIMIT));
        let read = (&mut self.file).take(missing as u64).read_to_end(&mut self.bytes)?;
        self.whole = read < missing;
        Ok(())
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Largest capacity that one call of `FileReader::more` reserves in advance, in bytes.
const RESERVE_LIMIT: usize = 64 * 1024;

/// Rejects everything except regular files: opening a pipe or a device could wait forever.
///
/// # Errors
/// Returns `InvalidInput` if `path` (links followed) is not a regular file.
pub fn require_regular(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// Size limit of [`read_optional`], in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Reads a whole file. Returns `None` if it does not exist.
///
/// # Errors
/// Returns `InvalidInput` if it is not a regular file, and `InvalidData` if it is larger than 64 MiB.
pub fn read_optional(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A device or a pipe may never end.
    match require_regular(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        checked => checked?,
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than 64 MiB"));
    }
    Ok(Some(bytes))
}

/// Lists the names and paths in a directory, sorted. Returns an empty list if it does not exist.
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

/// Creates a directory and its parents, with mode 0700 on Unix.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Removes a directory and its contents. Errors are ignored.
pub fn remove_tree(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}

/// Opens a terminal for reading and writing, without making it the controlling terminal.
pub fn open_terminal(name: &str) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOCTTY.bits().cast_signed());
    options.open(name)
}

/// Appends to a file, which is created if it does not exist.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
}

/// Returns the target of a symbolic link, or `None` if the path is not a symbolic link.
pub fn link(path: &Path) -> Option<String> {
    std::fs::read_link(path).ok().map(|target| target.to_string_lossy().into_owned())
}

/// Reads standard input to its end.
pub fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes to standard output. A closed pipe is not an error: the reader does not need more.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error. Errors are ignored, since they cannot be reported.
pub fn write_stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes text to standard error without a line end, and flushes. Errors are ignored.
pub fn write_stderr_raw(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}").and_then(|()| err.flush());
}

/// Prints a question on standard error and reads a line from standard input. Returns an empty string at its end.
pub fn ask(question: &str) -> String {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question}").and_then(|()| err.flush());
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    answer
}

/// Creates a file and its parent directories, and flushes both to disk.
///
/// # Errors
/// Returns `AlreadyExists` if the file exists.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = File::create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map(|()| super::replace::sync_directory(path)).inspect_err(|_| drop(std::fs::remove_file(path)))
}

/// Replaces a file atomically: writes a temporary file in the same directory, flushes it and renames it. On an error
/// the old file is unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let mut file = File::create_new(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Replaces a file atomically, like [`replace`], but creates its parent directories and does not flush: the bytes may
/// be lost in a power failure. On an error the old file is unchanged.
pub fn replace_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Returns whether the path exists. A dangling link counts as existing.
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Returns whether the path is a regular file. Links are not followed.
pub fn is_plain_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Returns whether the path is a directory. Links are followed.
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

pub fn change_directory(path: &Path) -> io::Result<()> {
    std::env::set_current_dir(path)
}

/// Sets the owner and group of a file or directory to the same number.
#[cfg(unix)]
pub fn change_owner(path: &Path, user: u32) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(user), Some(user))
}

/// Does nothing: files have no numeric owner on this platform.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub fn change_owner(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Returns the inode number of a file.
#[cfg(unix)]
pub fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|data| data.ino())
}

/// Resolves the links in the part of a path that exists.
pub fn real_ancestor(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(ancestor) {
            // Joining an empty path would add a trailing separator, which only a directory may have.
            return match path.strip_prefix(ancestor) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                _ => real,
            };
        }
    }
    path.to_path_buf()
}

/// Returns whether a file has an execute bit.
#[cfg(unix)]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// Returns whether a path is a regular file: there are no execute bits on this platform.
#[cfg(not(unix))]
pub fn is_executable(path: &Path) -> bool {
    is_plain_file(path)
}

/// Gives a file a second name by a hard link, so that `path` is never missing. `name` must not exist. Symbolic links,
/// and files that cannot be linked, are renamed instead.
pub fn link_as(path: &Path, name: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return std::fs::rename(path, name);
    }
    match std::fs::hard_link(path, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::rename(path, name),
        linked => linked,
    }
}

/// Replaces an executable file atomically (mode 0755 on Unix) and creates its parent directories. On an error the old
/// file is unchanged.
pub fn write_program(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!("{name}.{}.tmp", std::process::id()));
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
        }
        file.sync_all()?;
        drop(file);
        std::fs::rename(&temporary, path)
    };
    let written = write();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Describes an I/O error in lower case, without the error number for common kinds.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "file not found".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::InvalidInput => error.to_string(),
        _ if error.raw_os_error() == Some(40) && cfg!(target_os = "linux") => {
            "the symbolic link points to itself".to_owned()
        }
        _ => error.to_string().to_lowercase(),
    }
}
