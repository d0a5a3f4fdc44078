//! What happened: one sentence for each type of event.

use super::registry;
use super::service::{self, Cluster};
use super::why::{because_of_decision, because_of_reason, generation, quoted_list};
use crate::event::{Scalar, StoreEvent};

/// An event in words.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) what: What,
    pub(super) because: Option<String>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Something to one client.
    Client(ClientClause),
    /// Anything else.
    Plain(String),
}

/// Something that happened to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ClientClause {
    process: Option<String>,
    /// `alice@WKS3`, or what else tells it from others.
    whose: Option<String>,
    /// `is disconnected`.
    one: String,
    /// `are disconnected`.
    many: String,
}

impl Sentence {
    /// Whether both say the same of different clients.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Client(one), What::Client(other_one)) => {
                self.because == other.because
                    && one.process == other_one.process
                    && one.one == other_one.one
            }
            (What::Client(_) | What::Plain(_), _) => false,
        }
    }
}

impl What {
    pub(super) fn one(&self) -> String {
        match self {
            Self::Client(client) => client.one(),
            Self::Plain(text) => text.clone(),
        }
    }
}

impl ClientClause {
    fn one(&self) -> String {
        let process = self.process.as_deref().unwrap_or("an unnamed program");
        let whose = self.whose.as_deref().map(|whose| format!(" of {whose}"));
        format!("{process}{} {}", whose.unwrap_or_default(), self.one)
    }

    pub(super) fn many(&self, count: usize) -> String {
        let process = self.process.as_deref().unwrap_or("unnamed");
        format!("{count} {process} clients {}", self.many)
    }
}

/// What earlier events said that bears on this one.
pub(super) struct Before<'a> {
    /// The poll that found the policy in force.
    pub(super) found_by: Option<i64>,
    /// The cluster, where there is one.
    pub(super) cluster: Option<&'a Cluster>,
}

/// An event in words. One of an unknown type is told by its name.
pub(super) fn sentence(event: &StoreEvent, before: &Before<'_>) -> Sentence {
    let Before { found_by, cluster } = *before;
    match event.event_type.as_str() {
        "session.connected" => connected(event),
        "session.refused" => refused(event, found_by),
        "session.disconnected" => client(
            event,
            ("is disconnected", "are disconnected"),
            because_of_decision(event, found_by).or_else(|| because_of_reason(event)),
        ),
        "session.ended" => ended(event),
        "session.would_block" => client(
            event,
            ("would be blocked", "would be blocked"),
            because_of_decision(event, found_by),
        ),
        "session.identified" => client(
            event,
            ("is known by its name now", "are known by their name now"),
            Some("a call brought it".to_owned()),
        ),
        "session.notified" => client(
            event,
            ("is told of new mail", "are told of new mail"),
            Some("something happened in its mailbox".to_owned()),
        ),
        "enforcement.completed" => plain(enforcement(event)),
        "poll.completed" => plain(poll_completed(event)),
        "poll.failed" => poll_failed(event),
        "policy.changed" => policy_changed(event),
        "policy.mode_changed" => plain(mode_changed(event)),
        "registry.changed" => registry::changed(event, cluster),
        "registry.invalid" => registry::invalid(event),
        "build.changed" => service::build_changed(event),
        "cluster.changed" => service::cluster_changed(event, cluster),
        "clock.changed" => plain(clock_changed(event)),
        "poll.abandoned" => service::poll_abandoned(event),
        "checkpoint.restored" => service::checkpoint_restored(event),
        "registry.imported" => service::registry_imported(event),
        "fault.added" => service::fault_added(event),
        "fault.removed" => {
            plain(format!("fault rule {} is taken away", service::fault_number(event)))
        }
        "fault.hit" => service::fault_hit(event),
        "journal.truncated" => plain("the oldest events leave the journal".to_owned()),
        "store.started" => service::started(event),
        "store.changed" => service::set_up(event),
        "snapshot.taken" => service::snapshot(event, "is taken"),
        "user.changed" => service::user(event, "is set"),
        "user.removed" => service::user(event, "is taken away"),
        "store.restored" => service::snapshot(event, "is restored"),
        "store.stopped" => plain("the store stops".to_owned()),
        unknown => plain(format!("an event of type `{unknown}`")),
    }
}

pub(super) fn plain(text: String) -> Sentence {
    because(text, None)
}

pub(super) fn because(text: String, because: Option<String>) -> Sentence {
    let what = What::Plain(text);
    Sentence { what, because }
}

fn client(event: &StoreEvent, (one, many): (&str, &str), because: Option<String>) -> Sentence {
    let what = What::Client(ClientClause {
        process: event.process().map(ToOwned::to_owned),
        whose: whose(event),
        one: one.to_owned(),
        many: many.to_owned(),
    });
    Sentence { what, because }
}

/// Who runs the program, by the best that the event has.
fn whose(event: &StoreEvent) -> Option<String> {
    let user_dn = event.field("user_dn").text();
    let user = event
        .field("user")
        .text()
        .or_else(|| user_dn.and_then(|dn| dn.rsplit("/cn=").next()))
        .filter(|user| !user.is_empty());
    match (user, event.field("machine").text()) {
        (Some(user), Some(machine)) => Some(format!("{user}@{machine}")),
        (Some(user), None) => Some(user.to_owned()),
        (None, _) => {
            let number = |name| event.field(name).in_words();
            let client = number("client_id").map(|id| format!("client {id}"));
            client.or_else(|| number("session").map(|id| format!("session {id}")))
        }
    }
}

fn connected(event: &StoreEvent) -> Sentence {
    let why = match event.process() {
        None => "no program is named that a list could forbid".to_owned(),
        Some(_) => format!("no list in force names that program{}", generation(event)),
    };
    client(event, ("connects", "connect"), Some(why))
}

fn refused(event: &StoreEvent, found_by: Option<i64>) -> Sentence {
    let code = event.field("code");
    let value = code.field("value").integer().map(|value| format!(" (0x{value:X})"));
    let with = code.field("name").text().map(|name| format!(" with {name}"));
    let with = with.map(|with| with + &value.unwrap_or_default()).unwrap_or_default();
    let verbs = (format!("is refused{with}"), format!("are refused{with}"));
    let why = because_of_decision(event, found_by).or_else(|| because_of_reason(event));
    client(event, (&verbs.0, &verbs.1), why)
}

fn ended(event: &StoreEvent) -> Sentence {
    match event.field("reason").text() {
        Some("client") => client(event, ("ends its session", "end their sessions"), None),
        Some("transport") => {
            client(event, ("is gone", "are gone"), Some("the connection closed".to_owned()))
        }
        _ => client(
            event,
            ("has lost its session", "have lost their sessions"),
            because_of_reason(event),
        ),
    }
}

fn enforcement(event: &StoreEvent) -> String {
    let audit = event.field("mode").text() == Some("audit");
    let (field, done) = if audit {
        ("would_block", "more would be disconnected")
    } else {
        ("disconnected", "disconnected")
    };
    format!(
        "the sweep ends: {} {done}, {} kept, {} of them unidentified",
        word(event, field),
        word(event, "kept"),
        word(event, "unidentified")
    )
}

fn poll_completed(event: &StoreEvent) -> String {
    let changed = *event.field("changed") == Scalar::Bool(true);
    let policy = if changed { "a changed policy" } else { "the policy unchanged" };
    format!("{} finds {policy}", poll(event))
}

fn poll_failed(event: &StoreEvent) -> Sentence {
    // A service that starts carries nothing over.
    let at_start = event.field("poll").field("trigger").text() == Some("start");
    let until_then =
        if at_start { "nothing is in force of it" } else { "what was last read stays in force" };
    let text = format!("{} cannot read \"{}\"; {until_then}", poll(event), word(event, "value"));
    because(text, event.field("error").in_words())
}

/// `poll 2, when it was due,`.
fn poll(event: &StoreEvent) -> String {
    let poll = event.field("poll");
    let number = poll.field("number").in_words().or_else(|| poll.in_words());
    let when = match poll.field("trigger").text() {
        Some("start") => ", as the store started,",
        Some("tick") => ", when it was due,",
        Some("request") => ", on request,",
        _ => "",
    };
    format!("poll {}{when}", number.unwrap_or_else(unnamed))
}

fn policy_changed(event: &StoreEvent) -> Sentence {
    let lists = ["processes", "versions"].into_iter().filter_map(|list| {
        let change = event.field(list);
        let added = quoted_list(change.field("added")).map(|items| format!("{items} added"));
        let removed = quoted_list(change.field("removed")).map(|items| format!("{items} removed"));
        let changes: Vec<String> = [added, removed].into_iter().flatten().collect();
        (!changes.is_empty()).then(|| format!("{list} {}", changes.join(", ")))
    });
    let lists: Vec<String> = lists.collect();
    let lists = if lists.is_empty() { String::new() } else { format!(": {}", lists.join("; ")) };
    let text = format!("the policy changes{}{lists}", generation(event));
    let poll = event.poll();
    because(text, poll.map(|poll| format!("poll {poll} read another list")))
}

fn mode_changed(event: &StoreEvent) -> String {
    match event.field("mode").text() {
        Some("audit") => "the policy is only watched now: nobody is turned away".to_owned(),
        Some("enforce") => "the policy is enforced now".to_owned(),
        _ => format!("the policy's mode is {} now", word(event, "mode")),
    }
}

fn clock_changed(event: &StoreEvent) -> String {
    match event.field("target").in_words() {
        Some(target) => format!("the clock is moved to {target}"),
        None => format!("the clock is {} now", word(event, "mode")),
    }
}

/// A field in words.
pub(super) fn word(event: &StoreEvent, field: &str) -> String {
    event.field(field).in_words().unwrap_or_else(unnamed)
}

fn unnamed() -> String {
    "?".to_owned()
}
