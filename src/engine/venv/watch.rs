//! Watches the memory and the processes of a job without a container.
//!
//! The whole process tree below the started program counts. What is in a `tmpfs` of the sandbox is
//! limited by its size instead.

use std::collections::BTreeMap;
use std::fs;

use crate::limits::{ByteSize, LimitKind, PROCESSES};

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    threads: u64,
    /// The resident memory in pages, shared pages included.
    pages: u64,
}

/// The limit that the process tree below this process exceeds, if any.
pub(super) fn find_exceeded(root: u32, memory: ByteSize) -> Option<LimitKind> {
    let tree = select_tree(root, &list_processes());
    if tree.iter().map(|process| process.threads).sum::<u64>() > PROCESSES {
        return Some(LimitKind::Processes);
    }
    let page = rustix::param::page_size() as u64;
    let resident: u64 = tree.iter().map(|process| process.pages * page).sum();
    // Pages that forked processes share were counted for each of them. An exact count is slow.
    let is_exceeded = resident > memory.0
        && tree.iter().map(|process| read_share(process.pid, process.pages * page)).sum::<u64>()
            > memory.0;
    is_exceeded.then_some(LimitKind::Memory)
}

/// All processes of this machine, as far as the system shows them.
fn list_processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// Parses `/proc/PID/stat`. The name in the second field can contain spaces and parentheses.
fn parse_stat(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(' ')?;
    let (_, rest) = rest.rsplit_once(')')?;
    // The third field of the file is the first one here.
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
    Some(Process {
        pid: pid.parse().ok()?,
        parent: u32::try_from(field(4)?).ok()?,
        threads: u64::try_from(field(20)?).ok()?,
        pages: u64::try_from(field(24)?).ok()?,
    })
}

/// A process and its descendants.
fn select_tree(root: u32, processes: &[Process]) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(*process);
    }
    let mut tree: Vec<Process> =
        processes.iter().filter(|process| process.pid == root).copied().collect();
    let mut next = 0;
    while let Some(process) = tree.get(next) {
        tree.extend(children.remove(&process.pid).unwrap_or_default());
        next += 1;
    }
    tree
}

/// The memory of a process, in which a page that several processes share counts in part; `resident`
/// if the system does not show it.
fn read_share(pid: u32, resident: u64) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let share = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = share.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
    kibibytes.map_or(resident, |kibibytes: u64| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_parsed_whatever_its_name_is() {
        let stat = "17 (a) b) R 3 17 17 0 -1 4194304 89 0 0 0 0 0 0 0 20 0 5 0 1 2 77 8";
        let process = Process { pid: 17, parent: 3, threads: 5, pages: 77 };
        assert_eq!(parse_stat(stat), Some(process));
        assert_eq!(parse_stat("17 (a"), None);
    }

    #[test]
    fn a_tree_has_the_children_of_children_and_no_others() {
        let process = |pid, parent| Process { pid, parent, threads: 1, pages: 1 };
        let all = [process(1, 0), process(9, 5), process(5, 4), process(4, 1), process(6, 1)];
        let pids: Vec<u32> = select_tree(4, &all).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [4, 5, 9]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_exceeds_a_byte_and_not_a_tebibyte() {
        let here = std::process::id();
        assert_eq!(find_exceeded(here, ByteSize(1)), Some(LimitKind::Memory));
        assert_eq!(find_exceeded(here, ByteSize(1 << 40)), None);
    }
}
