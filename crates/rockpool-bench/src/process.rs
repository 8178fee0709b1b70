//! What a process has used, as Linux counts it.
use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

/// A running process and the children that it had when it was named.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pids: Vec<u32>,
}

impl Process {
    /// The process and its present children: nginx works in a child.
    pub(crate) fn with_children(pid: u32) -> Self {
        let path = PathBuf::from(format!("/proc/{pid}/task/{pid}/children"));
        let children = read(&path).unwrap_or_default();
        let pids = children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok());
        Self {
            pids: std::iter::once(pid).chain(pids).collect(),
        }
    }

    /// CPU time so far in microseconds, in user and kernel mode.
    pub(crate) fn cpu_us(&self) -> Result<u64> {
        // One clock tick is 10 ms on every Linux of today.
        const TICK_US: u64 = 10_000;
        let mut ticks = 0;
        for pid in &self.pids {
            let stat = read(&PathBuf::from(format!("/proc/{pid}/stat")))?;
            let after_name = stat.rsplit_once(')').context("a strange /proc/PID/stat")?.1;
            let fields: Vec<&str> = after_name.split_whitespace().collect();
            for field in [11, 12] {
                ticks += fields
                    .get(field)
                    .context("a short /proc/PID/stat")?
                    .parse::<u64>()?;
            }
        }
        Ok(ticks * TICK_US)
    }

    /// The most memory that it had in use at any time, in KiB.
    pub(crate) fn peak_kib(&self) -> Result<u64> {
        let mut peak = 0;
        for pid in &self.pids {
            let status = read(&PathBuf::from(format!("/proc/{pid}/status")))?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))
                .context("no VmHWM")?;
            peak += line.trim().trim_end_matches(" kB").parse::<u64>()?;
        }
        Ok(peak)
    }
}

#[expect(clippy::disallowed_methods, reason = "the kernel's figures are files")]
fn read(path: &PathBuf) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
