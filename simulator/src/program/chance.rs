//! What a simulated program leaves to chance: a stream of its own for each, so that no draw of one moves another's.

use core::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

/// A stream of draws. Where it stands is all that it is, so a copy goes on as the original would.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chance(Pcg32);

impl Chance {
    /// The stream of this number; the same seed and number give the same draws on every machine.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        Self(Pcg32::new(seed, number))
    }

    /// A number from 0 up to, and without, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    /// A number below `end`; 0 when that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64().checked_rem(end).unwrap_or_default()
    }

    /// A length from the first to the second, both included, in whole microseconds.
    pub(crate) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_micros();
        let span = u64::try_from(span).unwrap_or(u64::MAX);
        from.saturating_add(Duration::from_micros(self.below(span.saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_pcg32_as_its_authors_print_it() {
        // The first numbers of pcg32-demo with its initial state 42 and sequence 54.
        let mut chance = Chance::new(42, 54);
        let drawn: Vec<u32> = (0..4).map(|_| chance.0.next_u32()).collect();
        assert_eq!(drawn, [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293]);
    }

    #[test]
    fn streams_of_neighbours_have_nothing_in_common() {
        let draws = |number| {
            let mut chance = Chance::new(7, number);
            (0..64).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        let alike = draws(1).iter().zip(draws(2)).filter(|(one, other)| **one == *other).count();
        assert!(alike < 4, "{alike}");
        assert_eq!(draws(3), draws(3));
    }

    #[test]
    fn a_length_between_two_is_neither_shorter_nor_longer() {
        let mut chance = Chance::new(1, 1);
        let (from, to) = (Duration::from_micros(5), Duration::from_micros(7));
        let drawn: std::collections::BTreeSet<u128> =
            (0..200).map(|_| chance.between(from, to).as_micros()).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(chance.between(from, from), from);
    }
}
