//! What the system tells about a process and those that it started: memory, and time on a core. Linux only.

use std::{fs, time::Duration};

use rustix::param::clock_ticks_per_second;
use serde::{Deserialize, Serialize};

/// Memory that a process has, in KiB.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Now: `VmRSS`.
    pub(crate) now_kib: u64,
    /// At most so far: `VmHWM`.
    pub(crate) most_kib: u64,
}

/// Of a process with its children, such as nginx's workers; what they share is counted for each.
pub(crate) fn memory(pid: u32) -> Memory {
    family(pid).fold(Memory::default(), |all, pid| {
        let status = read(pid, "status");
        let figure = |field: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Memory { now_kib: all.now_kib + figure("VmRSS"), most_kib: all.most_kib + figure("VmHWM") }
    })
}

/// How long a process and its children have run on cores, in their own code and in the kernel's.
pub(crate) fn cpu(pid: u32) -> Duration {
    let ticks: u64 = family(pid).map(|pid| ticks(&read(pid, "stat")).unwrap_or(0)).sum();
    Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64)
}

/// The fields `utime` and `stime` of `/proc/PID/stat`: the 14th and 15th, of which the 2nd is a name in brackets that may
/// hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn family(pid: u32) -> impl Iterator<Item = u32> {
    children(pid).into_iter().chain([pid])
}

/// The processes that this one has started and that have not ended.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let children = read(pid, &format!("task/{pid}/children"));
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Nothing, if the process has ended.
fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_on_cores_is_read_behind_a_name_that_holds_brackets_and_spaces() {
        let stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 300 45 0 0 20 0 1 0 99 0 0";
        assert_eq!(ticks(stat), Some(345));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn this_process_has_memory() {
        let Memory { now_kib, most_kib } = memory(std::process::id());
        assert!(now_kib > 0 && most_kib >= now_kib, "{now_kib} {most_kib}");
    }
}
