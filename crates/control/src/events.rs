//! `/events`: the journal, in pages.

use infostore::{Cursor, Entry, Journal, Sequence};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_fields::EventText;
use crate::event_words::{EVENT_TYPES, event_type};
use crate::extract::{Params, Store};
use crate::page::Limit;
use crate::problem::{Problem, ProblemType};
use crate::reply::Reply;
use crate::scalars::CursorText;

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
    /// The place to begin after: a cursor such as `1-42`, or a sequence number of this epoch; unless told, before the
    /// oldest entry kept.
    #[param(value_type = Option<String>)]
    after: Option<After>,
    /// Only these types, joined by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "session.refused,session.disconnected")]
    r#type: Types,
}

/// A place in the journal: a cursor, or a sequence number of the epoch that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Cursor(Cursor),
    Sequence(Sequence),
}

/// Types of events; empty for all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types(Vec<&'static str>);

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(seq) => Ok(Self::Sequence(Sequence(seq))),
            Err(_) => {
                let cursor = text.parse::<CursorText>().map_err(de::Error::custom)?;
                Ok(Self::Cursor(cursor.0))
            }
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

    fn has(&self, entry: &Entry) -> bool {
        self.0.is_empty() || self.0.contains(&event_type(&entry.event))
    }
}

/// Where a page begins: an error when the entries after that place are gone.
pub(crate) fn begin_after(journal: &Journal, after: Option<After>) -> Result<Sequence, Problem> {
    let Cursor { epoch, seq: last } = journal.cursor();
    let oldest = journal.first().map_or(last, |first| Sequence(first.0.saturating_sub(1)));
    let asked = match after {
        None => Cursor { epoch, seq: oldest },
        Some(After::Sequence(seq)) => Cursor { epoch, seq },
        Some(After::Cursor(cursor)) => cursor,
    };
    if asked.epoch == epoch && last < asked.seq {
        let newest = CursorText(Cursor { epoch, seq: last });
        let detail = format!("{} lies ahead: the newest entry is {newest}", CursorText(asked));
        return Err(Problem::query("after", detail));
    }
    if asked.epoch == epoch && oldest <= asked.seq {
        return Ok(asked.seq);
    }
    let detail = if asked.epoch == epoch {
        format!("the entries after {} have left the journal", CursorText(asked))
    } else {
        format!("{} is of epoch {}, and epoch {} runs", CursorText(asked), asked.epoch.0, epoch.0)
    };
    let first = CursorText(Cursor { epoch, seq: oldest }).to_string();
    Err(Problem::new(ProblemType::CursorGone, detail)
        .hint(format!("begin with `after={first}`"))
        .first_available(first))
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
#[utoipa::path(
    get, path = "/v1/stores/{store}/events", tag = "events",
    params(EventQuery), responses((status = 200, body = Events)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<EventQuery>,
) -> Result<Reply<Events>, Problem> {
    let read = store.read(move |view| {
        let journal = view.store().journal();
        let wanted = |entry| query.r#type.has(entry).then_some(entry);
        let JournalPage { items, next, more } =
            JournalPage::new(journal, query.after, query.limit, wanted)?;
        let items = items.into_iter().map(EventText::from).collect();
        Ok((view.cursor(), Events { items, next, more }))
    });
    read.await?.map(Reply::ok)
}
