//! What is made out of the command line's own definition: completions for shells, and manual pages.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::args::{Completions, ManPages};
use crate::exit::{Code, Failure};
use crate::{output, variables};

/// Writes the completions of a shell to stdout.
pub(crate) fn completions(args: &Completions) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut variables::command(|_| true), "exstore", &mut script);
    output::bytes(&script);
}

/// Writes a manual page for every command into a folder, or that of `exstore` to stdout.
pub(crate) fn manual(args: &ManPages) -> Result<(), Failure> {
    let mut command = variables::command(|_| true);
    command.build();
    match &args.directory {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
            pages(&command, folder)
        }
        None => {
            output::bytes(&page(&command)?);
            Ok(())
        }
    }
}

/// The page of a command, then those of the commands below it.
fn pages(command: &Command, folder: &Path) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let file = folder.join(format!("{name}.1"));
    fs::write(&file, page(command)?).map_err(|error| cannot_write(&file, &error))?;
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.filter(|below| !below.is_hide_set()).try_for_each(|below| pages(below, folder))
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let written = Man::new(command.clone()).render(&mut page);
    written.map_err(|error| Failure::from_error(Code::Internal, &error))?;
    Ok(page)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::BadInput, format!("can't write `{}`: {error}", path.display()))
}
