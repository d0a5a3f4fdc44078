//! The clients: the load generator in a process of its own, so that both sides get a processor and 20,000 descriptors each.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program that all clients run, whichever server they talk to.
pub(crate) const PROCESS: &str = "mdl.exe";

/// Where the load generator is.
pub(crate) struct LoadBinary(PathBuf);

impl LoadBinary {
    /// `path`, or the place where cargo leaves binaries of the profile that this bench was built with.
    pub(crate) fn find(path: Option<PathBuf>) -> Self {
        let beside = || {
            let bench = std::env::current_exe().expect("the bench is a file");
            let profile = bench.ancestors().nth(2).expect("PROFILE/deps/BENCH").to_owned();
            profile.join("load")
        };
        let path = path.unwrap_or_else(beside);
        assert!(
            path.is_file(),
            "there is no load generator at `{}`; build it with `cargo build --release -p exstore-simulator --bin load`, \
             or say where it is with `--load PATH`",
            path.display()
        );
        Self(path)
    }

    /// Starts clients that open `count` sessions and close each at once, when they are told to go.
    pub(crate) fn churn(&self, server: SocketAddr, count: usize) -> Load {
        self.start("churn", server, count)
    }

    /// Starts clients that open `count` sessions and wait for the server to close them.
    pub(crate) fn hold(&self, server: SocketAddr, count: usize) -> Load {
        self.start("hold", server, count)
    }

    fn start(&self, order: &str, server: SocketAddr, count: usize) -> Load {
        let mut child = Command::new(&self.0)
            .args([order, &server.to_string(), &count.to_string(), PROCESS])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the load generator starts");
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Load { child, input, output }
    }
}

/// A running load generator.
pub(crate) struct Load {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Load {
    /// Waits until it has come so far; `ready` or `done`.
    pub(crate) fn says(&mut self, expected: &str) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), expected, "the load generator has said above what went wrong");
    }

    pub(crate) fn go(&mut self) {
        self.input.write_all(b"go\n").unwrap();
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn ends(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success(), "the load generator failed at its end");
    }
}
