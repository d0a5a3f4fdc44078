//! Which versions a list matches, and which item first: stretches of the line of all versions.

use std::collections::BTreeSet;

use crate::version::ClientVersion;

/// Every version from `low` to `high`, both included, by their positions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Stretch {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Stretch {
    /// From one version to another, or from the first of all, or to the last.
    pub(crate) fn new(low: Option<ClientVersion>, high: Option<ClientVersion>) -> Self {
        Self {
            low: low.map_or(0, ClientVersion::position),
            high: high.map_or(u64::MAX, ClientVersion::position),
        }
    }

    pub(crate) fn contains(self, version: ClientVersion) -> bool {
        (self.low..=self.high).contains(&version.position())
    }

    /// Whether nothing lies between the end of this one and the beginning of `next`.
    fn touches(self, next: Self) -> bool {
        self.high.checked_add(1).is_none_or(|after| next.low <= after)
    }
}

/// The versions that some stretches hold, for looking them up.
#[derive(Clone, Default, Debug)]
pub(crate) struct VersionIndex {
    /// In ascending order, without overlap: a stretch and the first one given that holds it.
    segments: Vec<(Stretch, usize)>,
    /// The same versions in as few stretches as possible.
    merged: Vec<Stretch>,
}

/// The same versions, whichever stretches they were given in.
impl PartialEq for VersionIndex {
    fn eq(&self, other: &Self) -> bool {
        self.merged == other.merged
    }
}

impl VersionIndex {
    /// Takes time in proportion to `n log n` for `n` stretches, and has at most `2n` segments.
    pub(crate) fn new(stretches: &[Stretch]) -> Self {
        let mut index = Self::default();
        let mut open = BTreeSet::new();
        let mut from = 0_u64;
        for edge in edges(stretches) {
            if let Some(to) = edge.at.checked_sub(1) {
                index.append(Stretch { low: from, high: to }, open.first().copied());
            }
            from = edge.at;
            if edge.opens {
                open.insert(edge.ordinal);
            } else {
                open.remove(&edge.ordinal);
            }
        }
        index.append(Stretch { low: from, high: u64::MAX }, open.first().copied());
        index
    }

    /// The first stretch given that holds the version, in `log n` steps.
    pub(crate) fn find(&self, version: ClientVersion) -> Option<usize> {
        let position = version.position();
        let before = self.segments.partition_point(|(stretch, _)| stretch.high < position);
        let (stretch, ordinal) = self.segments.get(before)?;
        (stretch.low <= position).then_some(*ordinal)
    }

    /// Whether every version of the stretch is held, if need be by several together.
    pub(crate) fn covers(&self, stretch: Stretch) -> bool {
        let before = self.merged.partition_point(|held| held.high < stretch.low);
        let held = self.merged.get(before);
        held.is_some_and(|held| held.low <= stretch.low && stretch.high <= held.high)
    }

    /// Appends what follows all that is there, if it holds any version and a stretch holds it.
    fn append(&mut self, stretch: Stretch, ordinal: Option<usize>) {
        let Some(ordinal) = ordinal.filter(|_| stretch.low <= stretch.high) else {
            return;
        };
        self.segments.push((stretch, ordinal));
        match self.merged.last_mut() {
            Some(last) if last.touches(stretch) => last.high = stretch.high,
            Some(_) | None => self.merged.push(stretch),
        }
    }
}

/// A place where a stretch begins, or the one after its end.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    at: u64,
    ordinal: usize,
    opens: bool,
}

fn edges(stretches: &[Stretch]) -> Vec<Edge> {
    let both = stretches.iter().enumerate().flat_map(|(ordinal, stretch)| {
        let opening = Edge { at: stretch.low, ordinal, opens: true };
        let closing = stretch.high.checked_add(1).map(|at| Edge { at, ordinal, opens: false });
        std::iter::once(opening).chain(closing)
    });
    let mut edges: Vec<Edge> = both.collect();
    edges.sort_unstable();
    edges
}

/// Of each stretch that lies within another one: which, and which other. None may be there twice.
pub(crate) fn within_another(stretches: &[Stretch]) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, Stretch)> = stretches.iter().copied().enumerate().collect();
    order.sort_unstable_by_key(|(_, stretch)| (stretch.low, u64::MAX.saturating_sub(stretch.high)));
    let mut furthest: Option<(usize, u64)> = None;
    let mut within = Vec::new();
    for (ordinal, stretch) in order {
        match furthest {
            Some((other, high)) if stretch.high <= high => within.push((ordinal, other)),
            Some(_) | None => furthest = Some((ordinal, stretch.high)),
        }
    }
    within.sort_unstable();
    within
}
