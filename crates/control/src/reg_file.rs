//! `/registry-export` and `/registry-import`: a node's registry as `.reg` files (docs/adr/0015-registry-over-http.md).

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use infostore::Cursor;
use registry_poll::{
    AnsiCodePage, Edit, Key, KeyPath, KeyTree, RegFile, RegFileError, RegFileErrors, RegFileVersion,
};
use serde::{Deserialize, Serialize};
use server::View;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::body::limited_bytes;
use crate::extract::{Params, Store, media_type, unsupported};
use crate::problem::{FieldError, Problem, ProblemType};
use crate::registry::no_key;
use crate::reply::{Reply, with_cursor};
use crate::scalars::NodeText;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(export)).routes(routes!(import))
}

/// The type of a `.reg` file. It is none that a web page may send without being asked, as `text/plain` is.
const REG_FILE: &str = "text/x-ms-regedit";

/// What to export, and how.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// The key to export with all below it; the whole registry unless told.
    #[param(example = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchangeIS")]
    key: Option<String>,
    /// `v5`, which is UTF-16, or `regedit4`, which is ANSI. `v5` unless told.
    #[serde(default)]
    #[param(inline, value_type = Option<Format>)]
    format: Format,
    /// The ANSI code page of a `regedit4` file: 1252 unless told.
    #[param(value_type = Option<u16>, example = 1252)]
    code_page: Option<CodePage>,
    /// The node whose registry is meant: the active one unless told.
    #[param(value_type = Option<String>, example = "NODE2")]
    node: Option<NodeText>,
}

/// How to read the file, and where it goes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// The ANSI code page of a REGEDIT4 file, which does not say so itself: 1252 unless told. Version 5 does without.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 1252)]
    code_page: CodePage,
    /// The node whose registry is meant: the active one unless told.
    #[param(value_type = Option<String>, example = "NODE2")]
    node: Option<NodeText>,
}

/// The two formats of `.reg` files.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// `Windows Registry Editor Version 5.00`.
    #[default]
    V5,
    /// `REGEDIT4`.
    Regedit4,
}

/// An ANSI code page, by its number.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "u16")]
struct CodePage(AnsiCodePage);

impl TryFrom<u16> for CodePage {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        let page = AnsiCodePage::from_number(number).map(Self);
        page.ok_or_else(|| {
            format!("{number} is no ANSI code page: 874, 932, 936, 949, 950, 1250 to 1258")
        })
    }
}

/// What an import has done.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
struct Imported {
    /// Keys and values that the file writes or deletes.
    edits: usize,
    /// Those of them that changed anything.
    changed: usize,
    /// The keys that changed, or whose values did, each once in the order of the file.
    keys: Vec<String>,
}

impl Imported {
    fn new(edits: &[Edit], changed: &[bool]) -> Self {
        let changes = edits.iter().zip(changed).filter(|(_, changed)| **changed);
        let keys: Vec<_> = changes.map(|(edit, _)| key_of(edit)).collect();
        let mut seen = BTreeSet::new();
        Self {
            edits: edits.len(),
            changed: keys.len(),
            keys: keys
                .into_iter()
                .filter(|key| seen.insert(*key))
                .map(KeyPath::to_string)
                .collect(),
        }
    }
}

fn key_of(edit: &Edit) -> &KeyPath {
    match edit {
        Edit::CreateKey(key)
        | Edit::DeleteKey(key)
        | Edit::SetValue { key, .. }
        | Edit::DeleteValue { key, .. } => key,
    }
}

/// The bytes of a `.reg` file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[schema(as = RegFile)]
struct FileBody(Bytes);

impl FromRequest<App> for FileBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let most = app.config().limits.reg_file_bytes;
        let bytes = limited_bytes(request, app, most).await?;
        if kind == REG_FILE || kind == "application/octet-stream" {
            return Ok(Self(bytes));
        }
        Err(unsupported(&kind).hint(format!("send the file with `Content-Type: {REG_FILE}`")))
    }
}

impl From<&RegFileError> for FieldError {
    fn from(error: &RegFileError) -> Self {
        let in_line = !error.excerpt().is_empty();
        Self {
            line: Some(error.line()),
            column: Some(error.column()),
            excerpt: in_line.then(|| error.excerpt().to_owned()),
            excerpt_column: in_line.then(|| error.excerpt_column()),
            ..Self::new(error.problem().to_string())
        }
    }
}

impl From<RegFileErrors> for Problem {
    fn from(errors: RegFileErrors) -> Self {
        let problem = Self::new(ProblemType::InvalidRegFile, errors.to_string());
        errors.iter().map(FieldError::from).fold(problem, Self::with)
    }
}

impl ExportQuery {
    fn key(&self) -> Result<Option<KeyPath>, Problem> {
        let key = self.key.as_deref().map(str::parse::<KeyPath>).transpose();
        key.map_err(|error| Problem::query("key", error.to_string()))
    }

    /// The version, the code page, and the charset of the answer.
    fn encoding(&self) -> Result<(RegFileVersion, AnsiCodePage, &'static str), Problem> {
        match (self.format, self.code_page) {
            (Format::V5, None) => Ok((RegFileVersion::V5, AnsiCodePage::default(), "utf-16le")),
            (Format::V5, Some(_)) => {
                let detail = "it goes with `format=regedit4`: format v5 is UTF-16";
                Err(Problem::query("code_page", detail))
            }
            (Format::Regedit4, page) => {
                let CodePage(page) = page.unwrap_or_default();
                Ok((RegFileVersion::Regedit4, page, charset(page)))
            }
        }
    }
}

/// The name of a code page as IANA registered it.
fn charset(page: AnsiCodePage) -> &'static str {
    match page {
        AnsiCodePage::Windows874 => "windows-874",
        AnsiCodePage::Windows932 => "windows-31j",
        AnsiCodePage::Windows936 => "gbk",
        AnsiCodePage::Windows949 => "ks_c_5601-1987",
        AnsiCodePage::Windows950 => "big5",
        AnsiCodePage::Windows1250 => "windows-1250",
        AnsiCodePage::Windows1251 => "windows-1251",
        AnsiCodePage::Windows1252 => "windows-1252",
        AnsiCodePage::Windows1253 => "windows-1253",
        AnsiCodePage::Windows1254 => "windows-1254",
        AnsiCodePage::Windows1255 => "windows-1255",
        AnsiCodePage::Windows1256 => "windows-1256",
        AnsiCodePage::Windows1257 => "windows-1257",
        AnsiCodePage::Windows1258 => "windows-1258",
    }
}

/// The keys of a file: one with all below it, or all.
fn exported<'a>(tree: &'a KeyTree, key: Option<&KeyPath>) -> Result<Vec<Key<'a>>, Problem> {
    match key {
        None => Ok(tree.keys().collect()),
        Some(key) if tree.contains(key) => Ok(tree.keys_below(key).collect()),
        Some(key) => Err(no_key(key)),
    }
}

/// Exports a key with all below it, or the whole registry, as regedit does.
#[utoipa::path(
    get, path = "/v1/stores/{store}/registry-export", tag = "registry",
    params(ExportQuery),
    responses((status = 200, body = FileBody, description = "The file", content_type = "text/x-ms-regedit")),
)]
async fn export(
    Store(store): Store,
    Params(query): Params<ExportQuery>,
) -> Result<Response, Problem> {
    let (key, (version, page, charset)) = (query.key()?, query.encoding()?);
    let node = query.node.map(|NodeText(node)| node);
    let read = move |view: View<'_>| view.registry(node.as_ref()).map(|tree| (view.cursor(), tree));
    let (cursor, tree) = store.read(read).await??;
    let entry = |key: Key<'_>| {
        let values = key.values().map(|(name, value)| (name.clone(), value.clone()));
        (key.path().clone(), values.collect())
    };
    let keys = exported(&tree, key.as_ref())?.into_iter().map(entry);
    let bytes = RegFile::write(version, page, keys)
        .map_err(|error| Problem::new(ProblemType::NotExportable, error.to_string()))?;
    Ok(file(bytes, charset, cursor))
}

fn file(bytes: Vec<u8>, charset: &str, cursor: Cursor) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&format!("{REG_FILE}; charset={charset}")) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let name = HeaderValue::from_static("attachment; filename=\"registry.reg\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    with_cursor(response, cursor)
}

/// Imports a .reg file: all that it writes and deletes, or nothing. The store learns of it when it polls.
#[utoipa::path(
    post, path = "/v1/stores/{store}/registry-import", tag = "registry",
    params(ImportQuery),
    request_body(content(
        (FileBody = "text/x-ms-regedit"),
        (FileBody = "application/octet-stream"),
    )),
    responses((status = 200, body = Imported)),
)]
async fn import(
    Store(store): Store,
    Params(query): Params<ImportQuery>,
    FileBody(bytes): FileBody,
) -> Result<Reply<Imported>, Problem> {
    let CodePage(page) = query.code_page;
    let file = RegFile::parse(&bytes, page)?;
    let edits = file.edits();
    let node = query.node.map(|NodeText(node)| node);
    let (changed, cursor) = store.edit_registry(node, edits.to_vec()).await?;
    Ok(Reply::ok((cursor, Imported::new(edits, &changed))))
}
