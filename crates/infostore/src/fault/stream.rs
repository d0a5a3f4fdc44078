//! The random stream of a rule: a counter-based generator, so that a draw needs no state and no draw moves another.

/// What the streams of a store's rules are derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamSeed(pub u64);

/// The odd number nearest to 2^64 over the golden ratio, as SplitMix64 steps by it.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What a rule draws at an opportunity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    /// The draw of rule `rule` at its opportunity `ordinal`.
    pub(super) fn new(seed: StreamSeed, rule: u64, ordinal: u64) -> Self {
        let of_rule = mix(mix(seed.0).wrapping_add(rule.wrapping_mul(STEP)));
        Self(mix(of_rule.wrapping_add(ordinal.wrapping_mul(STEP))))
    }

    /// A number from 0 up to, and without, 1.
    pub(super) fn fraction(self) -> f64 {
        const ONE: u64 = 0x3FF0_0000_0000_0000;
        f64::from_bits(ONE | (self.0 >> 12)) - 1.0
    }

    /// More bits, which say nothing of those that [`Draw::fraction`] is made of.
    pub(super) fn bits(self) -> u64 {
        mix(self.0.wrapping_add(STEP))
    }
}

/// The finaliser of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finaliser_is_that_of_splitmix64() {
        // The first outputs of SplitMix64 seeded with 0, as its authors' program prints them.
        let outputs = [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F];
        let mut state = 0_u64;
        for output in outputs {
            state = state.wrapping_add(STEP);
            assert_eq!(mix(state), output);
        }
    }

    #[test]
    fn draws_fill_the_unit_interval_evenly_and_rules_differ() {
        let mut counts = [0_u32; 16];
        for ordinal in 0..16_000 {
            let fraction = Draw::new(StreamSeed(7), 1, ordinal).fraction();
            assert!((0.0..1.0).contains(&fraction));
            let bucket = (0..16).rposition(|n| f64::from(n) / 16.0 <= fraction);
            counts[bucket.unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        let same = (0..1_000)
            .filter(|n| {
                let of = |rule| Draw::new(StreamSeed(7), rule, *n).fraction() < 0.5;
                of(1) == of(2)
            })
            .count();
        assert!((400..600).contains(&same), "{same}");
    }
}
