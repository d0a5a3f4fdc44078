//! `exstore demo`: the Note of KB 920185, told by the scenario of that name on a store of its own.

use simulator::Scenario;

use crate::args::Demo;
use crate::exit::{Code, Failure};
use crate::scenario::{on_a_store_of_its_own, run_one};

const NOTE: &str = include_str!("../../../fixtures/scenarios/kb-920185-note.toml");

/// Tells the story, and fails when it does not go as the article says.
pub(crate) fn run(args: &Demo) -> Result<(), Failure> {
    let scenario =
        Scenario::parse(NOTE).map_err(|error| Failure::from_error(Code::Internal, &error))?;
    let transport = args.transport;
    on_a_store_of_its_own(args.journal.as_ref(), move |url| {
        if run_one(url, &scenario, Some(transport))? {
            return Ok(());
        }
        Err(Failure::new(Code::NotMet, "the store does not do what the article says"))
    })
}
