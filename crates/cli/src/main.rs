//! `exstore`: an Exchange Server 2003 information store that a test can script.

mod args;
mod caret;
mod colour;
mod commands;
mod config;
mod config_file;
mod demo;
mod exit;
mod filter;
mod fleet;
mod generated;
mod health;
mod http;
mod http_plane;
mod journal_file;
mod lints;
mod listing;
mod once;
mod output;
mod problem;
mod progress;
mod record;
mod remote;
mod replay;
mod report;
mod report_text;
mod run;
mod scenario;
mod serve;
mod settings;
mod signals;
mod sockets;
mod startup;
mod table;
mod token;
mod users_file;
mod variables;
mod visible;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::colour::Color;
use crate::settings::{Refused, Settings};

fn main() -> ExitCode {
    let typed: Vec<OsString> = env::args_os().collect();
    if typed.get(1).is_some_and(|word| word == sockets::HOLD) {
        return sockets::hold();
    }
    // A command line that is not understood is refused in the colours that it wished for.
    Color::wished(&typed).choose();
    let ran = Settings::read(typed).and_then(|settings| {
        Color::of(&settings).choose();
        run(settings.parse()?, &settings)
    });
    match ran {
        Ok(code) => code,
        Err(Refused::Usage(error, origins)) => exit::usage(&error, &origins),
        Err(Refused::Failed(failure)) => exit::report(&failure),
    }
}

fn run(args: Args, settings: &Settings) -> Result<ExitCode, Refused> {
    output::log_to_stderr(args.log_format);
    let done = match args.command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Run(run) => return Ok(run::run(&run)),
        Command::Demo(demo) => demo::run(&demo),
        Command::Scenario(scenario) => scenario::run(&scenario),
        Command::Fleet(fleet) => fleet::run(&fleet),
        Command::Report(report) => report::run(&report),
        Command::Replay(replay) => replay::run(&replay),
        Command::Health(health) => health::run(&health),
        Command::Config(config) => {
            return config::run(&config, settings).map(|()| ExitCode::SUCCESS);
        }
        Command::Openapi(openapi) => remote::openapi(&openapi),
        Command::Completions(shell) => {
            generated::completions(&shell);
            Ok(())
        }
        Command::Man(pages) => generated::manual(&pages),
        Command::Noun(noun) => commands::run(&noun),
    };
    done.map(|()| ExitCode::SUCCESS).map_err(Refused::Failed)
}
