//! `/scenarios` and `/scenarios/{scenario}/runs`: scenarios kept with a store, and played on it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use infostore::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use server::StoreHandle;
use simulator::{Scenario, ScenarioTable, Wrong};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::book::{Kept, MOST_BYTES};
use super::plane::RouterPlane;
use super::run::{RunRequest, RunState, RunStateName};
use super::stream;
use crate::app::App;
use crate::body::limited_bytes;
use crate::extract::{
    NamedStore, NoQuery, OptionalBody, Params, media_type, parse_object, path_parameter,
    unsupported,
};
use crate::page::{Limit, take_page};
use crate::percent::percent_encoded;
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem, ProblemType};
use crate::reply::{Reply, with_cursor};
use crate::router::bare;
use crate::scalars::{Length, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, add))
        .routes(routes!(read, remove))
        .routes(routes!(runs, start))
        .routes(routes!(run, cancel))
        .routes(routes!(watch))
        .routes(routes!(schema))
}

/// A scenario in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedScenario)]
struct Listed {
    /// Its name.
    name: String,
    /// What it shows.
    about: String,
    /// Store time when it starts.
    start: Time,
    /// How many steps it has.
    steps: usize,
    /// How many of its runs are remembered.
    runs: usize,
}

/// A page of scenarios, in the order of their names.
#[derive(Serialize, ToSchema)]
struct Scenarios {
    /// The scenarios.
    items: Vec<Listed>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<String>,
}

/// A scenario.
#[derive(Serialize, ToSchema)]
#[schema(as = Scenario)]
struct Shown {
    #[serde(flatten)]
    listed: Listed,
    /// The type of `text`: `application/toml` or `application/json`.
    format: &'static str,
    /// What was sent.
    text: String,
}

/// A scenario to keep. `GET /v1/schemas/scenario` has the JSON Schema of everything in it.
#[derive(ToSchema)]
#[schema(as = NewScenario)]
#[expect(dead_code, reason = "it describes what simulator::ScenarioTable reads")]
struct NewScenario {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it shows.
    about: String,
    /// Store time when it starts.
    start: Time,
    /// The build that the store starts with; its own unless told.
    build: Option<String>,
    /// What happens, in order: each step has `say` and exactly one action.
    #[schema(value_type = Vec<Object>, example = json!([{"say": "The store polls.", "poll": true}]))]
    steps: Vec<Value>,
}

/// The runs of a scenario that are remembered, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = ScenarioRuns)]
struct Runs {
    /// The runs.
    items: Vec<RunState>,
}

/// A page of a list that is ordered by name.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NamedPage {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The name to begin after: the `next` of the page before.
    after: Option<String>,
}

/// How long to wait for a run to change.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RunQuery {
    /// How long to wait until the run changes, in wall time; at the most nine tenths of the time that a request has. Unless told, not at all.
    #[param(value_type = Option<String>, example = "5s")]
    wait: Option<Length>,
    /// The `revision` that is known already; unless told, the present one.
    after: Option<u64>,
}

/// The scenario that the path names.
struct Name(String);

/// The run that the path names, by its number.
struct Number(String);

impl FromRequestParts<App> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        path_parameter(parts, "scenario").await.map(Self)
    }
}

impl FromRequestParts<App> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        path_parameter(parts, "run").await.map(Self)
    }
}

/// A scenario as JSON or as TOML.
struct Sent(Kept);

impl FromRequest<App> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let most = MOST_BYTES.min(app.config().limits.body_bytes);
        let bytes = limited_bytes(request, app, most).await?;
        let is_toml = match kind.as_str() {
            "application/toml" => true,
            "application/json" => false,
            other => {
                let hint = "send TOML with `Content-Type: application/toml`, or JSON with `application/json`";
                return Err(unsupported(other).hint(hint));
            }
        };
        let scenario = if is_toml { None } else { Some(of_json(&bytes)?) };
        let text = String::from_utf8(bytes.into()).map_err(|_| {
            Problem::new(ProblemType::InvalidScenario, "the file is not written in UTF-8")
        })?;
        let scenario = scenario.map_or_else(|| of_toml(&text), Ok)?;
        Ok(Self(Kept::new(scenario, text, is_toml)))
    }
}

fn of_json(bytes: &[u8]) -> Result<Scenario, Problem> {
    let table: ScenarioTable = parse_object(bytes)?;
    table.into_scenario().map_err(|Wrong { pointer, message }| {
        Problem::body(FieldError::at(format!("#{pointer}"), message))
    })
}

fn of_toml(text: &str) -> Result<Scenario, Problem> {
    Scenario::parse(text).map_err(|error| {
        let mut field = FieldError::new(error.message.clone());
        (field.line, field.column) = (Some(error.line), Some(error.column));
        Problem::new(ProblemType::InvalidScenario, error.to_string()).with(field)
    })
}

impl Listed {
    fn new(kept: &Kept) -> Self {
        let scenario = &kept.scenario;
        Self {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            start: Time(scenario.start),
            steps: scenario.steps.len(),
            runs: kept.runs.len(),
        }
    }
}

impl Shown {
    fn new(kept: &Kept) -> Self {
        let format = if kept.is_toml { "application/toml" } else { "application/json" };
        Self { listed: Listed::new(kept), format, text: kept.text.clone() }
    }
}

/// Shows the JSON Schema of scenarios.
#[utoipa::path(
    get, path = "/v1/schemas/scenario", tag = "scenarios", operation_id = "scenario_schema",
    responses((status = 200, body = Object, description = "A JSON Schema (2020-12)")),
)]
async fn schema(_: NoQuery) -> Json<Value> {
    Json(simulator::schema())
}

/// Lists the scenarios that are kept with a store, by name.
#[utoipa::path(
    get, path = "/v1/stores/{store}/scenarios", tag = "scenarios", operation_id = "scenarios",
    params(NamedPage), responses((status = 200, body = Scenarios)),
)]
async fn list(
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Params(page): Params<NamedPage>,
) -> Result<Reply<Scenarios>, Problem> {
    let scenarios = app.books().list(app.stores(), (&name, &handle), |all| {
        let after = |name: &String| page.after.as_ref().is_none_or(|after| after < name);
        let items = all.filter(|(name, _)| after(name)).map(|(_, kept)| Listed::new(kept));
        let (items, next) = take_page(items, page.limit, |listed| listed.name.clone());
        Scenarios { items, next }
    });
    let cursor = handle.read(|view| view.cursor()).await?;
    Ok(Reply::ok((cursor, scenarios)))
}

/// Keeps a scenario with a store: as JSON, or as TOML (`application/toml`), of at most 1 MiB. A store holds 100. They stay over resets, and go with the store.
#[utoipa::path(
    post, path = "/v1/stores/{store}/scenarios", tag = "scenarios", operation_id = "add_scenario",
    request_body(content((NewScenario = "application/json"), (String = "application/toml"))),
    responses((status = 201, body = Shown)),
)]
async fn add(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Sent(kept): Sent,
) -> Result<Response, Problem> {
    let shown = Shown::new(&kept);
    app.books().add(app.stores(), (&name, &handle), kept)?;
    let cursor = handle.read(|view| view.cursor()).await?;
    let path = format!("/v1/stores/{name}/scenarios/{}", percent_encoded(&shown.listed.name));
    Ok(located(Reply::created((cursor, shown)).into_response(), &path))
}

/// Shows a scenario.
#[utoipa::path(
    get, path = "/v1/stores/{store}/scenarios/{scenario}", tag = "scenarios", operation_id = "scenario",
    params(("scenario" = String, Path, description = "The scenario's name")),
    responses((status = 200, body = Shown)),
)]
async fn read(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
) -> Result<Reply<Shown>, Problem> {
    let shown = app.books().read(app.stores(), (&name, &handle), &scenario, Shown::new)?;
    Ok(Reply::ok((handle.read(|view| view.cursor()).await?, shown)))
}

/// Forgets a scenario and its runs. One that is under way is cancelled.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/scenarios/{scenario}", tag = "scenarios",
    operation_id = "delete_scenario",
    params(("scenario" = String, Path, description = "The scenario's name")),
    responses((status = 204, description = "The scenario is gone")),
)]
async fn remove(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    let may = |kept: &Kept| when.check(&Shown::new(kept));
    app.books().remove(app.stores(), (&name, &handle), (&scenario, may))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the runs of a scenario that are remembered, oldest first: the last 20.
#[utoipa::path(
    get, path = "/v1/stores/{store}/scenarios/{scenario}/runs", tag = "scenarios",
    operation_id = "scenario_runs",
    params(("scenario" = String, Path, description = "The scenario's name")),
    responses((status = 200, body = Runs)),
)]
async fn runs(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
) -> Result<Reply<Runs>, Problem> {
    let items: Vec<RunState> =
        app.books().read(app.stores(), (&name, &handle), &scenario, |kept| {
            kept.runs.iter().map(|run| run.watch().borrow().clone()).collect()
        })?;
    Ok(Reply::ok((known(&handle, &items), Runs { items })))
}

/// Plays a scenario on the store, **which starts over**: every session ends, clients and fault rules go, the journal begins a new epoch, and the clock is
/// manual from then on. The answer comes when it has; GET the run, or its stream, for how it goes. One run of a store is under way at a time.
#[utoipa::path(
    post, path = "/v1/stores/{store}/scenarios/{scenario}/runs", tag = "scenarios",
    operation_id = "run_scenario",
    params(("scenario" = String, Path, description = "The scenario's name")),
    request_body(content = Option<RunRequest>),
    responses((status = 202, body = RunState, description = "The run is under way")),
)]
async fn start(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
    OptionalBody(request): OptionalBody<RunRequest>,
) -> Result<Response, Problem> {
    let (run, played) = app.books().begin(app.stores(), (&name, &handle), &scenario)?;
    let plane = RouterPlane::new(bare(&app), Handle::current());
    let (player, store, draining) = (Arc::clone(&run), name.clone(), app.draining());
    let options = request.options();
    drop(spawn_blocking(move || player.play(&played, options, (plane, &store), draining)));
    let mut watched = run.watch();
    // With the store's new epoch begun, whoever asks again with the same Idempotency-Key is told the same.
    drop(watched.wait_for(|state| state.state != RunStateName::Starting).await);
    let state = watched.borrow().clone();
    let cursor = known(&handle, [&state]);
    let path =
        format!("/v1/stores/{name}/scenarios/{}/runs/{}", percent_encoded(&scenario), run.number);
    Ok(located(Reply::accepted((cursor, state)).into_response(), &path))
}

/// Shows how a run stands, or how it ended.
#[utoipa::path(
    get, path = "/v1/stores/{store}/scenarios/{scenario}/runs/{run}", tag = "scenarios",
    operation_id = "scenario_run",
    params(
        ("scenario" = String, Path, description = "The scenario's name"),
        ("run" = u64, Path, description = "The run's number"),
        RunQuery,
    ),
    responses((status = 200, body = RunState)),
)]
async fn run(
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
    Number(number): Number,
    Params(RunQuery { wait, after }): Params<RunQuery>,
) -> Result<Reply<RunState>, Problem> {
    let run = app.books().run(app.stores(), (&name, &handle), (&scenario, &number))?;
    let mut watched = run.watch();
    if let Some(Length(wait)) = wait {
        crate::events::within_request(wait, app.config().limits.request_timeout)?;
        let after = after.unwrap_or_else(|| watched.borrow().revision);
        let changed = watched.wait_for(|state| after < state.revision || state.state.is_over());
        // Whether it has changed or the time is over, it is shown as it stands.
        drop(timeout(wait, changed).await.map(drop));
    }
    let state = watched.borrow().clone();
    Ok(Reply::ok((known(&handle, [&state]), state)))
}

/// Cancels a run: it ends at once, in the midst of an advance or a wait too, and the store stays as it is then. Anything else that it has just asked the
/// store for is carried through, and on a recorded store an advance too. Of one that is over nothing changes.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/scenarios/{scenario}/runs/{run}", tag = "scenarios",
    operation_id = "cancel_scenario_run",
    params(
        ("scenario" = String, Path, description = "The scenario's name"),
        ("run" = u64, Path, description = "The run's number"),
    ),
    responses((status = 204, description = "The run is over")),
)]
async fn cancel(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
    Number(number): Number,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    let run = app.books().run(app.stores(), (&name, &handle), (&scenario, &number))?;
    when.check(&*run.watch().borrow())?;
    run.cancel();
    drop(run.watch().wait_for(|state| state.state.is_over()).await);
    Ok(StatusCode::NO_CONTENT)
}

/// Sends how a run goes, as server-sent events: `line` for each line of its timeline, `progress` with where it stands, and `end` with the run as it is then,
/// after which the stream ends. The `id` of each is how many lines have been sent; a Last-Event-ID goes on from there, as far as the lines are kept.
#[utoipa::path(
    get, path = "/v1/stores/{store}/scenarios/{scenario}/runs/{run}/stream", tag = "scenarios",
    operation_id = "stream_scenario_run",
    params(
        ("scenario" = String, Path, description = "The scenario's name"),
        ("run" = u64, Path, description = "The run's number"),
        ("Last-Event-ID" = Option<String>, Header, description = "How many lines are known, as a browser sends it"),
    ),
    responses((status = 200, description = "The events", content((String = "text/event-stream")))),
)]
async fn watch(
    _: NoQuery,
    State(app): State<App>,
    NamedStore { name, handle }: NamedStore,
    Name(scenario): Name,
    Number(number): Number,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = app.books().run(app.stores(), (&name, &handle), (&scenario, &number))?;
    let cursor = known(&handle, [&*run.watch().borrow()]);
    Ok(with_cursor(stream::response(&app, run.watch(), &headers)?, cursor))
}

/// Where a store's journal stands, as far as that is known without asking the store: it answers when it has done what a run
/// has asked for, and how the run stands is to be seen before. It is no older than what the runs were told.
fn known<'r>(store: &StoreHandle, runs: impl IntoIterator<Item = &'r RunState>) -> Cursor {
    let told = runs.into_iter().map(|run| run.cursor);
    told.fold(*store.follow().borrow(), Cursor::max)
}

fn located(mut response: Response, path: &str) -> Response {
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}
