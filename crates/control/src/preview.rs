//! `/policy/preview`: who would be cut off if the lists were changed so, and at which cursor this is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use infostore::{Generation, Preview, SessionRecord};
use policy::{BlockList, ItemRef, Lint};
use serde::{Deserialize, Serialize};
use server::{ListChange, View};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_fields::ListChangeText;
use crate::extract::{Body, Params, Store};
use crate::given::Given;
use crate::list_text::{LintText, ListName, Match, lints};
use crate::page::Limit;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::CursorText;
use crate::session_fields::SessionFields;
use crate::setting_names::PolicyModeName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(preview))
}

/// How the lists would be changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Proposal {
    /// The text of the list of programs; null has its value deleted, and without the field it is as the registry has it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "mdl.exe; beta.exe")]
    processes: Given<String>,
    /// The text of the list of versions; null has its value deleted, and without the field it is as the registry has it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "-5.3164.0; 11.0.0-11.5703.0")]
    versions: Given<String>,
}

/// How much to show.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// Sessions in `disconnected` at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
}

/// What a poll would do at this cursor if the lists had been changed so, the policy were enforced, and no fault disturbed it.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
struct PreviewText {
    /// Where the store stands: this is true as long as it has not moved. As `if_cursor` of a change it makes sure of that.
    cursor: CursorText,
    /// The policy in force, which it is held against.
    generation: u64,
    /// Whether policies are acted on. What is said here is what comes of it where they are.
    mode: PolicyModeName,
    /// What would become of the lists in force.
    change: PolicyChangeText,
    /// Sessions that would be disconnected.
    count: usize,
    /// The first of them, in session order, each with the item that forbids it.
    disconnected: Vec<CutOff>,
    /// Whether there are more of them than `disconnected` shows.
    truncated: bool,
    /// How many each item would disconnect; items that would disconnect nobody are left out.
    by_item: Vec<ItemCount>,
    /// Sessions that would stay, the unidentified among them.
    kept: usize,
    /// Sessions that would stay since they have no process name, and no item holds their version.
    unidentified: usize,
    /// What there is to say about the lists.
    lints: ListLints,
}

/// What would become of the policy in force.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyChange)]
struct PolicyChangeText {
    /// The list of programs.
    processes: ListChangeText,
    /// The list of versions.
    versions: ListChangeText,
}

/// A session that would be disconnected.
#[derive(Serialize, ToSchema)]
struct CutOff {
    #[serde(flatten)]
    session: SessionFields,
    /// The item that forbids it.
    decision: Match,
}

/// An item, and how many sessions it forbids.
#[derive(Serialize, ToSchema)]
struct ItemCount {
    /// The list that has the item.
    list: ListName,
    /// The item as written.
    item: String,
    /// Its position among the items, from 1.
    ordinal: usize,
    /// Sessions that it would disconnect.
    count: usize,
}

/// Lints of both lists.
#[derive(Serialize, ToSchema)]
struct ListLints {
    /// Of the list of programs; null when its value is not read, see `registry_watch`.
    processes: Option<Vec<LintText>>,
    /// Of the list of versions; null when its value is not read, see `registry_watch`.
    versions: Option<Vec<LintText>>,
}

impl Proposal {
    fn changes(self) -> Vec<(BlockList, ListChange)> {
        let given = [(BlockList::Processes, self.processes), (BlockList::Versions, self.versions)];
        let change = |(list, given)| match given {
            Given::Absent => None,
            Given::Null => Some((list, ListChange::Delete)),
            Given::Value(text) => Some((list, ListChange::Write(text))),
        };
        given.into_iter().filter_map(change).collect()
    }
}

impl PreviewText {
    fn new(view: View<'_>, preview: &Preview, limit: Limit) -> Self {
        let generation = view.store().generation();
        let count = preview.disconnected.len();
        let shown = preview.disconnected.iter().take(limit.count());
        Self {
            cursor: CursorText(view.cursor()),
            generation: generation.0,
            mode: view.store().settings().policy_mode.into(),
            change: PolicyChangeText {
                processes: (&preview.change.processes).into(),
                versions: (&preview.change.versions).into(),
            },
            count,
            disconnected: shown
                .map(|(session, cause)| CutOff::new(session, cause, generation))
                .collect(),
            truncated: limit.count() < count,
            by_item: by_item(preview),
            kept: preview.kept,
            unidentified: preview.unidentified,
            lints: ListLints::new(preview),
        }
    }
}

impl CutOff {
    fn new(session: &SessionRecord, cause: &policy::Cause, generation: Generation) -> Self {
        Self {
            session: SessionFields::new(Some(session.id), &session.identity, Some(generation)),
            decision: cause.into(),
        }
    }
}

impl ListLints {
    fn new(preview: &Preview) -> Self {
        let of = |list| {
            let found = preview.lints.iter().find(|(of, _)| *of == list);
            found.map(|(_, found): &(_, Arc<[Lint]>)| lints(&**found))
        };
        Self { processes: of(BlockList::Processes), versions: of(BlockList::Versions) }
    }
}

/// In the order of the lists, and of the items in each.
fn by_item(preview: &Preview) -> Vec<ItemCount> {
    let mut counts: BTreeMap<(BlockList, usize), (&ItemRef, usize)> = BTreeMap::new();
    for (_, cause) in &preview.disconnected {
        let (_, count) = counts.entry((cause.list, cause.item.ordinal)).or_insert((&cause.item, 0));
        *count = count.saturating_add(1);
    }
    let item = |((list, ordinal), (item, count)): ((BlockList, usize), (&ItemRef, usize))| {
        let (item, ordinal) = (item.text.to_string(), ordinal.saturating_add(1));
        ItemCount { list: list.into(), item, ordinal, count }
    };
    counts.into_iter().map(item).collect()
}

/// Says who would be cut off if the lists were changed so, also in audit mode, where nobody is. Nothing changes. A change of one list with `if_cursor` set to
/// the `cursor` of the answer does exactly this, or is refused; but for what is written into a registry file from outside
/// meanwhile, which no cursor knows of.
#[utoipa::path(
    post, path = "/v1/stores/{store}/policy/preview", tag = "policy",
    params(PreviewQuery), request_body = Proposal,
    responses((status = 200, body = PreviewText)),
)]
async fn preview(
    Store(store): Store,
    Params(PreviewQuery { limit }): Params<PreviewQuery>,
    Body(proposal): Body<Proposal>,
) -> Result<Reply<PreviewText>, Problem> {
    let changes = proposal.changes();
    let read = store.read(move |view| {
        let preview = view.preview(&changes)?;
        Ok((view.cursor(), PreviewText::new(view, &preview, limit)))
    });
    read.await?.map(Reply::ok)
}
