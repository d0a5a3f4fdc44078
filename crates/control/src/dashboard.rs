//! The dashboard at `/`: a page with a script of its own, out of files that another build makes and that this program holds
//! where they were there when it was compiled. Without them `/` says how to get them.
//!
//! The script reads the part of the address after `#` alone, so `/` is the only page, and every other file is below
//! `/dashboard/`. All of it is asked for with the token, as the API is: docs/security.md.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};

use crate::app::App;
use crate::content_coding::takes_gzip;
use crate::entity_tag::{EntityTag, Tags};
use crate::extract::NoQuery;
use crate::html;
use crate::problem::{Problem, ProblemType};

/// What the build of the dashboard has made, or nothing.
static DIST: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/dashboard/dist");

/// The file that is the page.
const PAGE: &str = "index.html";

/// Where the other files are.
const FOLDER: &str = "/dashboard/";

/// What the page may do: run and show what this server serves, ask this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(page)).route("/dashboard/{*file}", get(file))
}

/// The files of a dashboard, by their paths. None where there is no dashboard.
#[derive(Clone, Default)]
pub struct Bundle {
    assets: Arc<BTreeMap<String, Asset>>,
}

/// A file as it is sent: plain, or compressed to whoever takes that.
struct Asset {
    content_type: &'static str,
    plain: Representation,
    gzip: Option<Representation>,
}

/// The bytes of a form of a file, and their tag.
struct Representation {
    bytes: Bytes,
    tag: EntityTag,
}

impl Bundle {
    /// The files that this program was compiled with.
    pub fn built_in() -> Self {
        let mut files = Vec::new();
        let mut folders = vec![&DIST];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            files.extend(folder.files().filter_map(|file| {
                Some((file.path().to_str()?.to_owned(), Bytes::from_static(file.contents())))
            }));
        }
        Self::of(files)
    }

    /// Whether there is no page.
    pub fn is_empty(&self) -> bool {
        !self.assets.contains_key(PAGE)
    }

    /// These files: the page is `index.html`, and `NAME.gz` is `NAME` compressed. Whatever has a name that tells no type which
    /// dashboards have is left out.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files: BTreeMap<String, Bytes> = files.into_iter().collect();
        let assets = files.iter().filter_map(|(path, bytes)| {
            let gzip = files.get(&format!("{path}.gz")).cloned().map(Representation::new);
            let content_type = content_type(path)?;
            let plain = Representation::new(bytes.clone());
            Some((path.clone(), Asset { content_type, plain, gzip }))
        });
        Self { assets: Arc::new(assets.collect()) }
    }
}

/// What a file is, by how its name ends.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

async fn page(_: NoQuery, State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(asset) = app.config().dashboard.assets.get(PAGE) else {
        return Ok(html::response(no_bundle()));
    };
    let mut response = asset.answer(&headers)?;
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// A file by its path as it was sent: nothing in it is resolved or decoded.
async fn file(
    _: NoQuery,
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = uri.path().strip_prefix(FOLDER).filter(|name| *name != PAGE);
    match name.and_then(|name| app.config().dashboard.assets.get(name)) {
        Some(asset) => asset.answer(&headers),
        None => {
            let detail = format!("the dashboard has no file `{}`", uri.path());
            Err(Problem::new(ProblemType::RouteNotFound, detail).hint("the dashboard is at `/`"))
        }
    }
}

impl Asset {
    /// The form of the file that the request takes, unless the request knows it already. Each answer is asked about again: the
    /// files keep their names when they change.
    fn answer(&self, headers: &HeaderMap) -> Result<Response, Problem> {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let Representation { bytes, tag } = gzip.unwrap_or(&self.plain);
        let known = Tags::of(headers, &header::IF_NONE_MATCH)?;
        let always: [(HeaderName, &str); 3] = [
            (header::ETAG, tag.as_str()),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "Accept-Encoding"),
        ];
        if known.is_some_and(|known| known.has_weak(tag)) {
            return Ok((StatusCode::NOT_MODIFIED, always, Body::empty()).into_response());
        }
        let mut response =
            (always, [(header::CONTENT_TYPE, self.content_type)], bytes.clone()).into_response();
        if gzip.is_some() {
            let coding = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, coding);
        }
        Ok(response)
    }
}

impl Representation {
    fn new(bytes: Bytes) -> Self {
        let tag = EntityTag::of(&bytes);
        Self { bytes, tag }
    }
}

/// What stands at `/` where there is no dashboard.
fn no_bundle() -> String {
    html::page(
        "No dashboard",
        "<h1>This build has no dashboard</h1>\n\
         <p>The dashboard shows a store while it runs: who is connected, what the registry says, what each poll made of it, and \
         why somebody was cut off. It is a bundle of its own, and this program was compiled without it.</p>\n\
         <p>In a checkout of the source, <code>make demo-web</code> builds it, starts a store and opens it in a browser. \
         <code>make dashboard</code> builds it alone; whatever <code>cargo build</code> makes from then on has it.</p>\n\
         <p>Everything that it does is done through the control plane, which <a href=\"/docs\">has a page for every operation</a>.</p>\n",
    )
}
