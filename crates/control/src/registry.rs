//! `/registry/{key}`: the registry that the store polls. An edit has no effect until a poll.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use policy::PROCESS_LIST_VALUE;
use registry_poll::{Edit, KeyPath, RegType, RegValue, ValueName};
use serde::{Deserialize, Serialize};
use server::View;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, Params, Store, path_parameter};
use crate::problem::{Problem, ProblemType};
use crate::reg_value::{ShownValue, ValueText};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, write, delete))
}

/// A value of a key.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct NamedValue {
    /// The key, its predefined key spelt out.
    key: String,
    /// The value's name; empty for the unnamed one.
    name: String,
    #[serde(flatten)]
    value: ShownValue,
    /// What its author may have meant, when the value does nothing as it stands.
    hint: Option<String>,
}

/// The values of a key, by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct KeyValues {
    /// The key, its predefined key spelt out.
    key: String,
    /// Its values.
    values: Vec<NamedValue>,
}

/// What is shown: a value, or a key with all of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RegistryEntry)]
enum Shown {
    /// With `value`.
    Value(NamedValue),
    /// Without.
    Key(KeyValues),
}

/// Which value.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ValueQuery {
    /// The value's name; empty for the unnamed one.
    value: Option<String>,
}

/// The key that the path names.
struct Key(KeyPath);

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let path = path_parameter(parts, "key").await?;
        path.parse().map(Self).map_err(|error: registry_poll::NameError| {
            Problem::new(ProblemType::InvalidKey, error.to_string())
        })
    }
}

impl ValueQuery {
    fn name(self) -> Result<Option<ValueName>, Problem> {
        let parse = |name: String| name.parse::<ValueName>();
        let name = self.value.map(parse).transpose();
        name.map_err(|error| Problem::query("value", error.to_string()))
    }

    fn required_name(self) -> Result<ValueName, Problem> {
        let missing = || Problem::query("value", "it is missing: which value?");
        self.name()?.ok_or_else(missing)
    }
}

impl NamedValue {
    fn new(key: &KeyPath, name: &ValueName, value: &RegValue) -> Self {
        Self {
            key: key.to_string(),
            name: name.to_string(),
            value: value.into(),
            hint: hint(key, name, value),
        }
    }
}

/// What the author of a value may have meant, when it is nearly the one that the store reads.
fn hint(key: &KeyPath, name: &ValueName, value: &RegValue) -> Option<String> {
    let polled = KeyPath::parameters_system();
    let ours = PROCESS_LIST_VALUE.parse() == Ok(name.clone());
    let misspelt = policy::misspelt_value_name(name.as_str()).filter(|_| *key == polled);
    if let Some(list) = misspelt {
        let meant = list.value_name();
        Some(format!("the store ignores this value; did you mean `{meant}`?"))
    } else if ours && *key != polled {
        Some(format!("the store reads this value under `{polled}`"))
    } else if ours && value.kind() != RegType::SZ {
        let found = value.kind();
        Some(format!("the store takes a {found} as absent; write the list as a REG_SZ"))
    } else {
        None
    }
}

fn show(view: View<'_>, key: &KeyPath, name: Option<ValueName>) -> Result<Shown, Problem> {
    let no_key =
        || Problem::new(ProblemType::RegistryKeyNotFound, format!("there is no key `{key}`"));
    let tree = view.registry(None)?;
    let Some(name) = name else {
        let values = tree.key(key).ok_or_else(no_key)?.values();
        let named = values.map(|(name, value)| NamedValue::new(key, name, value));
        return Ok(Shown::Key(KeyValues { key: key.to_string(), values: named.collect() }));
    };
    let found = tree.key(key).and_then(|key| key.values().find(|(known, _)| **known == name));
    let (name, value) = found.ok_or_else(|| no_value(key, &name))?;
    Ok(Shown::Value(NamedValue::new(key, name, value)))
}

fn no_value(key: &KeyPath, name: &ValueName) -> Problem {
    let detail = format!("`{key}` has no value `{name}`");
    Problem::new(ProblemType::RegistryValueNotFound, detail)
}

/// Shows a value, or without `value` every value of the key.
#[utoipa::path(
    get, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C"),
        ValueQuery,
    ),
    responses((status = 200, body = Shown)),
)]
async fn read(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
) -> Result<Reply<Shown>, Problem> {
    let name = query.name()?;
    let read = move |view: View<'_>| show(view, &key, name).map(|shown| (view.cursor(), shown));
    store.read(read).await?.map(Reply::ok)
}

/// Writes a value, and its key with it. The store learns of it when it polls.
#[utoipa::path(
    put, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C"),
        ValueQuery,
    ),
    request_body = ValueText,
    responses((status = 200, body = NamedValue)),
)]
async fn write(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
    Body(value): Body<ValueText>,
) -> Result<Reply<NamedValue>, Problem> {
    let name = query.required_name()?;
    let value = RegValue::try_from(value)?;
    let written = NamedValue::new(&key, &name, &value);
    let (_, cursor) = store.edit_registry(None, vec![Edit::SetValue { key, name, value }]).await?;
    Ok(Reply::ok((cursor, written)))
}

/// Deletes a value.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C"),
        ValueQuery,
    ),
    responses((status = 204, description = "The value is gone")),
)]
async fn delete(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
) -> Result<StatusCode, Problem> {
    let name = query.required_name()?;
    let edit = Edit::DeleteValue { key: key.clone(), name: name.clone() };
    let (changed, _) = store.edit_registry(None, vec![edit]).await?;
    if changed == [true] { Ok(StatusCode::NO_CONTENT) } else { Err(no_value(&key, &name)) }
}
