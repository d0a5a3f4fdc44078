//! `/events`: the journal, in pages.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::State;
use infostore::{Cursor, Entry, Journal, Sequence};
use serde::{Deserialize, Deserializer, Serialize, de};
use server::StoreHandle;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_fields::EventText;
use crate::event_words::{EVENT_TYPES, event_type};
use crate::extract::{Params, Store};
use crate::filter::{Filter, FilterText, List, Row};
use crate::page::Limit;
use crate::problem::{Problem, ProblemType};
use crate::reply::Reply;
use crate::scalars::{CursorText, Length};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list))
}

/// An entry as one line of JSON, without a line break: what `/events` shows of it, to the byte. Equal journals make equal
/// lines.
#[expect(
    clippy::expect_used,
    reason = "INVARIANT: the structures have text keys and no writer that fails"
)]
pub fn journal_line(entry: &Entry) -> String {
    serde_json::to_string(&EventText::from(entry)).expect("an event can be written")
}

/// A page of the journal.
#[derive(Serialize, ToSchema)]
struct Events {
    /// The entries, in order.
    items: Vec<EventText>,
    /// The `after` of the next page: everything up to here has been looked at.
    next: CursorText,
    /// Whether there is more already.
    more: bool,
}

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The place to begin after: a cursor such as `1-42`, a sequence number of this epoch, or `start`, which it is unless
    /// told: before the oldest entry kept.
    #[param(value_type = Option<String>)]
    after: Option<After>,
    /// Only these types, joined by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "session.refused,session.disconnected")]
    r#type: Types,
    /// How long to wait until there is something to list, in wall time; at the most nine tenths of the time that a request
    /// has. Unless told, not at all.
    #[param(value_type = Option<String>, example = "5s")]
    wait: Option<Length>,
    /// Only entries that this filter lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md has
    /// the language.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "process:mdl.exe type:session.*")]
    q: FilterText,
}

/// A place in the journal: a cursor, a sequence number of the epoch that runs, or the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Cursor(Cursor),
    Sequence(Sequence),
    /// Before the oldest entry that is kept.
    Start,
}

/// Types of events; empty for all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types(Vec<&'static str>);

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "start" {
            return Ok(Self::Start);
        }
        match text.parse() {
            Ok(seq) => Ok(Self::Sequence(Sequence(seq))),
            Err(_) => text.parse::<CursorText>().map(|cursor| Self::Cursor(cursor.0)),
        }
    }
}

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = |name: &str| {
            let known = EVENT_TYPES.iter().copied().find(|known| *known == name);
            known.ok_or_else(|| {
                let all = EVENT_TYPES.join("`, `");
                de::Error::custom(format!("`{name}` is no type of event; they are `{all}`"))
            })
        };
        text.split(',').map(known).collect::<Result<_, _>>().map(Self)
    }
}

impl Types {
    /// The types, as they are spelt.
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.0
    }

    pub(crate) fn has(&self, entry: &Entry) -> bool {
        self.0.is_empty() || self.0.contains(&event_type(&entry.event))
    }
}

/// Before the oldest entry that is kept.
fn oldest(journal: &Journal) -> Sequence {
    Sequence(journal.evicted())
}

/// The place that is meant, which may be gone; or what is wrong with it.
pub(crate) fn place_of(journal: &Journal, after: After) -> Result<Cursor, String> {
    let Cursor { epoch, seq: last } = journal.cursor();
    let asked = match after {
        After::Start => Cursor { epoch, seq: oldest(journal) },
        After::Sequence(seq) => Cursor { epoch, seq },
        After::Cursor(cursor) => cursor,
    };
    if asked.epoch == epoch && last < asked.seq {
        let newest = CursorText(journal.cursor());
        return Err(format!("{} lies ahead: the newest entry is {newest}", CursorText(asked)));
    }
    Ok(asked)
}

/// Where a page begins: an error when the entries after that place are gone.
pub(crate) fn begin_after(journal: &Journal, after: Option<After>) -> Result<Sequence, Problem> {
    place(journal, after.unwrap_or(After::Start), "after")
}

/// The place that a parameter of the query names: an error when the journal no longer goes back that far, or has not come
/// that far.
pub(crate) fn place(
    journal: &Journal,
    asked: After,
    parameter: &'static str,
) -> Result<Sequence, Problem> {
    let asked = place_of(journal, asked).map_err(|detail| Problem::query(parameter, detail))?;
    if asked.epoch == journal.cursor().epoch && oldest(journal) <= asked.seq {
        return Ok(asked.seq);
    }
    Err(gone(journal, asked, parameter))
}

/// The journal no longer goes back to a place, or the place is of another epoch.
pub(crate) fn gone(journal: &Journal, asked: Cursor, parameter: &'static str) -> Problem {
    let epoch = journal.cursor().epoch;
    let detail = if asked.epoch == epoch {
        format!("the entries after {} have left the journal", CursorText(asked))
    } else {
        format!("{} is of epoch {}, and epoch {} runs", CursorText(asked), asked.epoch.0, epoch.0)
    };
    let first = CursorText(Cursor { epoch, seq: oldest(journal) }).to_string();
    Problem::new(ProblemType::CursorGone, detail)
        .hint(format!("begin with `{parameter}={first}`"))
        .first_available(first)
}

/// A page of what entries of the journal say.
pub(crate) struct JournalPage<T> {
    pub(crate) items: Vec<T>,
    /// Everything up to here has been looked at.
    pub(crate) next: CursorText,
    pub(crate) more: bool,
}

impl<'a, T> JournalPage<T> {
    /// The first entries after a place of which `say` has something to say.
    pub(crate) fn new(
        journal: &'a Journal,
        after: Option<After>,
        limit: Limit,
        say: impl Fn(&'a Entry) -> Option<T>,
    ) -> Result<Self, Problem> {
        let after = begin_after(journal, after)?;
        let Cursor { epoch, seq: last } = journal.cursor();
        let mut said = journal.entries_after(after).filter_map(|e| Some((e.seq, say(e)?)));
        let page: Vec<(Sequence, T)> = said.by_ref().take(limit.count()).collect();
        let more = said.next().is_some();
        // With nothing more to come, everything has been looked at.
        let last_shown = page.last().filter(|_| more).map(|(seq, _)| *seq);
        let next = CursorText(Cursor { epoch, seq: last_shown.unwrap_or_else(|| last.max(after)) });
        Ok(Self { items: page.into_iter().map(|(_, item)| item).collect(), next, more })
    }
}

/// Lists what happened, oldest first.
///
/// With `wait` the answer comes as soon as there is an entry to list, or is empty after that time.
#[utoipa::path(
    get, path = "/v1/stores/{store}/events", tag = "events",
    params(EventQuery), responses((status = 200, body = Events)),
)]
async fn list(
    State(app): State<App>,
    Store(store): Store,
    Params(query): Params<EventQuery>,
) -> Result<Reply<Events>, Problem> {
    let EventQuery { limit, after, r#type, wait, q } = query;
    let asked = Asked { limit, after, types: r#type, filter: q.of(List::Events)? };
    let Some(Length(wait)) = wait else {
        return page(&store, asked).await.map(Reply::ok);
    };
    within_request(wait, app.config().limits.request_timeout)?;
    let found = timeout(wait, something(&store, asked.clone())).await;
    // After the time an empty page will do.
    let found = if let Ok(found) = found { found } else { page(&store, asked).await };
    found.map(Reply::ok)
}

/// A page that is asked for.
#[derive(Clone)]
struct Asked {
    limit: Limit,
    after: Option<After>,
    types: Types,
    filter: Filter,
}

/// Refuses a wait that is longer than a request may take.
pub(crate) fn within_request(wait: Duration, request: Duration) -> Result<(), Problem> {
    let most = request.saturating_sub(request.checked_div(10).unwrap_or_default());
    if wait <= most {
        return Ok(());
    }
    let detail = format!("it is {}, and can be {} at the most", Length(wait), Length(most));
    Err(Problem::query("wait", detail))
}

/// The first page that is not empty.
async fn something(store: &StoreHandle, mut asked: Asked) -> Result<(Cursor, Events), Problem> {
    let mut moved = store.follow();
    loop {
        // Before the journal is looked at, so that what comes after that is noticed.
        moved.mark_unchanged();
        let found = page(store, asked.clone()).await?;
        if !found.1.items.is_empty() {
            return Ok(found);
        }
        asked.after = Some(After::Cursor(found.1.next.0));
        // An error is the store's end, which the next look tells.
        drop(moved.changed().await);
    }
}

async fn page(store: &StoreHandle, asked: Asked) -> Result<(Cursor, Events), Problem> {
    let read = store.read(move |view| {
        let wanted = |entry| {
            let passes = asked.types.has(entry) && asked.filter.passes(&Row::event(entry));
            passes.then_some(entry)
        };
        let JournalPage { items, next, more } =
            JournalPage::new(view.store().journal(), asked.after, asked.limit, wanted)?;
        let items = items.into_iter().map(EventText::from).collect();
        Ok((view.cursor(), Events { items, next, more }))
    });
    read.await?
}
