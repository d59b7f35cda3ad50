//! The share of a core that Lambda gives a function of a memory size.
//!
//! Responsible for holding a process to it by a `cpu` cgroup, of either version, where this program
//! may make one; elsewhere processes run unlimited, which is said once in the log and in the list
//! of runs. A group can go only when its process is gone: those of processes that were still ending
//! are tried again, and those that a pool left behind which was killed go when another one starts.
//! It must not know what the process does.
//!
//! Source: Lambda developer guide, "Configure Lambda function memory": at 1,769 MB a function has
//! the equivalent of one vCPU, in proportion to memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

const MB_OF_ONE_CORE: f64 = 1_769.0;
/// The period of the quota. Lambda's own is not documented; this is the kernel's default.
const PERIOD_MICROSECONDS: u32 = 100_000;

/// How many cores a function of this size has.
pub(super) fn cores(memory_mb: u32) -> f64 {
    f64::from(memory_mb) / MB_OF_ONE_CORE
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most six cores for Lambda's largest memory"
)]
fn quota_microseconds(memory_mb: u32) -> u32 {
    // The kernel takes no quota below a millisecond.
    ((cores(memory_mb) * f64::from(PERIOD_MICROSECONDS)) as u32).max(1_000)
}

const NAME: &str = "rehearsal-trigger-";

/// Groups that could not be removed yet.
static LEFT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A cgroup with a quota; removed when dropped, or soon after where its process is still ending.
#[derive(Debug)]
pub(crate) struct CpuShare {
    folder: PathBuf,
}

impl CpuShare {
    /// Makes a cgroup below this program's own.
    pub(super) fn make(memory_mb: u32) -> io::Result<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup")?;
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let parent = parent(&groups, &mounts).ok_or(io::ErrorKind::Unsupported)?;
        Self::make_in(&parent, memory_mb)
    }

    fn make_in(parent: &Parent, memory_mb: u32) -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self::remove_left();
        let name = format!("{NAME}{}-{number}", std::process::id());
        if parent.version == Version::Second {
            // Fails in a group that has processes of its own, other than the root.
            fs::write(parent.folder.join("cgroup.subtree_control"), "+cpu")?;
        }
        let folder = parent.folder.join(name);
        fs::create_dir(&folder)?;
        let share = Self { folder };
        let quota = quota_microseconds(memory_mb);
        match parent.version {
            Version::First => {
                share.write("cpu.cfs_period_us", &PERIOD_MICROSECONDS.to_string())?;
                share.write("cpu.cfs_quota_us", &quota.to_string())?;
            }
            Version::Second => share.write("cpu.max", &format!("{quota} {PERIOD_MICROSECONDS}"))?,
        }
        Ok(share)
    }

    /// Tries again to remove the groups of processes that had not ended; says whether none is left.
    pub(super) fn remove_left() -> bool {
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|folder| !removed(folder));
        left.is_empty()
    }

    /// Removes the groups of pools that ended without doing so themselves.
    pub(super) fn remove_strangers() {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (groups, mounts) = (read("/proc/self/cgroup"), read("/proc/self/mounts"));
        if let Some(parent) = parent(&groups, &mounts) {
            remove_strangers_in(&parent.folder, |pid| {
                Path::new("/proc").join(pid.to_string()).exists()
            });
        }
    }

    /// Holds a process, and whatever it starts, to the share.
    pub(super) fn hold(&self, pid: u32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.folder.join(file), text)
    }
}

impl Drop for CpuShare {
    fn drop(&mut self) {
        if !removed(&self.folder) {
            let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
            left.push(self.folder.clone());
        }
    }
}

/// Removes a group, unless a process is in it.
fn removed(folder: &Path) -> bool {
    match fs::remove_dir(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn remove_strangers_in(parent: &Path, runs: impl Fn(u32) -> bool) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| {
            let (pid, _) = name.strip_prefix(NAME)?.split_once('-')?;
            pid.parse().ok()
        });
        if maker.is_some_and(|pid| !runs(pid)) {
            removed(&entry.path());
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    First,
    Second,
}

/// Where this program's own group is.
#[derive(Debug, PartialEq, Eq)]
struct Parent {
    version: Version,
    folder: PathBuf,
}

/// Finds it in `/proc/self/cgroup` and `/proc/self/mounts`. A controller is in one version only, so
/// where the first version has `cpu`, the second has not.
fn parent(groups: &str, mounts: &str) -> Option<Parent> {
    let mount = |kind: &str, option: Option<&str>| {
        mounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, point, found, options, ..] = fields[..] else {
                return None;
            };
            let fits = option.is_none_or(|option| options.split(',').any(|one| one == option));
            (found == kind && fits).then(|| PathBuf::from(point))
        })
    };
    let path = |wanted: &dyn Fn(&str) -> bool| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            wanted(controllers).then_some(path)
        })
    };
    let below = |root: PathBuf, path: &str| root.join(Path::new(path.trim_start_matches('/')));
    let first = path(&|controllers| controllers.split(',').any(|one| one == "cpu"));
    if let (Some(path), Some(root)) = (first, mount("cgroup", Some("cpu"))) {
        return Some(Parent {
            version: Version::First,
            folder: below(root, path),
        });
    }
    Some(Parent {
        version: Version::Second,
        folder: below(mount("cgroup2", None)?, path(&str::is_empty)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_cpu_in_proportion_to_its_memory() {
        assert_eq!(quota_microseconds(1_769), 100_000);
        assert_eq!(quota_microseconds(512), 28_942);
        assert_eq!(quota_microseconds(128), 7_235);
        assert_eq!(quota_microseconds(3_538), 200_000);
    }

    #[test]
    fn this_programs_group_is_found_in_either_version() {
        let second = parent(
            "0::/user.slice/a\n",
            "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
        );
        assert_eq!(
            second,
            Some(Parent {
                version: Version::Second,
                folder: "/sys/fs/cgroup/user.slice/a".into()
            })
        );
        let first = parent(
            "4:cpu,cpuacct:/\n0::/\n",
            "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
        );
        assert_eq!(
            first,
            Some(Parent {
                version: Version::First,
                folder: "/sys/fs/cgroup/cpu/".into()
            })
        );
        assert_eq!(parent("", ""), None);
    }

    #[test]
    fn groups_of_ended_pools_go_and_others_stay() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["rehearsal-trigger-7-0", "rehearsal-trigger-8-1", "another"] {
            fs::create_dir(folder.path().join(name)).expect("a writable folder");
        }
        remove_strangers_in(folder.path(), |pid| pid == 8);
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("readable").file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["another", "rehearsal-trigger-8-1"]);
    }

    #[test]
    fn a_group_that_is_in_use_is_tried_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let used = folder.path().join("used");
        let file = used.join("file");
        fs::create_dir(&used).expect("a writable folder");
        fs::write(&file, "").expect("a writable folder");
        drop(CpuShare {
            folder: used.clone(),
        });
        CpuShare::remove_left();
        assert!(used.exists());
        fs::remove_file(file).expect("written above");
        CpuShare::remove_left();
        assert!(!used.exists());
    }

    #[test]
    fn a_group_of_the_second_version_gets_quota_and_period() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let parent = Parent {
            version: Version::Second,
            folder: folder.path().to_owned(),
        };
        let share = CpuShare::make_in(&parent, 512).expect("a writable folder");
        let read = |file: &str| fs::read_to_string(share.folder.join(file)).expect("written");
        assert_eq!(read("cpu.max"), "28942 100000");
        share.hold(42).expect("a writable folder");
        assert_eq!(read("cgroup.procs"), "42");
    }
}
