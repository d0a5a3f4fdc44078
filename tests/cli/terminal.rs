//! What is written to a terminal, and what to a pipe: colours and signs of progress are for the first alone.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

use super::process::{Serving, exstore};

/// What a command wrote, and how it ended.
struct Written {
    /// Empty where it went to the terminal.
    stdout: String,
    terminal: String,
    code: Option<i32>,
}

/// Which of its streams are the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum On {
    Both,
    Stderr,
}

/// Runs a command on a terminal of its own.
fn on_terminal(command: &mut Command, on: On) -> Written {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags).expect("a terminal");
    unlockpt(&screen).expect("it is unlocked");
    let terminal = ioctl_tiocgptpeer(&screen, flags).expect("its other side");
    let stdout = match on {
        On::Both => Stdio::from(terminal.try_clone().expect("a descriptor")),
        On::Stderr => Stdio::piped(),
    };
    command.stdin(Stdio::null()).stdout(stdout).stderr(terminal);
    let mut child = command.spawn().expect("exstore runs");
    // This side of the terminal is closed when only the program has it.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let piped = child.stdout.take();
    let reading = thread::spawn(move || {
        let mut text = Vec::new();
        piped.map(|mut piped| piped.read_to_end(&mut text)).transpose().expect("it is read");
        String::from_utf8(text).expect("text")
    });
    let mut seen = Vec::new();
    // Its end is an error, once nobody has the terminal any more.
    drop(File::from(screen).read_to_end(&mut seen));
    let code = child.wait().expect("it ends").code();
    let stdout = reading.join().expect("nobody panicked");
    Written { stdout, terminal: String::from_utf8(seen).expect("text"), code }
}

/// The program with a terminal's name, and nothing else said of colours.
fn plain(arguments: &[&str]) -> Command {
    let mut command = exstore();
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "EXSTORE_COLOR", "CI"] {
        command.env_remove(name);
    }
    command.args(arguments).env("TERM", "xterm-256color");
    command
}

const RED: &str = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m";

#[test]
fn colours_are_for_a_terminal_whose_user_wants_them() {
    let unreachable = ["client", "list", "--control", "http://127.0.0.1:1"];
    // What is said of colours, and whether a terminal and a pipe have them.
    type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], bool, bool);
    let rows: [Row<'_>; 10] = [
        ("nothing", &[], &[], true, false),
        ("auto", &["--color", "auto"], &[], true, false),
        ("always", &["--color", "always"], &[], true, true),
        ("never", &["--color=never"], &[], false, false),
        ("NO_COLOR", &[], &[("NO_COLOR", "1")], false, false),
        ("an empty NO_COLOR", &[], &[("NO_COLOR", "")], true, false),
        ("a flag comes before NO_COLOR", &["--color", "always"], &[("NO_COLOR", "1")], true, true),
        ("the variable", &[], &[("EXSTORE_COLOR", "always")], true, true),
        ("CLICOLOR_FORCE", &[], &[("CLICOLOR_FORCE", "1")], true, true),
        ("a dumb terminal", &[], &[("TERM", "dumb")], false, false),
    ];
    for (name, flags, variables, on_terminal_, in_pipe) in rows {
        for (what, arguments) in [
            ("a failure", &unreachable[..]),
            ("wrong usage", &["client", "lst"]),
            ("help", &["client", "list", "--help"]),
        ] {
            let command = || {
                let mut command = plain(&[arguments, flags].concat());
                command.envs(variables.iter().copied());
                command
            };
            let seen = on_terminal(&mut command(), On::Both);
            assert_eq!(
                seen.terminal.contains('\u{1b}'),
                on_terminal_,
                "{name}, {what}: {}",
                seen.terminal
            );
            let piped = command().output().expect("exstore runs");
            let piped = [piped.stdout, piped.stderr].concat();
            assert_eq!(piped.contains(&0x1b), in_pipe, "{name}, {what} in a pipe");
        }
    }
}

#[test]
fn words_are_the_same_with_and_without_colours() {
    let serving = Serving::start(&["--clock", "manual"]);
    let rows: [(&str, &[&str], &str); 3] = [
        ("a failure", &["client", "show", "9"], RED),
        ("a table", &["client", "list"], "\u{1b}[1m"),
        ("a hint", &["client", "show", "9"], "\u{1b}[1m\u{1b}[36mhint:\u{1b}[0m"),
    ];
    for (name, arguments, painted) in rows {
        let seen = |when: &str| {
            let output = plain(&[arguments, &["--color", when]].concat())
                .env("EXSTORE_CONTROL", serving.control())
                .output();
            let output = output.expect("exstore runs");
            String::from_utf8([output.stdout, output.stderr].concat()).expect("text")
        };
        let (always, never) = (seen("always"), seen("never"));
        assert!(always.contains(painted), "{name}: {always:?}");
        let mut parts = always.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        let stripped =
            parts.fold(first, |text, part| text + part.split_once('m').expect("a colour").1);
        let without_request = |text: &str| {
            text.lines()
                .filter(|line| !line.contains("request: "))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(without_request(&stripped), without_request(&never), "{name}");
        let json = plain(&[arguments, &["--color", "always", "-o", "json"]].concat())
            .env("EXSTORE_CONTROL", serving.control())
            .output();
        assert!(
            !json.expect("exstore runs").stdout.contains(&0x1b),
            "{name}: data for programs has no colours"
        );
    }
}

#[test]
fn a_file_says_when_to_write_in_colours_too() {
    let folder = super::process::scratch("colours");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("exstore.toml"), "color = \"always\"\n").expect("it is written");
    let output =
        plain(&["client", "list", "--control", "http://127.0.0.1:1"]).current_dir(&folder).output();
    assert!(output.expect("exstore runs").stderr.contains(&0x1b));
}

#[test]
fn what_takes_long_says_so_on_a_terminal_and_nowhere_else() {
    let serving = Serving::start(&["--clock", "manual"]);
    let control = serving.control().to_owned();
    let on = |arguments: &[&str]| {
        let mut command = plain(arguments);
        command.env("EXSTORE_CONTROL", &control).env("NO_COLOR", "1");
        command
    };
    let tell = |arguments: &[&str]| {
        assert!(on(arguments).output().expect("exstore runs").status.success())
    };
    tell(&["client", "add", "--process", "mdl.exe", "--count", "2", "-o", "json"]);
    let listed = on(&["client", "list", "-o", "json"]).output().expect("exstore runs");
    let slow = [
        "fault",
        "add",
        "slow_answer",
        "1s",
        "--stage",
        "api",
        "--route",
        "/clients",
        "-o",
        "json",
    ];
    tell(&slow);
    let rows: [(&str, &[&str], &str); 2] = [
        ("a request", &["client", "list", "-o", "json"], "waiting for the server"),
        (
            "a wait",
            &["wait", "--sessions", "--at-least", "99", "--timeout", "1s", "-o", "json"],
            "waiting for it to be so, 1s at the most",
        ),
    ];
    for (name, arguments, said) in rows {
        let seen = on_terminal(&mut on(arguments), On::Stderr);
        assert!(seen.terminal.contains(said), "{name}: {}", seen.terminal);
        let after = seen.terminal.rsplit("\u{1b}[2K").next().unwrap_or_default();
        assert!(!after.contains(said), "{name}: it is gone when it is over: {:?}", seen.terminal);
        let piped = on(arguments).output().expect("exstore runs");
        assert!(!String::from_utf8_lossy(&piped.stderr).contains(said), "{name} in a pipe");
        assert_eq!(
            (seen.stdout.as_bytes(), seen.code),
            (&*piped.stdout, piped.status.code()),
            "{name}"
        );
        let dumb = on_terminal(on(arguments).env("TERM", "dumb"), On::Stderr);
        assert!(
            !dumb.terminal.contains(said) && !dumb.terminal.contains('\u{1b}'),
            "{name}: {}",
            dumb.terminal
        );
    }
    let seen = on_terminal(&mut on(&["client", "list", "-o", "json"]), On::Stderr);
    assert_eq!((seen.stdout.as_bytes(), seen.code), (&*listed.stdout, Some(0)), "data is as it is");
}

#[test]
fn of_several_things_it_is_told_how_many_are_done() {
    let serving = Serving::start(&["--clock", "manual"]);
    let on = |arguments: &[&str]| {
        let mut command = plain(arguments);
        command.env("EXSTORE_CONTROL", serving.control());
        command
    };
    for arguments in [
        &["client", "add", "--process", "mdl.exe", "--count", "3"][..],
        &["fault", "add", "slow_answer", "500ms", "--stage", "api", "--route", "/clients/{id}"],
    ] {
        assert!(on(arguments).output().expect("exstore runs").status.success());
    }
    let seen = on_terminal(&mut on(&["client", "delete", "1", "2", "3"]), On::Both);
    assert!(seen.terminal.contains(" of 3 ("), "{}", seen.terminal);
    for note in ["1: deleted", "2: deleted", "3: deleted"] {
        assert!(seen.terminal.contains(note), "{note}: {}", seen.terminal);
    }
    assert_eq!(seen.code, Some(0));
}

#[test]
fn of_a_fleet_s_day_it_is_told_how_much_is_over() {
    let fleet = super::process::scratch("busy-fleet.toml");
    let text = "name = \"busy\"\n[[groups]]\nname = \"a\"\nprocess = \"a.exe\"\nclients = 10\nthink = \"2s\"\n";
    std::fs::write(&fleet, text).expect("the file is written");
    let day = ["fleet", "run", fleet.to_str().expect("text"), "--for", "1h", "-o", "json"];
    let seen = on_terminal(&mut plain(&day), On::Stderr);
    assert!(seen.terminal.contains("minutes of busy ["), "{}", seen.terminal);
    assert!(seen.terminal.contains(" of 60 ("), "{}", seen.terminal);
    let piped = plain(&day).output().expect("exstore runs");
    assert!(piped.stderr.is_empty(), "{}", String::from_utf8_lossy(&piped.stderr));
    assert_eq!((seen.stdout.as_bytes(), seen.code), (&*piped.stdout, Some(0)));
}
