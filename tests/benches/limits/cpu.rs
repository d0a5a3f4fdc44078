//! The processor time of this process, from the scheduler's own account.

use std::fs;
use std::time::Duration;

/// What the threads that are alive have used so far, in user and kernel mode.
///
/// The first field of `schedstat` is the time on a processor in nanoseconds (proc(5), Documentation/scheduler).
pub(crate) fn used() -> Duration {
    let threads = fs::read_dir("/proc/self/task").expect("Linux, with /proc mounted");
    let nanoseconds = threads.map(|thread| {
        let path = thread.unwrap().path().join("schedstat");
        // A thread may end while the folder is read.
        let account = fs::read_to_string(path).unwrap_or_default();
        account.split(' ').next().and_then(|used| used.parse().ok()).unwrap_or(0_u64)
    });
    Duration::from_nanos(nanoseconds.sum())
}
