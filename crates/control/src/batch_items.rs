//! The items of a request about many things: a JSON array, or one item a line (NDJSON). Each is taken or refused by itself.

use axum::extract::{FromRequest, Request};
use serde_json::value::RawValue;

use crate::app::App;
use crate::body::body_bytes;
use crate::extract::{media_type, parse_json, unsupported};
use crate::problem::Problem;

/// Something that a request has many of.
pub(crate) trait BatchItem: Sized {
    /// What it is written as, in the words of a hint.
    const NOUN: &'static str;

    /// Reads one.
    fn parse(bytes: &[u8]) -> Result<Self, Problem>;
}

/// The items, each of them read, or what is wrong with it.
pub(crate) struct Items<T>(pub(crate) Vec<Result<T, Problem>>);

impl<T: BatchItem> FromRequest<App> for Items<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let bytes = body_bytes(request, app).await?;
        match kind.as_str() {
            "application/json" => items_of_array(&bytes).map(Self),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                Ok(Self(items_of_lines(&bytes)))
            }
            _ => Err(unsupported(&kind).hint(format!(
                "send JSON with `Content-Type: application/json`, or {} a line as `application/x-ndjson`",
                T::NOUN
            ))),
        }
    }
}

fn items_of_array<T: BatchItem>(bytes: &[u8]) -> Result<Vec<Result<T, Problem>>, Problem> {
    let items: Vec<Box<RawValue>> = parse_json(bytes)?;
    // A line within the item would not be the body's.
    let parse = |item: Box<RawValue>| {
        T::parse(item.get().as_bytes()).map_err(|problem| problem.on_line(None))
    };
    Ok(items.into_iter().map(parse).collect())
}

/// One item a line; empty lines are none.
fn items_of_lines<T: BatchItem>(bytes: &[u8]) -> Vec<Result<T, Problem>> {
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let parse = |(number, line): (usize, &[u8])| {
        T::parse(line).map_err(|problem| problem.on_line(Some(number)))
    };
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(parse).collect()
}
