//! Why it happened: the item that met, the poll that found it, or what else ended a session.

use crate::event::{Scalar, StoreEvent};

/// The item that forbids the client, and the poll that found it. None when the event names no item.
pub(super) fn because_of_decision(event: &StoreEvent, found_by: Option<i64>) -> Option<String> {
    let decision = event.field("decision");
    let item = decision.field("item").text()?;
    let number = decision.field("ordinal").in_words().map(|number| format!("item {number} "));
    let list = list_of(event).map(|list| format!(" of {list}"));
    let poll = found_by.map(|poll| format!(", found by poll {poll}"));
    Some(format!(
        "it matches {}`{item}`{}{}{}",
        number.unwrap_or_default(),
        list.unwrap_or_default(),
        poll.unwrap_or_default(),
        generation(event)
    ))
}

/// What `reason`, or of a refusal `refusal`, says in words.
pub(super) fn because_of_reason(event: &StoreEvent) -> Option<String> {
    let reasons = ["reason", "refusal"].map(|name| event.field(name));
    let reason = reasons.into_iter().find(|reason| **reason != Scalar::Null)?;
    let text = match reason.text() {
        Some("policy") => "the policy forbids the program",
        Some("admin") => "somebody asked for it through the control plane",
        Some("limit" | "too_many_names") => {
            "more process names were reported than a session may have"
        }
        Some("restart") => "the store restarts",
        Some("shutdown") => "the store stops",
        Some("version_too_old") => "the version is below 11.0.0.0",
        Some("session_limit") => "the store holds as many sessions as it may",
        Some("class_limit") => "the store knows as many kinds of programs as it may",
        Some("not_encrypted") => "the store wants its clients to encrypt",
        Some("level_too_low") => "the store wants calls to be protected better",
        Some("anonymous") => "the store takes nobody who does not say who they are",
        Some("account_gone") => "the user is none of the store's any more",
        Some("unknown_user") => "no user has that distinguished name",
        Some("other_user") => "the distinguished name is another user's",
        Some("not_admin") => "the rights of an administrator are for administrators",
        Some("not_running") => "the store is not running",
        _ => return reason.in_words().map(|reason| reason.replace('_', " ")),
    };
    Some(text.to_owned())
}

/// ` (generation 1)`, or nothing.
pub(super) fn generation(event: &StoreEvent) -> String {
    let generation = event.field("generation").in_words();
    generation.map_or_else(String::new, |generation| format!(" (generation {generation})"))
}

/// The list that an event's decision names, by its registry value.
pub(super) fn list_of(event: &StoreEvent) -> Option<String> {
    let list = event.field("decision").field("list").text()?;
    let value = match list {
        "processes" => "Disable MAPI Client Processes",
        "versions" => "Disable MAPI Clients",
        other => other,
    };
    Some(format!("\"{value}\""))
}

/// `` `a.exe`, `b.exe` ``; none when there is none.
pub(super) fn quoted_list(items: &Scalar) -> Option<String> {
    let Scalar::List(items) = items else {
        return None;
    };
    let items = items.iter().filter_map(Scalar::text).map(|item| format!("`{item}`"));
    let items: Vec<String> = items.collect();
    (!items.is_empty()).then(|| items.join(", "))
}
