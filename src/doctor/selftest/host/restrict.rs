//! A sandbox for the program of the built-in host: Landlock for files and other processes, seccomp for calls, limits for the rest. It is
//! no product: it shows that the checks can tell a sandbox that denies from none.

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

/// What its program may read and run.
const READABLE: &[&str] = &["/usr", "/lib", "/lib64", "/bin", "/etc", "/dev"];
/// How much memory it may take, in bytes.
const MEMORY: u64 = 400 << 20;
/// How long it may work, in seconds.
const WORK: u64 = 1;

/// The command, restricted when it starts.
///
/// # Errors
/// Where this kernel has no such thing.
pub fn restricted(
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
        setrlimit(Resource::Cpu, Rlimit { current: Some(WORK), maximum: Some(WORK + 1) })?;
        apply_filter(&filter).map_err(|_| std::io::Error::from_raw_os_error(libc::EPERM))
    };
    // SAFETY: between fork and exec only calls of the system are made on what was built before; this process has one thread that
    // could hold a lock.
    #[allow(unsafe_code)]
    Ok(unsafe { command.pre_exec(restrict) })
}

/// Whether this kernel can deny all that is denied here.
pub fn is_possible() -> bool {
    let asked =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(ABI::V6));
    asked.and_then(|asked| asked.scope(Scope::Signal)).and_then(Ruleset::create).is_ok()
}

/// Files: what may be read, and the one folder that may be written to. Beside it, no signals and no tracing out of it.
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

/// Calls: no network, no mounts, no tracing, no signals, no input for the terminal, no processes.
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
