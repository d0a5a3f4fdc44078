//! The clients that a fleet comes to, one after another.

use super::{Fleet, FleetGroup};
use crate::driver::Transport;
use crate::program::chance::Chance;
use crate::program::{Individual, Program};
use crate::spec::{ClientMode, ClientSpec};

/// One connection of a client of a fleet.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The group, which labels it.
    pub group: &'a str,
    /// How its bytes travel.
    pub transport: Transport,
    /// What it does.
    pub program: Program,
}

impl Fleet {
    /// Every connection of every client, in the order of the groups, the clients, and each client's connections. The first
    /// client has the number 1.
    ///
    /// Who a client is and when it comes is drawn from its own stream of `seed`, and so is what each of its connections does.
    pub fn members(&self, seed: u64) -> impl Iterator<Item = Member<'_>> {
        let firsts = self.groups().iter().scan(1_u64, |next, group| {
            let first = *next;
            *next = next.saturating_add(group.clients());
            Some(first)
        });
        let transport = self.transport();
        self.groups().iter().zip(firsts).flat_map(move |(group, first)| {
            (0..group.clients()).flat_map(move |index| {
                let number = first.saturating_add(index);
                connections(group, number, index, seed).map(move |program| Member {
                    group: group.name(),
                    transport,
                    program,
                })
            })
        })
    }
}

/// The connections of a client: the same program, which comes once.
fn connections(
    group: &FleetGroup,
    number: u64,
    index: u64,
    seed: u64,
) -> impl Iterator<Item = Program> {
    let mut chance = Chance::new(seed, stream(number, 0));
    let spec = identity(group, number, &mut chance);
    let arrives = group.habits().arrives((index, group.clients()), &mut chance);
    (1..=group.connections()).map(move |connection| {
        let chance = Chance::new(seed, stream(number, u64::from(connection)));
        Program::individual(spec.clone(), group.habits(), Individual { number, arrives, chance })
    })
}

/// Who a client is.
fn identity(group: &FleetGroup, number: u64, chance: &mut Chance) -> ClientSpec {
    let (cached, all) = group.cached_of_all();
    let mode = if chance.below(all) < cached { ClientMode::Cached } else { ClientMode::Classic };
    group.kind(chance).numbered(number).in_mode(mode)
}

/// The stream of a client, and of each of its connections: there are fewer than [`STREAMS`].
fn stream(number: u64, connection: u64) -> u64 {
    number.saturating_mul(STREAMS).saturating_add(connection)
}

/// Streams of a client.
const STREAMS: u64 = 32;
