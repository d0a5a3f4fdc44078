//! `exstore`: an Exchange Server 2003 information store that a test can script.

mod args;
mod caret;
mod commands;
mod demo;
mod exit;
mod filter;
mod generated;
mod health;
mod http;
mod http_driver;
mod journal_file;
mod lints;
mod listing;
mod once;
mod output;
mod problem;
mod remote;
mod run;
mod scenario;
mod serve;
mod signals;
mod startup;
mod table;
mod token;
mod variables;
mod visible;

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let mut command = variables::command(|_| true);
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    let args = match matches.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    output::log_to_stderr(args.log_format);
    let done = match args.command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Run(run) => return run::run(&run),
        Command::Demo(demo) => demo::run(&demo),
        Command::Scenario(scenario) => scenario::run(&scenario),
        Command::Health(health) => health::run(&health),
        Command::Openapi(openapi) => remote::openapi(&openapi),
        Command::Completions(shell) => {
            generated::completions(&shell);
            Ok(())
        }
        Command::Man(pages) => generated::manual(&pages),
        Command::Noun(noun) => commands::run(&noun),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => exit::report(&failure),
    }
}
