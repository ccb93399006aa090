//! Sandbox for the program of the built-in terminal host: Landlock for files and signals, seccomp for system calls, and
//! resource limits. It exists only for the self-test, which must distinguish a host with a sandbox from one without.

use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Folders that the program may read and execute.
const READABLE: &[&str] = &["/usr", "/lib", "/lib64", "/bin", "/etc", "/dev"];
/// Limit of the address space, in bytes.
const MEMORY: u64 = 400 << 20;
/// Limit of the CPU time, in seconds.
const CPU_SECONDS: u64 = 1;

/// Returns the command with the restrictions, which are applied between fork and exec.
///
/// # Errors
/// Returns an error if the rules or the filter cannot be created.
pub(super) fn restricted(
    command: pty_process::Command,
    workdir: &str,
    program: &str,
) -> std::io::Result<pty_process::Command> {
    let filter = filter().map_err(std::io::Error::other)?;
    let mut rules = Some(rules(workdir, program).map_err(std::io::Error::other)?);
    let restrict = move || {
        if let Some(rules) = rules.take() {
            rules.restrict_self().map_err(|_| std::io::Error::from_raw_os_error(libc::EPERM))?;
        }
        setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
        setrlimit(Resource::Cpu, Rlimit { current: Some(CPU_SECONDS), maximum: Some(CPU_SECONDS + 1) })?;
        apply_filter(&filter).map_err(|_| std::io::Error::from_raw_os_error(libc::EPERM))
    };
    // SAFETY: between fork and exec the closure makes only system calls, on data built before; this process has only
    // one thread, so no other thread can hold a lock.
    #[allow(unsafe_code)]
    Ok(unsafe { command.pre_exec(restrict) })
}

/// Returns whether the kernel supports all Landlock rules used here (ABI 6).
pub(super) fn is_possible() -> bool {
    let ruleset =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(ABI::V6));
    ruleset.and_then(|ruleset| ruleset.scope(Scope::Signal)).and_then(Ruleset::create).is_ok()
}

/// Creates the Landlock rules: readable folders, one writable folder, and no signals to processes outside.
fn rules(workdir: &str, program: &str) -> Result<landlock::RulesetCreated, landlock::RulesetError> {
    let abi = ABI::V6;
    let created = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .scope(Scope::Signal)?
        .create()?;
    let mut created = created;
    for path in READABLE.iter().chain([&program]) {
        if let Ok(opened) = PathFd::new(path) {
            let access =
                if *path == program { AccessFs::Execute | AccessFs::ReadFile } else { AccessFs::from_read(abi) };
            created = created.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    for path in [workdir, "/dev/tty", "/dev/null", "/dev/pts"] {
        if let Ok(opened) = PathFd::new(path) {
            let is_folder = std::path::Path::new(path) != std::path::Path::new("/dev/tty") && path != "/dev/null";
            let access = if is_folder { AccessFs::from_all(abi) } else { AccessFs::from_file(abi) };
            created = created.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    Ok(created)
}

/// Creates the seccomp filter: no sockets, mounts, tracing, signals, terminal input or new processes.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let is = |at: u8, value: u64| SeccompCondition::new(at, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
    let ip = |family: libc::c_int| u64::try_from(family).unwrap_or_default();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let family = |family| SeccompRule::new(vec![is(0, ip(family))?]);
    let sockets = vec![family(libc::AF_INET)?, family(libc::AF_INET6)?, family(libc::AF_UNIX)?];
    rules.insert(libc::SYS_socket, sockets);
    rules.insert(libc::SYS_ioctl, vec![SeccompRule::new(vec![is(1, libc::TIOCSTI)?])?]);
    for call in [libc::SYS_mount, libc::SYS_ptrace, libc::SYS_kill, libc::SYS_clone, libc::SYS_clone3] {
        rules.insert(call, Vec::new());
    }
    #[cfg(target_arch = "x86_64")]
    for call in [libc::SYS_fork, libc::SYS_vfork] {
        rules.insert(call, Vec::new());
    }
    let denied = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    SeccompFilter::new(rules, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?.try_into()
}
