//! `/decisions`: every decision on a client, out of the journal.

use std::sync::Arc;

use infostore::{BlockTrigger, Cause, Denial, DisconnectReason, Entry, Event, Refusal, Sequence};
use registry_poll::FaultId;
use serde::{Deserialize, Serialize};
use server::View;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_words::cause_text;
use crate::events::{After, JournalPage};
use crate::extract::{Id, NoQuery, Numbered, Params, Store};
use crate::filter::{FilterText, List, Row};
use crate::list_text::Match;
use crate::outcome_fields::{Code, Trigger, disconnect_cause, refusal_cause};
use crate::page::Limit;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{CursorText, Time};
use crate::session_fields::SessionFields;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(read))
}

/// A decision on a client.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// The sequence number of its event.
    id: u64,
    /// Store time.
    at: Time,
    /// Who or what caused it: `poll:N`, `client` or `control`.
    cause: String,
    /// What it was about.
    trigger: Trigger,
    #[serde(flatten)]
    client: SessionFields,
    /// What came of it.
    action: Action,
    /// Why the client was refused, whether by the policy or not; null unless it was refused.
    refusal: Option<&'static str>,
    /// The item that forbids the client; null when none does.
    decision: Option<Match>,
    /// What the client is answered, or in audit mode would have been; null when it was admitted.
    code: Option<Code>,
    /// The fault rules in play: those that disturbed the connect, so that what was sent may not have come, or not so; and those
    /// that disturbed the last read of the registry, so that the policy may be another than was written.
    faults: Vec<u64>,
    /// The decision in one sentence.
    summary: String,
}

/// What comes of a decision.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// It has a session, and keeps it as far as this decision goes.
    Admitted,
    /// It got no session.
    Refused,
    /// Its session was ended.
    Disconnected,
    /// Its session stays, since the policy is not acted on.
    WouldBlock,
}

/// A page of decisions, oldest first.
#[derive(Serialize, ToSchema)]
struct Decisions {
    /// The decisions.
    items: Vec<Decision>,
    /// The `after` of the next page: everything up to here has been looked at.
    next: CursorText,
    /// Whether there is more already.
    more: bool,
}

/// Which decisions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DecisionQuery {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The cursor, or the id, to begin after; unless told, before the oldest entry kept.
    #[param(value_type = Option<String>)]
    after: Option<After>,
    /// Only decisions on this injected client.
    client_id: Option<u64>,
    /// Only decisions that this filter lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md has
    /// the language.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "is:blocked process:mdl.exe")]
    q: FilterText,
}

impl Action {
    /// As it is written.
    fn name(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Refused => "refused",
            Self::Disconnected => "disconnected",
            Self::WouldBlock => "would_block",
        }
    }
}

impl DecisionQuery {
    fn has(&self, decision: &Decision) -> bool {
        self.client_id.is_none_or(|id| decision.client.is_of_client(id))
    }
}

impl Decision {
    /// The decision that an entry records; none when it records something else.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        match &entry.event {
            // Of a listed one the entry that says that it would be blocked is the decision.
            Event::SessionConnected { session, generation, faults, listed: false } => {
                let client =
                    SessionFields::new(Some(session.id), &session.identity, Some(*generation));
                let admitted = Self::admitted(entry, Trigger::Connect, client);
                Some(Self { faults: ids(faults), ..admitted })
            }
            // When it may not stay, the entry that follows says so, and that is the decision.
            Event::SessionIdentified { session, kept: true, listed: false, faults } => {
                let client = SessionFields::new(Some(session.id), &session.identity, None);
                let admitted = Self::admitted(entry, Trigger::LateName, client);
                Some(Self { faults: ids(faults), ..admitted })
            }
            Event::SessionRefused { identity, refusal, generation, faults } => {
                let client = SessionFields::new(None, identity, Some(*generation));
                Some(Self { faults: ids(faults), ..Self::refused(entry, client, refusal) })
            }
            Event::SessionDisconnected { session, reason, generation, faults } => {
                let client =
                    SessionFields::new(Some(session.id), &session.identity, Some(*generation));
                let disconnected = Self::disconnected(entry, client, reason)?;
                Some(Self { faults: ids(faults), ..disconnected })
            }
            Event::SessionWouldBlock { session, trigger, why, generation, faults } => {
                let client =
                    SessionFields::new(Some(session.id), &session.identity, Some(*generation));
                let would_block = Self::would_block(entry, client, (*trigger, why));
                Some(Self { faults: ids(faults), ..would_block })
            }
            Event::SessionConnected { listed: true, .. }
            | Event::SessionIdentified { .. }
            | Event::SessionNotified { .. }
            | Event::PolicyModeChanged { .. }
            | Event::JournalTruncated { .. }
            | Event::StoreStarted { .. }
            | Event::SnapshotTaken { .. }
            | Event::StoreRestored(_)
            | Event::StoreStopped
            | Event::SessionEnded { .. }
            | Event::PolicyChanged { .. }
            | Event::EnforcementCompleted { .. }
            | Event::PollCompleted { .. }
            | Event::PollFailed { .. }
            | Event::RegistryInvalid { .. }
            | Event::RegistryChanged(_)
            | Event::StoreChanged(_)
            | Event::BuildChanged { .. }
            | Event::ClusterChanged { .. }
            | Event::PollAbandoned { .. }
            | Event::CheckpointRestored { .. }
            | Event::RegistryImported { .. }
            | Event::FaultAdded { .. }
            | Event::FaultChanged { .. }
            | Event::FaultRemoved { .. }
            | Event::UserChanged { .. }
            | Event::UserRemoved { .. }
            | Event::FaultHit { .. }
            | Event::PollSkipped { .. }
            | Event::ClockChanged { .. } => None,
        }
    }

    /// The decision in one sentence.
    pub(crate) fn summary(&self) -> &str {
        &self.summary
    }

    fn admitted(entry: &Entry, trigger: Trigger, client: SessionFields) -> Self {
        Self {
            id: entry.seq.0,
            at: Time(entry.at),
            cause: cause_text(entry.cause),
            trigger,
            client,
            action: Action::Admitted,
            refusal: None,
            decision: None,
            code: None,
            faults: Vec::new(),
            summary: "Admitted: no item matched.".to_owned(),
        }
    }

    fn refused(entry: &Entry, client: SessionFields, refusal: &Refusal) -> Self {
        let cause = refusal_cause(refusal);
        let why = cause.map_or_else(|| refusal_clause(refusal).to_owned(), ToString::to_string);
        Self {
            action: Action::Refused,
            refusal: Some(refusal.name()),
            decision: cause.map(|cause| Match::from(&**cause)),
            code: Some(Code::of_refusal(refusal)),
            summary: format!("Refused: {why}."),
            ..Self::admitted(entry, Trigger::Connect, client)
        }
    }

    fn disconnected(
        entry: &Entry,
        client: SessionFields,
        reason: &DisconnectReason,
    ) -> Option<Self> {
        let cause = disconnect_cause(reason)?;
        let trigger = match entry.cause {
            Cause::Client => Trigger::LateName,
            Cause::Control => Trigger::ModeChange,
            Cause::Start | Cause::Poll(_) | Cause::Transport | Cause::Stop | Cause::Fault(_) => {
                Trigger::PolicyChange
            }
        };
        Some(Self {
            action: Action::Disconnected,
            decision: Some(Match::from(&**cause)),
            code: Some(Code::of_disconnect(reason)),
            summary: format!("Disconnected: {cause}."),
            ..Self::admitted(entry, trigger, client)
        })
    }

    fn would_block(
        entry: &Entry,
        client: SessionFields,
        (trigger, why): (BlockTrigger, &Arc<policy::Cause>),
    ) -> Self {
        let done = match trigger {
            BlockTrigger::Connect => "refused",
            BlockTrigger::LateName | BlockTrigger::PolicyChange => "disconnected",
        };
        Self {
            action: Action::WouldBlock,
            decision: Some(Match::from(&**why)),
            code: Some(Code::of_block(trigger, why)),
            summary: format!("Would be {done}, were the policy enforced: {why}."),
            ..Self::admitted(entry, trigger.into(), client)
        }
    }
}

pub(crate) fn ids(faults: &[FaultId]) -> Vec<u64> {
    faults.iter().map(|fault| fault.0).collect()
}

fn refusal_clause(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Denied(denial) => denial_clause(*denial),
        Refusal::Policy(_) => "an item matches",
        Refusal::VersionTooOld => "the client's version is below 11.0.0.0",
        Refusal::TooManyNames => "the client reported more programs than a session may have",
        Refusal::SessionLimit => "the store has as many sessions as it takes",
        Refusal::ClassLimit => "the store knows as many kinds of programs as it takes",
        Refusal::NotRunning => "the store has not read its policy yet, or has stopped",
        Refusal::Fault(_) => "a fault rule says so",
    }
}

fn denial_clause(denial: Denial) -> &'static str {
    match denial {
        Denial::NotEncrypted { .. } => {
            "the store wants its clients to encrypt, and this one does not"
        }
        Denial::LevelTooLow => "the store wants calls to be protected better than this one is",
        Denial::Anonymous => {
            "the client has not said who it is, and the store takes nobody who does not"
        }
        Denial::AccountGone => {
            "the user that the client has proved to be is none of the store's any more"
        }
        Denial::UnknownUser => "no user of the store has the client's distinguished name",
        Denial::OtherUser => "the client's distinguished name is another user's",
        Denial::NotAdmin => "the client asks for the rights of an administrator, and is none",
    }
}

/// Lists the decisions, oldest first: who was admitted, refused, or disconnected by the policy, or in audit mode would have
/// been, and why.
#[utoipa::path(
    get, path = "/v1/stores/{store}/decisions", tag = "decisions",
    params(DecisionQuery), responses((status = 200, body = Decisions)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<DecisionQuery>,
) -> Result<Reply<Decisions>, Problem> {
    let filter = query.q.of(List::Decisions)?;
    let read = store.read(move |view| {
        let wanted = |entry| {
            let decision = Decision::of(entry).filter(|decision| query.has(decision))?;
            filter.passes(&Row::decision(entry, decision.action.name())).then_some(decision)
        };
        let journal = view.store().journal();
        let page = JournalPage::new(journal, query.after, query.limit, wanted)?;
        let JournalPage { items, next, more } = page;
        Ok((view.cursor(), Decisions { items, next, more }))
    });
    read.await?.map(Reply::ok)
}

/// Shows a decision.
#[utoipa::path(
    get, path = "/v1/stores/{store}/decisions/{id}", tag = "decisions",
    params(("id" = u64, Path, description = "The sequence number of the decision's event")),
    responses((status = 200, body = Decision)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<Sequence>,
) -> Result<Reply<Decision>, Problem> {
    let read = move |view: View<'_>| {
        let entry = view.store().journal().entry(id)?;
        Some((view.cursor(), Decision::of(entry)?))
    };
    let found = store.read(read).await?;
    found.map(Reply::ok).ok_or_else(|| Sequence::missing(id.0))
}
