//! Lists that come in pages, read to their end or as far as is wanted.

use std::collections::BTreeMap;

use control::percent_encoded;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::exit::Failure;
use crate::http::{Answer, RequestError, unknown};
use crate::output::{self, Output};
use crate::remote::{Remote, value};
use crate::table::{Column, table};

/// Rows asked for at a time: the most that a page holds.
pub(crate) const PAGE: usize = 1_000;

/// Which part of a list is wanted.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Part {
    /// Begin after this one: the `next` of a list
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// Show so many at the most; all of them unless told
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

/// A page of a list.
pub(crate) struct Page {
    pub(crate) items: Vec<Box<RawValue>>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
    /// Whether there is one already.
    pub(crate) more: bool,
    /// All that the page says but its items.
    rest: BTreeMap<String, Box<RawValue>>,
}

impl Page {
    /// Whether it is a list and nothing else; an answer may have a list within.
    pub(crate) fn is_list(&self) -> bool {
        self.rest.keys().all(|name| matches!(name.as_str(), "next" | "more"))
    }

    pub(crate) fn read(answer: &Answer) -> Result<Self, RequestError> {
        let mut rest: BTreeMap<String, Box<RawValue>> = answer.read()?;
        let items = rest.remove("items").ok_or_else(no_items)?;
        let items = serde_json::from_str(items.get()).map_err(|error| unknown(&error))?;
        let next = match rest.get("next").map(|next| value(next)).transpose()? {
            None | Some(Value::Null) => None,
            Some(Value::String(next)) => Some(next),
            Some(next) => Some(next.to_string()),
        };
        let more = rest.get("more").is_none_or(|more| more.get() == "true");
        Ok(Self { items, more: more && next.is_some(), next, rest })
    }
}

fn no_items() -> RequestError {
    RequestError::Unknown("it is no list".to_owned())
}

/// Shows a list, for people as a table.
pub(crate) fn show_table(
    remote: &Remote,
    path: &str,
    part: &Part,
    columns: &[Column],
) -> Result<(), Failure> {
    show(remote, path, part, |items| table(columns, items)).map(drop)
}

/// Shows a list, for people as `text` has it. Gives what else was said with its last page, by name.
pub(crate) fn show(
    remote: &Remote,
    path: &str,
    part: &Part,
    text: impl FnOnce(&[Value]) -> Vec<String>,
) -> Result<Value, Failure> {
    let mut wanted = part.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(PAGE));
    let mut after = part.after.clone();
    let mut before = Vec::new();
    loop {
        let answer = remote.get(&page_path(path, wanted.min(PAGE), after.as_deref()))?;
        let mut page = Page::read(&answer)?;
        wanted = wanted.saturating_sub(page.items.len());
        // A page without items has no end behind it that could be reached.
        let is_last = wanted == 0 || !page.more || page.items.is_empty();
        if remote.output == Output::Jsonl {
            if !output::lines(page.items.drain(..).map(|item| item.get().to_owned())) {
                return Ok(Value::Null);
            }
        } else if is_last && before.is_empty() && remote.output == Output::Json {
            remote.show(&answer, |_| Vec::new())?;
            return Ok(Value::Null);
        }
        before.append(&mut page.items);
        if is_last {
            page.items = before;
            return show_whole(remote, &page, text);
        }
        after = page.next;
    }
}

/// Shows the last page, which has taken the items of those before it.
fn show_whole(
    remote: &Remote,
    page: &Page,
    text: impl FnOnce(&[Value]) -> Vec<String>,
) -> Result<Value, Failure> {
    let Page { items, next, more, rest } = page;
    match remote.output {
        Output::Jsonl => {}
        Output::Json => {
            let items: Vec<&str> = items.iter().map(|item| item.get()).collect();
            let rest: String =
                rest.iter().map(|(name, value)| format!(",\"{name}\":{}", value.get())).collect();
            output::lines([format!("{{\"items\":[{}]{rest}}}", items.join(","))]);
        }
        Output::Text => {
            let items: Result<Vec<Value>, _> = items.iter().map(|item| value(item)).collect();
            output::lines(text(&items?));
        }
    }
    if let Some(next) = next.as_ref().filter(|_| *more) {
        remote.note(&format!("there is more: --after {next}"));
    }
    let rest = rest.iter().map(|(name, raw)| Ok((name.clone(), value(raw)?)));
    Ok(rest.collect::<Result<_, RequestError>>().map(Value::Object)?)
}

/// The path of a page; `path` may have a query already.
pub(crate) fn page_path(path: &str, limit: usize, after: Option<&str>) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    let after = after.map(|after| format!("&after={}", percent_encoded(after)));
    format!("{path}{joint}limit={limit}{}", after.unwrap_or_default())
}
