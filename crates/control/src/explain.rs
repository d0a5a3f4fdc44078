//! `/policy/explain`: why a client is or is not blocked, item by item, with the items that nearly block it.

use std::sync::Arc;

use infostore::{
    Build, ClientId, ClientIdentity, Entry, Origin, PolicyMode, Refusal, Sequence, SessionId,
};
use policy::{
    BlockList, ClientVersion, Columns, Decision as Verdict, Explanation, ItemVerdict, Matched,
    NearMiss, Nearness,
};
use policy::{ProcessName, Subject};
use serde::{Deserialize, Serialize};
use server::{ListedClient, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::decisions::Decision;
use crate::extract::{Body, NoQuery, Numbered, Store};
use crate::given::Given;
use crate::list_text::{ListName, Match, TextSpan};
use crate::outcome_fields::Code;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::scalars::Version;
use crate::setting_names::PolicyModeName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(explain))
}

/// Whom to explain: a client described by `process` or `processes`, a `session` that lives or that the journal knows,
/// an injected `client` as it last connected, or the client of a `decision`. Exactly one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExplainRequest)]
struct Question {
    /// The program that the client reports; null for a client that names none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "mdl.exe")]
    process: Given<String>,
    /// The programs that the client reports, in order; an empty array for one that names none.
    processes: Option<Vec<String>>,
    /// The version of the client, with `process` or `processes`; `11.0.5608.0` unless told.
    client_version: Option<Version>,
    /// The id of a live session.
    session: Option<u64>,
    /// The id of an injected client.
    client: Option<u64>,
    /// The id of a decision.
    decision: Option<u64>,
}

/// What the policy in force says of a client, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
struct Answer {
    /// Whether the client may connect and stay.
    decision: VerdictName,
    /// The policy in force, which is the one explained.
    generation: u64,
    /// Whether it is acted on.
    mode: PolicyModeName,
    /// The programs that the client reports.
    processes: Vec<String>,
    /// Its version.
    client_version: Version,
    /// Whether it names a program at all, so that the list of programs can reach it.
    identified: bool,
    /// The item that decides; null when none matches.
    matched: Option<Match>,
    /// What the client is answered when it connects and the policy is enforced; null when the policy permits it.
    code: Option<Code>,
    /// The build that runs.
    #[schema(example = "6.5.7651.19")]
    build: String,
    /// Which lists it reads.
    honoured: HonouredLists,
    /// Every item, held against the client: those of the list of programs, then those of the list of versions.
    items: Vec<ItemAnswer>,
    /// The decision that was asked about, as it was taken then; null otherwise.
    recorded: Option<Decision>,
    /// All of it in one sentence.
    summary: String,
}

/// Which lists the build that runs reads. One that it does not read blocks nobody, whatever the registry has.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct HonouredLists {
    /// Whether it reads the list of programs.
    processes: bool,
    /// Whether it reads the list of versions.
    versions: bool,
}

/// What a policy says of a client.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Verdict)]
enum VerdictName {
    /// It may connect and stay.
    Permitted,
    /// It may neither connect nor stay.
    Forbidden,
}

/// An item, held against a client.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedItem)]
struct ItemAnswer {
    /// The list that has the item.
    list: ListName,
    /// The item as written.
    item: String,
    /// Its position among the items, from 1.
    ordinal: usize,
    /// Where it stands in the text.
    span: TextSpan,
    /// Whether the client is on the list because of it.
    matches: bool,
    /// How it nearly matches; null when it matches, or is nothing like it.
    near_miss: Option<NearMissText>,
}

/// How an item nearly matches.
#[derive(Serialize, ToSchema)]
#[schema(as = NearMiss)]
struct NearMissText {
    /// The name that the client reports; null when the item is about versions.
    name: Option<String>,
    /// The client's version; null when the item is about programs.
    version: Option<Version>,
    /// What keeps the two apart: `extension`, `path`, `joined`, `wildcard` or `spelling` of a name, and of a version
    /// `reported_form`, `just_below`, `just_above` or `one_version`.
    kind: &'static str,
    /// Of a spelling, how many characters would have to change.
    edits: Option<usize>,
    /// The same in a clause.
    message: String,
}

/// Outlook 2003 as released.
const DEFAULT_VERSION: ClientVersion = ClientVersion::new(11, 0, 5608, 0);

/// Whom the question is about.
enum Target {
    Described(Subject),
    Session(SessionId),
    Client(ClientId),
    Decision(Sequence),
}

impl Question {
    fn target(self) -> Result<Target, Problem> {
        let version = self.client_version.map(|version| version.0);
        let subject = |names: Vec<String>| {
            let names = names.iter().filter_map(|name| ProcessName::parse(name));
            Target::Described(Subject::new(version.unwrap_or(DEFAULT_VERSION), names))
        };
        let process = match self.process {
            Given::Absent => None,
            Given::Null => Some(Vec::new()),
            Given::Value(name) => Some(vec![name]),
        };
        let targets = [
            process.map(subject),
            self.processes.map(subject),
            self.session.map(|id| Target::Session(SessionId(id))),
            self.client.map(|id| Target::Client(ClientId(id))),
            self.decision.map(|id| Target::Decision(Sequence(id))),
        ];
        let mut named = targets.into_iter().flatten();
        match (named.next(), named.next(), version) {
            (Some(target @ Target::Described(_)), None, _) | (Some(target), None, None) => {
                Ok(target)
            }
            (Some(_), None, Some(_)) => Err(Problem::body(FieldError::at(
                "#/client_version",
                "it goes with `process` or `processes` only; the others know their version",
            ))),
            (None, _, _) | (Some(_), Some(_), _) => Err(Problem::body(FieldError::at(
                "#",
                "give exactly one of `process`, `processes`, `session`, `client` and `decision`",
            ))),
        }
    }
}

impl Target {
    /// The client as the policy sees it, and the decision that was asked about.
    fn subject(self, view: View<'_>) -> Result<(Subject, Option<Decision>), Problem> {
        match self {
            Self::Described(subject) => Ok((subject, None)),
            Self::Session(id) => {
                let last = last_of(view, |session, _| session == Some(id));
                let live = view.store().session(id);
                let live = live.map(|session| (session.identity.subject.clone(), None));
                last.or(live).ok_or_else(|| SessionId::missing(id.0))
            }
            Self::Client(id) => {
                let client = view.client(id).ok_or_else(|| ClientId::missing(id.0))?;
                let last = last_of(
                    view,
                    |_, identity| matches!(identity.origin, Origin::Injected { client, .. } if client == id),
                );
                Ok(last.unwrap_or_else(|| (injected(&client), None)))
            }
            Self::Decision(id) => {
                let entry = view.store().journal().entry(id);
                let found =
                    entry.and_then(|entry| Some((subject_of(entry)?, Decision::of(entry)?)));
                let (subject, decision) = found.ok_or_else(|| Sequence::missing(id.0))?;
                Ok((subject, Some(decision)))
            }
        }
    }
}

/// What an injected client would say of itself, where the journal knows nothing of it.
fn injected(client: &ListedClient) -> Subject {
    let version = client.view.client_version.parse().unwrap_or(DEFAULT_VERSION);
    Subject::new(version, client.view.process.as_deref().and_then(ProcessName::parse))
}

/// The client that the newest entry about it shows, with every name that its session reported, and the newest decision.
fn last_of(
    view: View<'_>,
    about: impl Fn(Option<SessionId>, &ClientIdentity) -> bool,
) -> Option<(Subject, Option<Decision>)> {
    let mut subject = None;
    for entry in view.store().journal().entries().rev() {
        let Some((_, identity)) =
            entry.event.client().filter(|(session, client)| about(*session, client))
        else {
            continue;
        };
        let newest = subject.get_or_insert_with(|| identity.subject.clone());
        if let Some(decision) = Decision::of(entry) {
            return Some((newest.clone(), Some(decision)));
        }
    }
    subject.map(|subject| (subject, None))
}

fn subject_of(entry: &Entry) -> Option<Subject> {
    entry.event.client().map(|(_, identity)| identity.subject.clone())
}

impl Answer {
    fn new(view: View<'_>, subject: &Subject, recorded: Option<Decision>) -> Self {
        let store = view.store();
        let explanation = store.policy().explain(subject);
        let mut processes = Columns::new(store.policy().processes().text());
        let mut versions = Columns::new(store.policy().versions().text());
        let build = store.running_build();
        let mode = store.settings().policy_mode;
        let mut summary = full_summary(&explanation, subject, build, recorded.as_ref());
        if mode == PolicyMode::Audit && forbidding(&explanation.decision).is_some() {
            summary.push_str(" The store is in audit mode, so nothing is done about it.");
        }
        Self {
            decision: VerdictName::from(&explanation.decision),
            generation: store.generation().0,
            mode: mode.into(),
            processes: subject.names().iter().map(|name| name.reported().to_owned()).collect(),
            client_version: Version(subject.version()),
            identified: subject.is_identified(),
            matched: forbidding(&explanation.decision).map(Match::from),
            code: forbidding(&explanation.decision).map(refusal_code),
            build: build.to_string(),
            honoured: HonouredLists {
                processes: build.honours(BlockList::Processes),
                versions: build.honours(BlockList::Versions),
            },
            items: explanation
                .items
                .iter()
                .map(|item| match item.list {
                    BlockList::Processes => ItemAnswer::new(item, &mut processes),
                    BlockList::Versions => ItemAnswer::new(item, &mut versions),
                })
                .collect(),
            recorded,
            summary,
        }
    }
}

fn forbidding(verdict: &Verdict) -> Option<&policy::Cause> {
    match verdict {
        Verdict::Forbidden(cause) => Some(cause),
        Verdict::Permitted { .. } => None,
    }
}

/// What a client is answered that connects and is forbidden so.
fn refusal_code(cause: &policy::Cause) -> Code {
    Code::of_refusal(&Refusal::Policy(Arc::new(cause.clone())))
}

impl From<&Verdict> for VerdictName {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Permitted { .. } => Self::Permitted,
            Verdict::Forbidden(_) => Self::Forbidden,
        }
    }
}

impl ItemAnswer {
    fn new(verdict: &ItemVerdict, columns: &mut Columns<'_>) -> Self {
        Self {
            list: verdict.list.into(),
            item: verdict.item.text.to_string(),
            ordinal: verdict.item.ordinal.saturating_add(1),
            span: TextSpan::new(verdict.item.span, columns),
            matches: verdict.matches,
            near_miss: verdict.near_miss.as_ref().map(NearMissText::from),
        }
    }
}

impl From<&NearMiss> for NearMissText {
    fn from(near_miss: &NearMiss) -> Self {
        let (kind, edits) = match near_miss.nearness {
            Nearness::Extension => ("extension", None),
            Nearness::Path => ("path", None),
            Nearness::Joined => ("joined", None),
            Nearness::Wildcard => ("wildcard", None),
            Nearness::Spelling { edits } => ("spelling", Some(edits)),
            Nearness::ReportedForm => ("reported_form", None),
            Nearness::JustBelow => ("just_below", None),
            Nearness::JustAbove => ("just_above", None),
            Nearness::OneVersion => ("one_version", None),
        };
        let (name, version) = match &near_miss.reported {
            Matched::Name(name) => (Some(name.reported().to_owned()), None),
            Matched::Version(version) => (None, Some(Version(*version))),
        };
        Self { name, version, kind, edits, message: near_miss.to_string() }
    }
}

/// What was decided then, what would be now, and which lists have no part in it.
fn full_summary(
    explanation: &Explanation,
    subject: &Subject,
    build: Build,
    recorded: Option<&Decision>,
) -> String {
    let mut said = summary(explanation, subject);
    if let Some(decision) = recorded {
        said = format!("Then: {} Now: {said}", decision.summary());
    }
    for list in BlockList::ALL.into_iter().filter(|list| !build.honours(*list)) {
        let (product, value) = (build.product(), list.value_name());
        said.push_str(&format!(" Build {build} ({product}) does not read `{value}`."));
    }
    said
}

fn summary(explanation: &Explanation, subject: &Subject) -> String {
    let cause = match &explanation.decision {
        Verdict::Forbidden(cause) => return format!("Forbidden: {cause}."),
        Verdict::Permitted { .. } if explanation.items.is_empty() => "the policy is off".to_owned(),
        Verdict::Permitted { identified: false } if !judges_versions(explanation) => {
            "the client names no program, so no item can match it".to_owned()
        }
        Verdict::Permitted { .. } => none_matches(explanation, subject),
    };
    format!("Permitted: {cause}.")
}

fn none_matches(explanation: &Explanation, subject: &Subject) -> String {
    let names = subject.names().iter().map(|name| format!("`{}`", name.base_name()));
    let version = judges_versions(explanation).then(|| format!("version {}", subject.version()));
    let names = names.chain(version).collect::<Vec<_>>().join(", ");
    let near = explanation.items.iter().find_map(|item| Some((item, item.near_miss.as_ref()?)));
    let none = match explanation.items.len() {
        1 => format!("the one item does not match {names}"),
        count => format!("none of the {count} items matches {names}"),
    };
    match near {
        None => none,
        Some((ItemVerdict { item, list, .. }, near_miss)) => {
            let kind = match list {
                BlockList::Processes => "item",
                BlockList::Versions => "version item",
            };
            let number = item.ordinal.saturating_add(1);
            format!("{none}, though {kind} {number} `{}` is near: {near_miss}", item.text)
        }
    }
}

/// Whether an item is held against the client's version, which every client has.
fn judges_versions(explanation: &Explanation) -> bool {
    explanation.items.iter().any(|verdict| verdict.list == BlockList::Versions)
}

/// Says why a client is or is not blocked by the policy in force, item by item.
#[utoipa::path(
    post, path = "/v1/stores/{store}/policy/explain", tag = "policy",
    request_body = Question,
    responses((status = 200, body = Answer)),
)]
async fn explain(
    _: NoQuery,
    Store(store): Store,
    Body(question): Body<Question>,
) -> Result<Reply<Answer>, Problem> {
    let target = question.target()?;
    let read = store.read(move |view| {
        let (subject, recorded) = target.subject(view)?;
        Ok((view.cursor(), Answer::new(view, &subject, recorded)))
    });
    read.await?.map(Reply::ok)
}
