//! The variable of every flag. Flags that many commands share, and those of `serve` and `run`, name theirs where they are
//! defined: `EXSTORE_` and the flag. Every other flag is one command's, and so is its variable: `EXSTORE_`, the words of the
//! command, and the flag, so that nothing set for one command changes what another does.

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::args::Args;

/// What every variable begins with.
const PREFIX: &str = "EXSTORE";

/// The command line, with a variable for every flag that may be `heard` of there.
pub(crate) fn command(heard: impl Fn(&str) -> bool) -> Command {
    below(Args::command(), PREFIX, &heard)
}

/// A command with its flags' variables, and the commands below it with theirs.
fn below(command: Command, words: &str, heard: &impl Fn(&str) -> bool) -> Command {
    let command = command.mut_args(|arg| with_variable(arg, words, heard));
    command.mut_subcommands(|command| {
        let words = joined(words, command.get_name());
        below(command, &words, heard)
    })
}

fn with_variable(arg: Arg, words: &str, heard: &impl Fn(&str) -> bool) -> Arg {
    let Some(flag) = arg.get_long() else { return arg };
    let own = arg.get_env().and_then(|name| name.to_str());
    let name = own.map_or_else(|| joined(words, flag), str::to_owned);
    let arg = if is_switch(&arg) { arg.value_parser(BoolishValueParser::new()) } else { arg };
    // What a variable holds is nobody's who reads a manual, and may be a place that is nobody's business.
    let arg = arg.hide_env_values(true);
    if heard(&name) { arg.env(name) } else { arg.env(Resettable::Reset) }
}

/// Whether the variable of a flag is that of every command which has the flag.
pub(crate) fn is_shared(arg: &Arg) -> bool {
    let shared = arg.get_long().map(|flag| joined(PREFIX, flag));
    shared.is_some_and(|name| arg.get_env().is_some_and(|variable| variable == name.as_str()))
}

/// Whether a flag is one that is there or not.
pub(crate) fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// `EXSTORE_CLIENT` and `client-version` are `EXSTORE_CLIENT_CLIENT_VERSION`.
fn joined(words: &str, word: &str) -> String {
    format!("{words}_{}", word.to_ascii_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Command;

    use super::command;

    /// Flags without a variable: what they do is all that the command does, whatever was set.
    const NONE: [&str; 2] = ["help", "version"];

    /// Each flag of a command and of those below: the command's words, the flag, and its variable.
    fn flags(command: &Command, words: &str) -> Vec<(String, String, Option<String>)> {
        let own = command.get_arguments().filter_map(|arg| {
            let name = arg.get_env().map(|name| name.to_string_lossy().into_owned());
            Some((words.to_owned(), arg.get_long()?.to_owned(), name))
        });
        let below = command
            .get_subcommands()
            .flat_map(|below| flags(below, format!("{words} {}", below.get_name()).trim()));
        own.chain(below).collect()
    }

    fn all() -> Vec<(String, String, Option<String>)> {
        let mut command = command(|_| true);
        command.build();
        flags(&command, "")
    }

    #[test]
    fn every_flag_has_a_variable() {
        let all = all();
        assert!(300 < all.len(), "only {} flags", all.len());
        for (words, flag, variable) in all {
            let exempt = NONE.contains(&flag.as_str());
            assert_eq!(variable.is_none(), exempt, "`{words} --{flag}`: {variable:?}");
        }
    }

    #[test]
    fn a_variable_is_named_for_its_flag_and_means_one_thing() {
        let mut meant: BTreeMap<String, String> = BTreeMap::new();
        for (words, flag, variable) in all() {
            let Some(variable) = variable else { continue };
            let screaming = |text: &str| text.to_ascii_uppercase().replace(['-', ' '], "_");
            let own = format!("EXSTORE_{}_{}", screaming(&words), screaming(&flag));
            let shared = format!("EXSTORE_{}", screaming(&flag));
            let address = format!("{shared}_ADDRESS");
            assert!([own, shared, address].contains(&variable), "`{words} --{flag}`: {variable}");
            let before = meant.insert(variable.clone(), flag.clone());
            assert!(before.is_none_or(|before| before == flag), "{variable} has two meanings");
        }
    }

    #[test]
    fn every_argument_that_is_no_flag_has_no_short_name_either() {
        let mut command = command(|_| true);
        command.build();
        let mut open = vec![&command];
        while let Some(command) = open.pop() {
            for arg in command.get_arguments().filter(|arg| arg.get_long().is_none()) {
                assert!(arg.get_short().is_none(), "{}: {arg}", command.get_name());
            }
            open.extend(command.get_subcommands());
        }
    }
}
