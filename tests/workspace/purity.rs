//! The core crates read no clock, socket, file, environment or random source (invariant 1).

use super::{files, root, text};

const CORE: &[&str] = &["clock", "dcerpc", "emsmdb", "infostore", "policy"];

/// What would give the outside world a way in.
const FORBIDDEN: &[&str] = &[
    "std::time",
    "Instant",
    "SystemTime",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "thread_local",
    "std::io",
    "async fn",
    "rand::",
    "RandomState",
    "static mut",
    "OnceLock",
    "LazyLock",
    "Mutex",
    "AtomicU",
    "collections::HashMap",
    "collections::HashSet",
];

#[test]
fn core_crates_touch_nothing_outside() {
    for name in CORE {
        let sources = files(&root().join("crates").join(name).join("src"), ".rs");
        assert!(!sources.is_empty(), "{name} has sources");
        for path in sources {
            let code = text(&path);
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (word, line) in
                lines.flat_map(|line| FORBIDDEN.iter().map(move |word| (word, line)))
            {
                assert!(!line.contains(word), "{}: `{word}` in `{}`", path.display(), line.trim());
            }
        }
    }
}
