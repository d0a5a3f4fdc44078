//! A condition as a store's task judges it: the leaves, and how they are put together.

use clock::SimTime;
use infostore::{Cursor, Entry};
use server::{ClientChange, Condition, Fact, Look, Verdict};

use super::leaves::{EventLeaf, NeverLeaf, StateLeaf};
use super::report::{Standing, leaf};

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// Every one of these.
    All(Vec<Node>),
    /// One of these.
    Any(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// One after the other; so many have come.
    Sequence {
        steps: Vec<Node>,
        done: usize,
    },
    Event(Box<EventLeaf>),
    State(Box<StateLeaf>),
    /// Whether the store is quiescent.
    Quiescent(bool),
    Never(Box<NeverLeaf>),
}

/// A condition that is waited for from a place in the journal on.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    root: Node,
    pub(crate) after: Cursor,
}

impl Awaited {
    /// The condition, counted from `after` on, where the store stood until `at`.
    pub(crate) fn new(mut root: Node, after: Cursor, at: SimTime) -> Self {
        root.begin(at);
        Self { root, after }
    }
}

impl Condition for Awaited {
    type Report = Standing;

    fn see(&mut self, fact: &Fact<'_, Entry>) {
        self.root.see(fact);
    }

    fn see_client(&mut self, fact: &Fact<'_, ClientChange>) {
        self.root.see_client(fact);
    }

    fn look(&mut self, look: Look<'_>) -> Verdict {
        self.root.look(look)
    }

    fn next_deadline(&self) -> Option<SimTime> {
        self.root.next_deadline()
    }

    fn report(&self, look: Look<'_>) -> Standing {
        let mut leaves = Vec::new();
        self.root.tell(look, "#/until", &mut leaves);
        Standing { after: self.after, leaves }
    }
}

impl Node {
    /// It is waited for from this instant on.
    fn begin(&mut self, at: SimTime) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter_mut().for_each(|node| node.begin(at));
            }
            Self::Not(node) => node.begin(at),
            Self::Sequence { steps, done } => {
                if let Some(step) = steps.get_mut(*done) {
                    step.begin(at);
                }
            }
            Self::Never(leaf) => leaf.begin(at),
            Self::Event(_) | Self::State(_) | Self::Quiescent(_) => {}
        }
    }

    fn see(&mut self, fact: &Fact<'_, Entry>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter_mut().for_each(|node| node.see(fact));
            }
            Self::Not(node) => node.see(fact),
            Self::Sequence { steps, done } => {
                if let Some(step) = steps.get_mut(*done) {
                    step.see(fact);
                }
                // What events alone settle is settled here, so that the next step sees the very next entry.
                while steps.get(*done).is_some_and(Self::is_settled) {
                    next_step(steps, done, fact.subject().at);
                }
            }
            Self::Event(leaf) => leaf.see(fact),
            Self::State(leaf) => leaf.see(fact),
            Self::Never(leaf) => leaf.see(fact),
            Self::Quiescent(_) => {}
        }
    }

    fn see_client(&mut self, fact: &Fact<'_, ClientChange>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter_mut().for_each(|node| node.see_client(fact));
            }
            Self::Not(node) => node.see_client(fact),
            Self::Sequence { steps, done } => {
                if let Some(step) = steps.get_mut(*done) {
                    step.see_client(fact);
                }
            }
            Self::State(leaf) => leaf.see_client(fact),
            Self::Event(_) | Self::Never(_) | Self::Quiescent(_) => {}
        }
    }

    fn look(&mut self, look: Look<'_>) -> Verdict {
        match self {
            Self::All(nodes) => all(nodes.iter_mut().map(|node| node.look(look))),
            Self::Any(nodes) => any(nodes.iter_mut().map(|node| node.look(look))),
            Self::Not(node) => match node.look(look) {
                Verdict::Holds if node.is_lasting() => Verdict::Hopeless,
                Verdict::Holds => Verdict::Open,
                Verdict::Open | Verdict::Hopeless => Verdict::Holds,
            },
            Self::Sequence { steps, done } => look_at_sequence(steps, done, look),
            Self::Event(leaf) => leaf.verdict(),
            Self::State(leaf) => leaf.verdict(look),
            Self::Quiescent(wanted) if *wanted == look.quiescent => Verdict::Holds,
            Self::Quiescent(_) => Verdict::Open,
            Self::Never(leaf) => leaf.verdict(look),
        }
    }

    /// Whether it stays true once it is.
    fn is_lasting(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().all(Self::is_lasting),
            Self::Event(leaf) => leaf.is_lasting(),
            Self::Sequence { .. } | Self::Never(_) => true,
            Self::Not(_) | Self::State(_) | Self::Quiescent(_) => false,
        }
    }

    /// Whether the entries seen so far have made it true for good.
    fn is_settled(&self) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(Self::is_settled),
            Self::Any(nodes) => nodes.iter().any(Self::is_settled),
            Self::Event(leaf) => leaf.is_lasting() && leaf.verdict() == Verdict::Holds,
            Self::Sequence { steps, done } => steps.len() <= *done,
            Self::Not(_) | Self::State(_) | Self::Quiescent(_) | Self::Never(_) => false,
        }
    }

    fn next_deadline(&self) -> Option<SimTime> {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter().filter_map(Self::next_deadline).min()
            }
            Self::Not(node) => node.next_deadline(),
            Self::Sequence { steps, done } => steps.get(*done).and_then(Self::next_deadline),
            Self::Never(leaf) => leaf.came.is_none().then_some(leaf.until),
            Self::Event(_) | Self::State(_) | Self::Quiescent(_) => None,
        }
    }

    /// Tells how each leaf stands, with its place in the request.
    fn tell(&self, look: Look<'_>, place: &str, leaves: &mut Vec<super::report::Leaf>) {
        let (word, nodes) = match self {
            Self::All(nodes) => ("all", nodes.as_slice()),
            Self::Any(nodes) => ("any", nodes.as_slice()),
            Self::Sequence { steps, .. } => ("sequence", steps.as_slice()),
            Self::Not(node) => return node.tell(look, &format!("{place}/not"), leaves),
            Self::Event(_) | Self::State(_) | Self::Quiescent(_) | Self::Never(_) => {
                return leaves.push(leaf(self, look, place));
            }
        };
        for (index, node) in nodes.iter().enumerate() {
            node.tell(look, &format!("{place}/{word}/{index}"), leaves);
        }
    }
}

fn next_step(steps: &mut [Node], done: &mut usize, at: SimTime) {
    *done = done.saturating_add(1);
    if let Some(step) = steps.get_mut(*done) {
        step.begin(at);
    }
}

fn look_at_sequence(steps: &mut [Node], done: &mut usize, look: Look<'_>) -> Verdict {
    while let Some(step) = steps.get_mut(*done) {
        match step.look(look) {
            Verdict::Holds => next_step(steps, done, look.view.now()),
            verdict @ (Verdict::Open | Verdict::Hopeless) => return verdict,
        }
    }
    Verdict::Holds
}

fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::Holds, |so_far, verdict| match (so_far, verdict) {
        (Verdict::Hopeless, _) | (_, Verdict::Hopeless) => Verdict::Hopeless,
        (Verdict::Holds, Verdict::Holds) => Verdict::Holds,
        (Verdict::Open, _) | (_, Verdict::Open) => Verdict::Open,
    })
}

fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::Hopeless, |so_far, verdict| match (so_far, verdict) {
        (Verdict::Holds, _) | (_, Verdict::Holds) => Verdict::Holds,
        (Verdict::Hopeless, Verdict::Hopeless) => Verdict::Hopeless,
        (Verdict::Open, _) | (_, Verdict::Open) => Verdict::Open,
    })
}
