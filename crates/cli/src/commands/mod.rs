//! The commands that talk to a running server: a file for each noun. They ask and show; what is right is the server's to say.

mod block_list;
mod client;
mod client_group;
mod clock;
mod cluster;
mod decisions;
mod event_text;
mod events;
mod fault;
mod fault_text;
mod list_text;
mod policy;
mod poll;
mod registry;
mod registry_file;
mod request;
mod session;
mod snapshot;
mod store;
mod user;
mod wait;

use clap::Subcommand;

use crate::exit::{self, Failure};

/// The nouns.
#[derive(Subcommand, Debug)]
pub(crate) enum Noun {
    /// Inject fake MAPI clients, and tell them what to do
    #[command(after_help = help(client::EXAMPLES))]
    Client(client::Client),
    /// See who is connected, and disconnect them
    #[command(after_help = help(session::EXAMPLES))]
    Session(session::Session),
    /// Read and edit the registry that the store polls
    #[command(after_help = help(registry::EXAMPLES))]
    Registry(registry::Registry),
    /// Read, check and write the lists of blocked programs and versions
    #[command(after_help = help(block_list::EXAMPLES))]
    BlockList(block_list::BlockListArgs),
    /// Poll the registry now, and see what polls found
    #[command(after_help = help(poll::EXAMPLES))]
    Poll(poll::Poll),
    /// Ask what the policy in force says, what a text would mean, and why a client is blocked
    #[command(after_help = help(policy::EXAMPLES))]
    Policy(policy::Policy),
    /// Read, set and advance store time
    #[command(after_help = help(clock::EXAMPLES))]
    Clock(clock::Clock),
    /// Read the journal, or follow it
    #[command(after_help = help(events::EXAMPLES))]
    Events(events::Events),
    /// See every decision on a client, and why
    #[command(after_help = help(decisions::EXAMPLES))]
    Decisions(decisions::Decisions),
    /// Choose how the nodes of a cluster share the registry, and fail over
    #[command(after_help = help(cluster::EXAMPLES))]
    Cluster(cluster::Cluster),
    /// See a store, restart it, reset it, choose its build
    #[command(after_help = help(store::EXAMPLES))]
    Store(store::Store),
    /// Take the store as it is, and go back to it later
    #[command(after_help = help(snapshot::EXAMPLES))]
    Snapshot(snapshot::Snapshot),
    /// See and set the users that the store knows, and what they prove themselves with
    #[command(after_help = help(user::EXAMPLES))]
    User(user::User),
    /// Make things go wrong: connections, calls, reads of the registry, polls, the clock, answers
    #[command(after_help = help(fault::EXAMPLES))]
    Fault(fault::Fault),
    /// Wait until something has happened or is so, and move the clock there if asked
    #[command(after_help = help(wait::WAIT_EXAMPLES))]
    Wait(wait::Wait),
    /// Say whether something has happened or is so; fails (1) when not
    #[command(after_help = help(wait::ASSERT_EXAMPLES))]
    Assert(wait::Assert),
}

/// Does what a noun's verb says.
pub(crate) fn run(noun: &Noun) -> Result<(), Failure> {
    match noun {
        Noun::Client(args) => client::run(args),
        Noun::Session(args) => session::run(args),
        Noun::Registry(args) => registry::run(args),
        Noun::BlockList(args) => block_list::run(args),
        Noun::Poll(args) => poll::run(args),
        Noun::Policy(args) => policy::run(args),
        Noun::Clock(args) => clock::run(args),
        Noun::Events(args) => events::run(args),
        Noun::Decisions(args) => decisions::run(args),
        Noun::Cluster(args) => cluster::run(args),
        Noun::Store(args) => store::run(args),
        Noun::Snapshot(args) => snapshot::run(args),
        Noun::User(args) => user::run(args),
        Noun::Fault(args) => fault::run(args),
        Noun::Wait(args) => wait::wait(args),
        Noun::Assert(args) => wait::assert(args),
    }
}

fn help(examples: &str) -> String {
    format!("Examples:\n{examples}\n\n{}", exit::HELP)
}
