//! Bodies and queries out of what was given: what was not is the server's to choose.

use control::percent_encoded;
use serde_json::{Map, Value};

/// An object of the fields that were given.
pub(super) fn given<'a>(
    fields: impl IntoIterator<Item = (&'static str, &'a Option<String>)>,
) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
    Value::Object(given.collect::<Map<_, _>>())
}

/// A path with the parameters that were given.
pub(super) fn query<'a>(
    path: &str,
    parameters: impl IntoIterator<Item = (&'static str, &'a Option<String>)>,
) -> String {
    let given = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", percent_encoded(value.as_ref()?))));
    let given: Vec<String> = given.collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}
