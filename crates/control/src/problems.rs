//! `/v1/problems`: what the `type` of a problem leads to.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::NoQuery;
use crate::html::{self, escaped, prose, wants_page};
use crate::problem::{Problem, ProblemType};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(explain))
}

/// A type of problem.
#[derive(Serialize, ToSchema)]
struct ProblemKind {
    /// The relative URI that problems of this type carry.
    r#type: String,
    /// What it is, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What it means and what to do about it.
    explanation: &'static str,
}

/// Every type of problem.
#[derive(Serialize, ToSchema)]
struct ProblemKinds {
    /// In the order of their statuses.
    items: Vec<ProblemKind>,
}

impl From<ProblemType> for ProblemKind {
    fn from(kind: ProblemType) -> Self {
        Self {
            r#type: format!("/v1/problems/{}", kind.slug()),
            title: kind.title(),
            status: kind.status().as_u16(),
            explanation: kind.explanation(),
        }
    }
}

/// Lists the types of problems, as a page to whoever asks for one.
#[utoipa::path(get, path = "/v1/problems", tag = "problems", responses((status = 200, body = ProblemKinds)))]
async fn list(_: NoQuery, headers: HeaderMap) -> Response {
    if wants_page(&headers) {
        let sections: String = ProblemType::ALL.iter().map(|kind| section(*kind, "h2")).collect();
        return html::response(html::page("Problems", &format!("<h1>Problems</h1>\n{sections}")));
    }
    let items = ProblemType::ALL.iter().map(|kind| ProblemKind::from(*kind)).collect();
    Json(ProblemKinds { items }).into_response()
}

/// A type of problem in a page, under a heading of this level.
fn section(kind: ProblemType, heading: &str) -> String {
    let (slug, title, status) = (kind.slug(), escaped(kind.title()), kind.status().as_u16());
    let link = format!("<a href=\"/v1/problems/{slug}\">{title}</a>");
    format!(
        "<{heading} id=\"{slug}\">{link} <span class=\"quiet\">{status}, <code>{slug}</code></span></{heading}>\n{}",
        prose(kind.explanation())
    )
}

/// Explains a type of problem, as a page or as plain text to whoever asks for one.
#[utoipa::path(
    get, path = "/v1/problems/{slug}", tag = "problems",
    params(("slug" = String, Path, description = "The type's name", example = "invalid-body")),
    responses((status = 200, body = ProblemKind)),
)]
async fn explain(
    _: NoQuery,
    slug: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slug = slug.map_or_else(|_| String::new(), |Path(slug)| slug);
    let kind = ProblemType::ALL.iter().copied().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(|| {
        Problem::new(ProblemType::ProblemNotFound, format!("no problem is named `{slug}`"))
    })?;
    if wants_page(&headers) {
        let body = format!(
            "{}<p><a href=\"/v1/problems\">Every problem</a>, <a href=\"/docs\">every operation</a></p>\n",
            section(kind, "h1")
        );
        return Ok(html::response(html::page(kind.title(), &body)));
    }
    if wants_text(&headers) {
        let (title, status) = (kind.title(), kind.status().as_u16());
        return Ok(format!("{title} ({status})\n\n{}\n", kind.explanation()).into_response());
    }
    Ok(Json(ProblemKind::from(kind)).into_response())
}

fn wants_text(headers: &HeaderMap) -> bool {
    let accept =
        headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/") && !accept.contains("json")
}
