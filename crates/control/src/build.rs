//! `/build`: the simulated build of the store service, and the hotfix of KB 920185 (policy S1, S2).

use infostore::{Build, ServiceFile};
use policy::BlockList;
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Nothing, OptionalBody, Store};
use crate::precondition::Precondition;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{BuildText, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, change)).routes(routes!(install_hotfix))
}

/// The build of the store service.
#[derive(Serialize, ToSchema)]
#[schema(as = Build)]
struct BuildState {
    /// The build whose files are installed; the service runs it from its next start on.
    installed: BuildText,
    /// The build that runs: the one that was installed when the service started.
    running: BuildText,
    /// The product that the installed build belongs to.
    #[schema(value_type = String, example = "Exchange Server 2003 SP2 with KB 920185")]
    product: &'static str,
    /// The service pack of Exchange Server 2003 that the installed build has, 0 before the first; null for a later product.
    #[schema(example = 2)]
    service_pack: Option<u8>,
    /// Which lists the running build follows.
    honours: Honours,
    /// Whether another build is installed than the one that runs.
    restart_needed: bool,
    /// The files of the installed build that the hotfix replaces.
    files: Vec<FileState>,
}

/// Which lists a build follows.
#[derive(Serialize, ToSchema)]
struct Honours {
    /// `Disable MAPI Client Processes`.
    processes: bool,
    /// `Disable MAPI Clients`.
    versions: bool,
}

/// A file of the store service. What no document says is null.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceFile)]
struct FileState {
    /// Its name.
    #[schema(value_type = String, example = "Exosal.dll")]
    name: &'static str,
    /// Its version.
    version: Option<BuildText>,
    /// Its size.
    bytes: Option<u32>,
    /// When it was built, to the minute.
    built: Option<Time>,
}

/// The build to install.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BuildChange {
    /// A build of Exchange 2003 to 2013. It runs from the next start of the service on.
    build: BuildText,
}

impl BuildState {
    fn new(view: View<'_>) -> Self {
        let installed = view.store().settings().build;
        let running = view.store().running_build();
        Self {
            installed: BuildText(installed),
            running: BuildText(running),
            product: installed.product(),
            service_pack: service_pack(installed),
            honours: Honours {
                processes: running.honours(BlockList::Processes),
                versions: running.honours(BlockList::Versions),
            },
            restart_needed: installed != running,
            files: installed.files().map(FileState::from).into(),
        }
    }
}

impl From<ServiceFile> for FileState {
    fn from(ServiceFile { name, version, bytes, built }: ServiceFile) -> Self {
        Self { name, version: version.map(BuildText), bytes, built: built.map(Time) }
    }
}

fn service_pack(build: Build) -> Option<u8> {
    match build {
        _ if build.major != Build::RTM.major => None,
        _ if build < Build::SP1 => Some(0),
        _ if build < Build::SP2 => Some(1),
        _ => Some(2),
    }
}

async fn show(store: &StoreHandle) -> Result<Reply<BuildState>, Problem> {
    Ok(Reply::ok(store.read(|view| (view.cursor(), BuildState::new(view))).await?))
}

/// Shows the build that is installed and the one that runs.
#[utoipa::path(
    get, path = "/v1/stores/{store}/build", tag = "build",
    responses((status = 200, body = BuildState)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<BuildState>, Problem> {
    show(&store).await
}

/// Installs another build. The service runs it from its next start on: POST /restart.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/build", tag = "build",
    request_body = BuildChange,
    responses((status = 200, body = BuildState)),
)]
async fn change(
    _: NoQuery,
    Store(store): Store,
    when: Precondition,
    Body(BuildChange { build: BuildText(build) }): Body<BuildChange>,
) -> Result<Reply<BuildState>, Problem> {
    when.on(&store, |view| Some(BuildState::new(view))).install_build(build).await?;
    show(&store).await
}

/// Installs the hotfix of KB 920185 as its setup does: the service stops, its files are replaced, it starts. Answers when
/// the registry has been read and all that follows has happened.
#[utoipa::path(
    post, path = "/v1/stores/{store}/build/install-hotfix", tag = "build",
    request_body(content = Option<Nothing>),
    responses((status = 200, body = BuildState)),
)]
async fn install_hotfix(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<BuildState>, Problem> {
    store.install_hotfix().await?;
    show(&store).await
}
