//! What happened to the service and the machines that it runs on, in words.

use super::sentence::{Sentence, plain, word};
use crate::event::{Scalar, StoreEvent};

/// A cluster as the last event about it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cluster {
    /// `per_node` or `checkpointed`.
    mode: String,
    /// The node that the store runs on.
    pub(super) active: String,
}

impl Cluster {
    /// None when the event says that there is no cluster.
    pub(super) fn of(event: &StoreEvent) -> Option<Self> {
        let mode = event.field("mode").text().filter(|mode| *mode != "none")?;
        let active = event.field("active").text()?;
        Some(Self { mode: mode.to_owned(), active: active.to_owned() })
    }
}

pub(super) fn started(event: &StoreEvent) -> Sentence {
    let build = event.field("build").in_words();
    let interval = event.field("poll_interval").in_words();
    let build = build.map(|build| format!(" as build {build}"));
    let interval = interval.map(|interval| format!(" and polls every {interval}"));
    plain(format!("the store starts{}{}", build.unwrap_or_default(), interval.unwrap_or_default()))
}

/// A setting: the one that is not null.
pub(super) fn set_up(event: &StoreEvent) -> Sentence {
    if let Some(interval) = event.field("poll_interval").in_words() {
        return plain(format!("the store polls every {interval} from now on"));
    }
    if let Some(level) = event.field("min_auth_level").in_words() {
        return plain(let_in(event, &level));
    }
    if let Scalar::Bool(given) = *event.field("async_notifications") {
        let more = if given { "" } else { "no " };
        let told = format!("the store gives out {more}handles to wait for events with from now on");
        return plain(told);
    }
    if let Some(polls) = event.field("polls_max").in_words() {
        let (retry, delay) = (word(event, "retry"), word(event, "retry_delay"));
        let told =
            format!("ask for events every {polls}, and to retry {retry} times after {delay}");
        return plain(format!("clients are told to {told}, from now on"));
    }
    let watch = event.field("registry_watch").text();
    let disconnect = event.field("disconnect").text();
    plain(match (watch, disconnect) {
        (Some("always"), _) => "the store follows values whenever they are created".to_owned(),
        (Some("armed_at_start"), _) => {
            "the store follows the values that are there when it starts, and no others".to_owned()
        }
        (_, Some("connection")) => {
            "whoever is disconnected loses the connection from now on".to_owned()
        }
        (_, Some("context")) => {
            "whoever is disconnected keeps the connection from now on, and is told at the next call"
                .to_owned()
        }
        _ => "the store is set up differently".to_owned(),
    })
}

/// Whom the store lets in.
fn let_in(event: &StoreEvent, level: &str) -> String {
    let everybody = *event.field("anonymous") != Scalar::Bool(false);
    let who = if everybody { "whoever comes" } else { "whoever says who they are" };
    match level {
        "none" => format!("the store takes {who} from now on"),
        level => format!("the store takes {who} with protection `{level}` or better from now on"),
    }
}

/// What becomes of a user.
pub(super) fn user(event: &StoreEvent, becomes: &str) -> Sentence {
    plain(format!("user `{}` {becomes}", word(event, "name")))
}

pub(super) fn build_changed(event: &StoreEvent) -> Sentence {
    let (from, to) = (word(event, "from"), word(event, "to"));
    plain(format!("build {to} is installed over {from}, to run from the next start on"))
}

/// `known` is the cluster before the event.
pub(super) fn cluster_changed(event: &StoreEvent, known: Option<&Cluster>) -> Sentence {
    let Some(cluster) = Cluster::of(event) else {
        return plain("the store is no cluster".to_owned());
    };
    let Cluster { mode, active } = &cluster;
    if known.is_some_and(|known| known.mode == *mode) {
        return plain(format!("the store moves to {active}"));
    }
    plain(match mode.as_str() {
        "per_node" => format!(
            "the store is a cluster, on {active} now, and what is written on a node stays there"
        ),
        "checkpointed" => format!(
            "the store is a cluster, on {active} now, and takes its registry key along from node to node"
        ),
        other => format!("the store is a cluster of mode {other}, on {active} now"),
    })
}

pub(super) fn poll_abandoned(event: &StoreEvent) -> Sentence {
    let number = event.field("poll").field("number").in_words();
    let number = number.map(|number| format!(" {number}")).unwrap_or_default();
    plain(format!("poll{number} comes to nothing, as the service stops"))
}

pub(super) fn checkpoint_restored(event: &StoreEvent) -> Sentence {
    let node = word(event, "node");
    plain(format!(
        "the checkpoint is restored on {node}, and what was written there besides is lost"
    ))
}

pub(super) fn registry_imported(event: &StoreEvent) -> Sentence {
    let changed = word(event, "changed");
    plain(format!("{changed} edits of the registry are made, to be noticed at the next poll"))
}

/// What is done with a snapshot, by its name when it has one.
pub(super) fn snapshot(event: &StoreEvent, is_done: &str) -> Sentence {
    let number = word(event, "snapshot");
    let name = event.field("name").text();
    let name = name.map(|name| format!(" \"{name}\"")).unwrap_or_default();
    plain(format!("snapshot {number}{name} {is_done}"))
}

/// The number of the fault rule that an event is about.
pub(super) fn fault_number(event: &StoreEvent) -> String {
    word(event, "fault")
}

pub(super) fn fault_added(event: &StoreEvent) -> Sentence {
    let effect = event.field("effect").field("registry").in_words();
    let effect =
        effect.map_or_else(String::new, |effect| format!(": {}", effect.replace('_', " ")));
    plain(format!("fault rule {} is added{effect}", fault_number(event)))
}

pub(super) fn fault_hit(event: &StoreEvent) -> Sentence {
    let fault = word(event, "fault");
    let value = event.field("value").text();
    let value = value
        .map(|value| format!("the read of \"{value}\""))
        .unwrap_or_else(|| "what comes".to_owned());
    let effect = event.field("effect").in_words().map(|effect| effect.replace('_', " "));
    let effect = effect.map(|effect| format!(": {effect}")).unwrap_or_default();
    plain(format!("fault rule {fault} disturbs {value}{effect}"))
}
