//! An address opened in a browser. That none could be opened is said, and is nobody's failure: the address is on stdout.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::task;

use crate::output;

/// Opens it with this program; unless told, with one that `BROWSER` names, or with what the system has, where there is a display.
pub(super) async fn open(url: &str, program: Option<&Path>) {
    let named = env::var_os("BROWSER").filter(|named| !named.is_empty());
    let opened = match (program, named) {
        (Some(program), _) => start(Command::new(program), url),
        (None, Some(named)) => start_one_of(&named, url),
        (None, None) if has_display() => start_system_s(url.to_owned()).await,
        (None, None) => Err("there is no display".to_owned()),
    };
    if let Err(why) = opened {
        output::err(&format!("no browser was opened: {why}"));
    }
}

/// The program may be the browser itself, and end with its last window: nobody waits for that, but whether it went well is told.
fn start(mut command: Command, url: &str) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = tokio::process::Command::from(command).spawn();
    let mut child = child.map_err(|error| format!("`{name}` can't be run: {error}"))?;
    drop(tokio::spawn(async move {
        if let Ok(status) = child.wait().await
            && !status.success()
        {
            output::err(&format!("`{name}` ended with {status}: no browser may have been opened"));
        }
    }));
    Ok(())
}

/// The first that can be run of commands with colons between them, as `BROWSER` has them.
fn start_one_of(named: &OsString, url: &str) -> Result<(), String> {
    let mut why = "BROWSER names no program".to_owned();
    for command in named.to_string_lossy().split(':') {
        // Without `%s` the address is the last argument, and that is where it stands in practice.
        let mut words = command.split_whitespace().filter(|word| *word != "%s");
        let Some(program) = words.next() else { continue };
        let mut command = Command::new(program);
        command.args(words);
        match start(command, url) {
            Ok(()) => return Ok(()),
            Err(error) => why = error,
        }
    }
    Err(why)
}

async fn start_system_s(url: String) -> Result<(), String> {
    let opened = task::spawn_blocking(move || open::that_detached(url)).await;
    opened.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Whether there is something to show a browser on. Without it the system would look for one that runs in a terminal, and this
/// terminal is in use.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let any = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(is_set);
    cfg!(target_os = "macos") || any
}
