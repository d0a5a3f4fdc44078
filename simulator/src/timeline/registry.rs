//! What happened to the registry, in words: edits, and values that the store can't use as they stand.

use super::sentence::{Sentence, because, plain, word};
use super::service::Cluster;
use crate::event::{Scalar, StoreEvent};

pub(super) fn changed(event: &StoreEvent, cluster: Option<&Cluster>) -> Sentence {
    let on = event.field("node").text().filter(|_| cluster.is_some());
    let place = on.map(|node| format!(" on {node}")).unwrap_or_default();
    let key = word(event, "key");
    plain(match (event.field("action").text(), event.field("value")) {
        (Some("create_key"), _) => format!("key `{key}` is created{place}"),
        (Some("delete_key"), _) => format!("key `{key}` is deleted with all below it{place}"),
        (_, Scalar::Null) => {
            format!("{} is deleted{place}{}", value_name(event), noticed(event, cluster, "noticed"))
        }
        (_, set) => {
            let (name, value) = (value_name(event), value(set));
            format!("{name} is set to {value}{place}{}", noticed(event, cluster, "read"))
        }
    })
}

fn value_name(event: &StoreEvent) -> String {
    let name = format!("\"{}\"", word(event, "name"));
    if is_polled_key(event) { name } else { format!("{name} of key `{}`", word(event, "key")) }
}

/// Text as it is; of anything else, of what type it is too.
fn value(value: &Scalar) -> String {
    let kind = value.field("type").in_words().filter(|kind| kind != "REG_SZ");
    match (value.field("data").in_words(), value.field("hex").in_words()) {
        (Some(data), _) => match kind {
            None => format!("`{data}`"),
            Some(kind) => format!("the {kind} `{data}`"),
        },
        (None, Some(hex)) => {
            format!("the {} of bytes `{hex}`", kind.unwrap_or_else(|| "REG_SZ".to_owned()))
        }
        (None, None) => "something else".to_owned(),
    }
}

/// When the store learns of it; nothing for a value that it never reads.
fn noticed(event: &StoreEvent, cluster: Option<&Cluster>, how: &str) -> String {
    let name = event.field("name").text().unwrap_or_default();
    let is_list = LISTS.iter().any(|list| list.eq_ignore_ascii_case(name));
    let node = event.field("node").text();
    let is_elsewhere =
        cluster.is_some_and(|cluster| node.is_some_and(|node| cluster.active != node));
    match (is_polled_key(event) && is_list, is_elsewhere) {
        (false, _) => String::new(),
        (true, true) => ", where the store does not run".to_owned(),
        (true, false) => format!(", to be {how} at the next poll"),
    }
}

fn is_polled_key(event: &StoreEvent) -> bool {
    event.field("key").text().is_none_or(|key| key.eq_ignore_ascii_case(POLLED_KEY))
}

pub(super) fn invalid(event: &StoreEvent) -> Sentence {
    let text = format!("\"{}\" needs attention", word(event, "value"));
    let Scalar::List(lints) = event.field("lints") else {
        return because(text, event.field("problem").in_words());
    };
    let messages = lints.iter().filter_map(|lint| lint.field("message").in_words());
    let problem = event.field("problem").in_words();
    let why: Vec<String> = problem.into_iter().chain(messages).collect();
    because(text, (!why.is_empty()).then(|| why.join(": ")))
}

/// The key that the store polls.
const POLLED_KEY: &str =
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem";

/// The values that it reads there.
const LISTS: [&str; 2] = ["Disable MAPI Client Processes", "Disable MAPI Clients"];
