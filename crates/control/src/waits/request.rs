//! What a wait is asked for with, and the condition that is made of it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::condition::Node;
use super::field_test::Where;
use super::leaves::{Count, EventLeaf, Events, NeverLeaf, Selected, StateLeaf};
use super::shape::Shape;
use crate::clients::Client;
use crate::event_fields::EventText;
use crate::events::Types;
use crate::given::{self, Object};
use crate::problem::{FieldError, Problem};
use crate::scalars::{CursorText, Length};
use crate::sessions::Session;

/// Conditions in one wait.
const MOST_CONDITIONS: usize = 100;
/// How deep they may be put together, in steps of the pointer to one.
const DEEPEST: usize = 32;

static EVENT: LazyLock<Shape> = LazyLock::new(Shape::of::<EventText>);
static SESSION: LazyLock<Shape> = LazyLock::new(Shape::of::<Session>);
static CLIENT: LazyLock<Shape> = LazyLock::new(Shape::of::<Client>);

/// What to wait for, from where on, and how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "until": {"state": {"select": "sessions", "where": {"process": "mdl.exe"}, "count": {"exactly": 0}}},
    "timeout": "5s",
}))]
pub(crate) struct WaitRequest {
    /// The place in the journal that events are counted from, as a write's `Exstore-Cursor` told it; unless told, where the
    /// journal stands now.
    pub(crate) after: Option<CursorText>,
    /// Time of the wall until the wait has failed: 5s unless told, at most 10m.
    pub(crate) timeout: Option<Length>,
    /// Store time until the wait has failed; no end unless told.
    pub(crate) within: Option<Length>,
    /// `auto` moves a manual clock by itself: from deadline to deadline, as far as `within` allows, until the condition holds.
    pub(crate) clock: Option<WaitClock>,
    /// What is waited for.
    pub(crate) until: ConditionText,
}

/// Who moves the clock while somebody waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitClock {
    /// The wait.
    Auto,
}

/// A condition: an object with exactly one of these fields.
#[derive(Debug, ToSchema)]
#[schema(as = Condition, rename_all = "snake_case")]
pub(crate) enum ConditionText {
    /// Every one of these holds.
    #[schema(no_recursion)]
    All(Vec<ConditionText>),
    /// One of these holds.
    #[schema(no_recursion)]
    Any(Vec<ConditionText>),
    /// This does not hold.
    #[schema(no_recursion)]
    Not(Box<ConditionText>),
    /// These have held one after the other; each is counted from where the one before it held.
    #[schema(no_recursion)]
    Sequence(Vec<ConditionText>),
    /// Events have come since `after`.
    Event(EventCondition),
    /// There are sessions or clients now.
    State(StateCondition),
    /// The store is quiescent: nothing is due, under way or in flight. `false` for the opposite.
    Quiescent(bool),
    /// An event has not come for some store time, from `after` on.
    Never(NeverCondition),
}

/// The field that says what kind of condition it is.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    All,
    Any,
    Not,
    Sequence,
    Event,
    State,
    Quiescent,
    Never,
}

impl<'de> Deserialize<'de> for ConditionText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneField)
    }
}

/// Reads the one field of a condition.
struct OneField;

impl<'de> Visitor<'de> for OneField {
    type Value = ConditionText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConditionText, A::Error> {
        let one = "a condition has exactly one of `all`, `any`, `not`, `sequence`, `event`, `state`, `quiescent` and `never`";
        let condition = match map.next_key()?.ok_or_else(|| de::Error::custom(one))? {
            Kind::All => ConditionText::All(map.next_value()?),
            Kind::Any => ConditionText::Any(map.next_value()?),
            Kind::Not => ConditionText::Not(map.next_value()?),
            Kind::Sequence => ConditionText::Sequence(map.next_value()?),
            Kind::Event => ConditionText::Event(map.next_value_seed(Object(PhantomData))?),
            Kind::State => ConditionText::State(map.next_value_seed(Object(PhantomData))?),
            Kind::Quiescent => ConditionText::Quiescent(map.next_value()?),
            Kind::Never => ConditionText::Never(map.next_value_seed(Object(PhantomData))?),
        };
        match map.next_key::<Kind>()? {
            None => Ok(condition),
            Some(_) => Err(de::Error::custom(one)),
        }
    }
}

/// Events that have come since `after`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventCondition {
    /// Their type, or several joined by commas; any unless told.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "session.disconnected")]
    r#type: Types,
    /// The fields that an event has to have. A list allows any of its values, an object is held against the fields of one;
    /// `process` is compared as the policy does.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"group": "finance"}))]
    r#where: Map<String, Value>,
    /// How many: at least one unless told.
    #[serde(default, deserialize_with = "given::object")]
    count: CountText,
}

/// Sessions or clients that there are now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateCondition {
    /// What is counted.
    select: Select,
    /// The fields that one has to have.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"process": "mdl.exe"}))]
    r#where: Map<String, Value>,
    /// How many: at least one unless told.
    #[serde(default, deserialize_with = "given::object")]
    count: CountText,
}

/// What a state is made of.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Select {
    /// The live sessions.
    Sessions,
    /// The injected clients.
    Clients,
}

/// An event that does not come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NeverCondition {
    /// The event.
    #[serde(deserialize_with = "given::object")]
    event: AbsentEvent,
    /// The store time that it has to stay away, from `after` on.
    r#for: Length,
}

/// The event that is not to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AbsentEvent {
    /// Its type, or several joined by commas; any unless told.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "session.refused")]
    r#type: Types,
    /// The fields that it has to have.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"process": "OUTLOOK.EXE"}))]
    r#where: Map<String, Value>,
}

/// How many: `exactly`, or one or both of the others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Count)]
pub(crate) struct CountText {
    /// No fewer.
    at_least: Option<u64>,
    /// No more.
    at_most: Option<u64>,
    /// So many.
    exactly: Option<u64>,
}

impl ConditionText {
    /// The condition that is to be judged.
    pub(crate) fn node(self) -> Result<Node, Problem> {
        self.at(&Place { pointer: "#/until".to_owned(), depth: 0 }, &mut { MOST_CONDITIONS })
    }

    fn at(self, place: &Place, left: &mut usize) -> Result<Node, Problem> {
        *left = left.checked_sub(1).ok_or_else(|| {
            place.problem(format!("a wait has at most {MOST_CONDITIONS} conditions"))
        })?;
        if DEEPEST < place.depth {
            return Err(
                place.problem(format!("no condition is more than {DEEPEST} steps below another"))
            );
        }
        Ok(match self {
            Self::All(nodes) => Node::All(several(nodes, &place.below("all"), left)?),
            Self::Any(nodes) => Node::Any(several(nodes, &place.below("any"), left)?),
            Self::Not(node) => Node::Not(Box::new(node.at(&place.below("not"), left)?)),
            Self::Sequence(nodes) => {
                Node::Sequence { steps: several(nodes, &place.below("sequence"), left)?, done: 0 }
            }
            Self::Event(event) => Node::Event(Box::new(event.leaf(&place.below("event"))?)),
            Self::State(state) => Node::State(Box::new(state.leaf(&place.below("state"))?)),
            Self::Quiescent(wanted) => Node::Quiescent(wanted),
            Self::Never(never) => Node::Never(Box::new(never.leaf(&place.below("never"))?)),
        })
    }
}

fn several(
    nodes: Vec<ConditionText>,
    place: &Place,
    left: &mut usize,
) -> Result<Vec<Node>, Problem> {
    if nodes.is_empty() {
        return Err(place.problem("it has at least one condition"));
    }
    let each = |(index, node): (usize, ConditionText)| node.at(&place.below(index), left);
    nodes.into_iter().enumerate().map(each).collect()
}

impl EventCondition {
    fn leaf(self, place: &Place) -> Result<EventLeaf, Problem> {
        let wanted = self.count.count(&place.below("count"))?;
        Ok(EventLeaf::new(events(self.r#type, self.r#where, place)?, wanted))
    }
}

impl NeverCondition {
    fn leaf(self, place: &Place) -> Result<NeverLeaf, Problem> {
        let AbsentEvent { r#type, r#where } = self.event;
        Ok(NeverLeaf::new(events(r#type, r#where, &place.below("event"))?, self.r#for.0))
    }
}

impl StateCondition {
    fn leaf(self, place: &Place) -> Result<StateLeaf, Problem> {
        let (selected, shape) = match self.select {
            Select::Sessions => (Selected::Sessions, &SESSION),
            Select::Clients => (Selected::Clients, &CLIENT),
        };
        let tests = Where::parse(self.r#where, &shape.whole(), &place.below("where").pointer)?;
        Ok(StateLeaf::new(selected, tests, self.count.count(&place.below("count"))?))
    }
}

fn events(types: Types, tests: Map<String, Value>, place: &Place) -> Result<Events, Problem> {
    let types = types.names().to_vec();
    let tests = Where::parse(tests, &EVENT.variants(&types), &place.below("where").pointer)?;
    Ok(Events { types, tests })
}

impl CountText {
    fn count(self, place: &Place) -> Result<Count, Problem> {
        match self {
            Self { at_least: None, at_most: None, exactly: None } => {
                Ok(Count { at_least: 1, at_most: u64::MAX })
            }
            Self { at_least: None, at_most: None, exactly: Some(count) } => {
                Ok(Count { at_least: count, at_most: count })
            }
            Self { exactly: Some(_), .. } => {
                Err(place.problem("`exactly` goes without `at_least` and `at_most`"))
            }
            Self { at_least, at_most, exactly: None } => {
                let count =
                    Count { at_least: at_least.unwrap_or(0), at_most: at_most.unwrap_or(u64::MAX) };
                let possible = count.at_least <= count.at_most;
                possible.then_some(count).ok_or_else(|| {
                    place.problem("no number is at least `at_least` and at most `at_most`")
                })
            }
        }
    }
}

impl From<Count> for CountText {
    fn from(Count { at_least, at_most }: Count) -> Self {
        if at_least == at_most {
            return Self { exactly: Some(at_least), ..Self::default() };
        }
        let at_most = Some(at_most).filter(|most| *most < u64::MAX);
        Self { at_least: Some(at_least), at_most, exactly: None }
    }
}

/// A place in the body.
struct Place {
    pointer: String,
    depth: usize,
}

impl Place {
    fn below(&self, step: impl fmt::Display) -> Self {
        let depth = self.depth.saturating_add(1);
        Self { pointer: format!("{}/{step}", self.pointer), depth }
    }

    fn problem(&self, detail: impl Into<String>) -> Problem {
        Problem::body(FieldError::at(self.pointer.clone(), detail))
    }
}
