//! `/registry/{key}`: the keys and values of a node's registry. An edit has no effect until a poll.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use infostore::list_value;
use policy::BlockList;
use registry_poll::{Edit, KeyPath, KeyTree, NodeName, RegType, RegValue, ValueName};
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{OptionalBody, Params, Store, path_parameter};
use crate::precondition::{Precondition, Present};
use crate::problem::{FieldError, Problem, ProblemType};
use crate::reg_value::{ShownValue, ValueText};
use crate::reply::Reply;
use crate::scalars::NodeText;

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

/// A key: what is directly below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RegistryKey)]
struct KeyState {
    /// The key, its predefined key spelt out.
    key: String,
    /// The names of the keys directly below it, in order.
    subkeys: Vec<String>,
    /// Its values, by name.
    values: Vec<NamedValue>,
}

/// What is shown: a value, or a key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RegistryEntry)]
enum Shown {
    /// With `value`.
    Value(NamedValue),
    /// Without.
    Key(KeyState),
}

/// Which value, and of which node.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ValueQuery {
    /// The value's name, empty for the unnamed one; without it the key itself is meant.
    value: Option<String>,
    /// The node whose registry is meant: the active one unless told.
    #[param(value_type = Option<String>, example = "NODE2")]
    node: Option<NodeText>,
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
    /// The value's name, and the node.
    fn parse(self) -> Result<(Option<ValueName>, Option<NodeName>), Problem> {
        let name = self.value.map(|name| name.parse::<ValueName>()).transpose();
        let name = name.map_err(|error| Problem::query("value", error.to_string()))?;
        Ok((name, self.node.map(|NodeText(node)| node)))
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

impl KeyState {
    fn new(tree: &KeyTree, path: &KeyPath) -> Result<Self, Problem> {
        let key = tree.key(path).ok_or_else(|| no_key(path))?;
        let value = |(name, value)| NamedValue::new(key.path(), name, value);
        Ok(Self {
            key: key.path().to_string(),
            subkeys: key.subkeys().map(ToOwned::to_owned).collect(),
            values: key.values().map(value).collect(),
        })
    }
}

/// What the author of a value may have meant, when it is nearly one that the store reads.
fn hint(key: &KeyPath, name: &ValueName, value: &RegValue) -> Option<String> {
    let polled = KeyPath::parameters_system();
    let of_list = BlockList::ALL.into_iter().any(|list| list_value(list) == *name);
    let misspelt = policy::misspelt_value_name(name.as_str()).filter(|_| *key == polled);
    if let Some(list) = misspelt {
        let meant = list.value_name();
        Some(format!("the store ignores this value; did you mean `{meant}`?"))
    } else if of_list && *key != polled {
        Some(format!("the store reads this value under `{polled}`"))
    } else if of_list && value.kind() != RegType::SZ {
        let found = value.kind();
        Some(format!("the store takes a {found} as absent; write the list as a REG_SZ"))
    } else {
        None
    }
}

fn show(tree: &KeyTree, key: &KeyPath, name: Option<&ValueName>) -> Result<Shown, Problem> {
    let Some(name) = name else {
        return KeyState::new(tree, key).map(Shown::Key);
    };
    let key = tree.key(key).ok_or_else(|| no_value(key, name))?;
    let found = key.values().find(|(known, _)| *known == name);
    let (name, value) = found.ok_or_else(|| no_value(key.path(), name))?;
    Ok(Shown::Value(NamedValue::new(key.path(), name, value)))
}

/// The problem when there is no such key.
pub(crate) fn no_key(key: &KeyPath) -> Problem {
    Problem::new(ProblemType::RegistryKeyNotFound, format!("there is no key `{key}`"))
}

fn no_value(key: &KeyPath, name: &ValueName) -> Problem {
    let detail = format!("`{key}` has no value `{name}`");
    Problem::new(ProblemType::RegistryValueNotFound, detail)
}

async fn shown(
    store: &StoreHandle,
    node: Option<NodeName>,
    key: KeyPath,
    name: Option<ValueName>,
) -> Result<Reply<Shown>, Problem> {
    let read = move |view: View<'_>| view.registry(node.as_ref()).map(|tree| (view.cursor(), tree));
    let (cursor, tree) = store.read(read).await??;
    Ok(Reply::ok((cursor, show(&tree, &key, name.as_ref())?)))
}

/// The registry, for one change that is made only to what the request says.
fn provided(
    (store, when): (&StoreHandle, Precondition),
    node: Option<&NodeName>,
    key: &KeyPath,
    name: Option<&ValueName>,
) -> StoreHandle {
    let (node, key, name) = (node.cloned(), key.clone(), name.cloned());
    when.on_present(store, move |view| {
        let tree = view.registry(node.as_ref())?;
        Ok(show(&tree, &key, name.as_ref()).ok().map(|shown| Present::new(&shown)))
    })
}

/// Shows a value, or without `value` the key: the keys directly below it, and every value.
#[utoipa::path(
    get, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C", example = "HKLM"),
        ValueQuery,
    ),
    responses((status = 200, body = Shown)),
)]
async fn read(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
) -> Result<Reply<Shown>, Problem> {
    let (name, node) = query.parse()?;
    shown(&store, node, key, name).await
}

/// Writes a value, and its key with it; or without `value` and a body creates the key. The store learns of it when it polls.
#[utoipa::path(
    put, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C", example = "HKLM"),
        ValueQuery,
    ),
    request_body(content = Option<ValueText>),
    responses(
        (status = 200, body = Shown),
        (status = 201, body = KeyState, description = "The key was not there"),
    ),
)]
async fn write(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
    when: Precondition,
    OptionalBody(value): OptionalBody<Option<ValueText>>,
) -> Result<Reply<Shown>, Problem> {
    match (query.parse()?, value) {
        ((None, node), None) => create_key((&store, when), node, key).await,
        ((Some(name), node), Some(value)) => {
            let value = RegValue::try_from(value)?;
            let written = NamedValue::new(&key, &name, &value);
            let store_if = provided((&store, when), node.as_ref(), &key, Some(&name));
            let edit = Edit::SetValue { key, name, value };
            let (_, cursor) = store_if.edit_registry(node, vec![edit]).await?;
            Ok(Reply::ok((cursor, Shown::Value(written))))
        }
        ((None, _), Some(_)) => {
            let detail = "it is missing: which value? A key is created without a body";
            Err(Problem::query("value", detail))
        }
        ((Some(_), _), None) => {
            let detail =
                "a value is expected here, such as {\"type\":\"REG_SZ\",\"data\":\"mdl.exe\"}";
            Err(Problem::body(FieldError::at("#", detail)))
        }
    }
}

async fn create_key(
    (store, when): (&StoreHandle, Precondition),
    node: Option<NodeName>,
    key: KeyPath,
) -> Result<Reply<Shown>, Problem> {
    let edit = Edit::CreateKey(key.clone());
    let store_if = provided((store, when), node.as_ref(), &key, None);
    let (created, _) = store_if.edit_registry(node.clone(), vec![edit]).await?;
    let reply = shown(store, node, key, None).await?;
    Ok(if created == [true] { reply.with_status(StatusCode::CREATED) } else { reply })
}

/// Deletes a value, or without `value` the key with everything below it. The store learns of it when it polls.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/registry/{key}", tag = "registry",
    params(
        ("key" = String, Path, description = "The key's path as one segment, backslashes as %5C", example = "HKLM"),
        ValueQuery,
    ),
    responses((status = 204, description = "It is gone")),
)]
async fn delete(
    Store(store): Store,
    Key(key): Key,
    Params(query): Params<ValueQuery>,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    let (name, node) = query.parse()?;
    let store_if = provided((&store, when), node.as_ref(), &key, name.as_ref());
    let (edit, missing) = match name {
        None => (Edit::DeleteKey(key.clone()), no_key(&key)),
        Some(name) => {
            let missing = no_value(&key, &name);
            (Edit::DeleteValue { key, name }, missing)
        }
    };
    let (changed, _) = store_if.edit_registry(node, vec![edit]).await?;
    if changed == [true] { Ok(StatusCode::NO_CONTENT) } else { Err(missing) }
}
