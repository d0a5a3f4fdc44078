//! `exstore demo`: the article KB 920185 in two acts, each told by a scenario on a store of its own; or a store to tell it on.

mod browser;
mod open;

use server::Seed;
use simulator::{Scenario, Transport};

pub(crate) use self::open::Open;
use crate::args::{Acts, Demo};
use crate::exit::{Code, Failure};
use crate::http_plane;
use crate::journal_file::JournalFile;
use crate::output;
use crate::scenario::{Own, any_port, on_a_store_of_its_own, run_one};
use crate::startup::Plane;

/// What is played, and under which heading.
#[derive(Clone, Copy)]
struct Act {
    heading: &'static str,
    scenario: &'static str,
}

const ONE: Act = Act {
    heading: "ACT ONE: the procedure. Apply the hotfix, create the value, restart the service.",
    scenario: include_str!("../../../../fixtures/scenarios/kb-920185-procedure.toml"),
};
const TWO: Act = Act {
    heading: "ACT TWO: the Note. Changes to the value are detected dynamically, every 15 minutes.",
    scenario: include_str!("../../../../fixtures/scenarios/kb-920185-note.toml"),
};

/// Tells the story, and fails at the first act that does not go as the article says. A journal has one act after the other.
pub(crate) fn run(args: &Demo) -> Result<(), Failure> {
    if args.open.open {
        return open::run(args);
    }
    let mut journal = args.journal.as_deref().map(JournalFile::create).transpose()?;
    let acts = match args.act {
        Acts::One => &[ONE][..],
        Acts::Two => &[TWO],
        Acts::Both => &[ONE, TWO],
    };
    for act in acts {
        journal = tell(*act, args.transport, journal)?;
    }
    Ok(())
}

fn tell(
    Act { heading, scenario }: Act,
    transport: Transport,
    journal: Option<JournalFile>,
) -> Result<Option<JournalFile>, Failure> {
    let scenario =
        Scenario::parse(scenario).map_err(|error| Failure::from_error(Code::Internal, &error))?;
    let own = Own { seed: Seed(0), plane: Plane::on(any_port()), journal };
    on_a_store_of_its_own(own, move |url| {
        output::out(&format!("{}  {heading}", scenario.start));
        if run_one(&mut http_plane::driver(url, None, "default"), &scenario, Some(transport))? {
            return Ok(());
        }
        Err(Failure::new(Code::NotMet, "the store does not do what the article says"))
    })
}
