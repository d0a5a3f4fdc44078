//! `/users`: whom a store knows, and what they prove themselves with, which is never shown again.

use core::fmt;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, de};
use server::{
    AccountName, Directory, DomainName, NtHash, User, UserChange, UserDn, UserError, UserRights,
    View,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Params, Store, path_parameter};
use crate::page::{Limit, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem, ProblemType};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(read, put, delete))
}

/// Characters of a password.
const MOST_OF_PASSWORD: usize = 256;

/// A user of a store. What it proves itself with is not shown.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserText {
    /// Its name.
    #[schema(example = "alice")]
    name: String,
    /// The NetBIOS name of its domain, which is the store's.
    #[schema(example = "EXSTORE")]
    domain: String,
    /// Its legacyExchangeDN: the szUserDN that it connects with.
    #[schema(
        example = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=alice"
    )]
    dn: String,
    /// Whether it may ask for the rights of an administrator, and open everybody's mailbox.
    admin: bool,
    /// How often it was set, from 1: a change of its password alone is seen here.
    revision: u64,
}

/// A page of users, in the order of their names.
#[derive(Serialize, ToSchema)]
struct Users {
    /// The users.
    items: Vec<UserText>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<String>,
}

/// A page of a list that is ordered by name.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UserPage {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The name to begin after: the `next` of the page before.
    after: Option<String>,
}

/// What a user is set to be. A user that is new has a password or its NT hash; one that is there keeps its own when it is given
/// neither. What is left out of the rest is as if the user were new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChange, example = json!({ "password": "choose-one" }))]
struct PutUser {
    /// Its password, 1 to 256 characters; instead of `nt_hash`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only, min_length = 1, max_length = 256)]
    password: Option<SecretText>,
    /// The NT hash of its password, 32 hexadecimal digits; instead of `password`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only, pattern = "^[0-9A-Fa-f]{32}$")]
    nt_hash: Option<SecretText>,
    /// Its legacyExchangeDN; made of its name unless told.
    #[schema(max_length = 1000)]
    dn: Option<String>,
    /// Whether it may ask for the rights of an administrator, and open everybody's mailbox; it may not, unless told.
    #[serde(default)]
    admin: bool,
}

/// A user of a new store, with a password or its NT hash.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// Its name: 1 to 64 characters, none of them a control character or any of `"/\[]:;|=,+*?<>@`.
    #[schema(min_length = 1, max_length = 64, example = "alice")]
    name: String,
    /// Its password, 1 to 256 characters; instead of `nt_hash`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only, min_length = 1, max_length = 256)]
    password: Option<SecretText>,
    /// The NT hash of its password, 32 hexadecimal digits; instead of `password`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only, pattern = "^[0-9A-Fa-f]{32}$")]
    nt_hash: Option<SecretText>,
    /// Its legacyExchangeDN; made of its name unless told.
    #[schema(max_length = 1000)]
    dn: Option<String>,
    /// Whether it may ask for the rights of an administrator, and open everybody's mailbox; it may not, unless told.
    #[serde(default)]
    admin: bool,
}

/// A text that nobody is told again: not even that it is wrong is said by repeating it.
struct SecretText(String);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// What serde itself says of a value of a wrong type repeats it; so each type is refused here.
struct SecretVisitor;

impl SecretVisitor {
    fn refuse<E: de::Error>() -> Result<SecretText, E> {
        Err(E::custom("a string is expected here"))
    }
}

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretText, E> {
        Self::refuse()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretText, E> {
        Self::refuse()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretText, E> {
        Self::refuse()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretText, E> {
        Self::refuse()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<SecretText, A::Error> {
        Self::refuse()
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<SecretText, A::Error> {
        Self::refuse()
    }
}

impl PutUser {
    fn change(self, name: AccountName) -> Result<UserChange, Problem> {
        let Self { password, nt_hash, dn, admin } = self;
        let hash = hash(password, nt_hash)?;
        Ok(UserChange { name, hash, rights: rights(dn, admin)? })
    }
}

impl NewUser {
    fn user(self) -> Result<User, Problem> {
        let Self { name, password, nt_hash, dn, admin } = self;
        let name = AccountName::parse(&name).map_err(|error| at("#/name", error))?;
        let hash = hash(password, nt_hash)?.ok_or_else(no_password)?;
        User::new(name, hash, rights(dn, admin)?).map_err(|error| at("#/dn", error))
    }
}

/// The users of a new store, and their domain.
pub(crate) fn directory(domain: Option<&str>, users: Vec<NewUser>) -> Result<Directory, Problem> {
    let domain = domain.map(DomainName::parse).transpose();
    let domain = domain.map_err(|error| at("#/domain", error))?;
    let mut directory = Directory::new(domain.unwrap_or_default());
    for (index, user) in users.into_iter().enumerate() {
        let pointer = format!("#/users/{index}");
        let user = user.user().map_err(|problem| problem.below(&pointer))?;
        let name = user.name().to_string();
        let was_there = directory.put(user);
        let was_there = was_there
            .map_err(|error| Problem::body(FieldError::at("#/users", error.to_string())))?;
        if was_there {
            let detail = format!("there are two users `{name}`");
            return Err(Problem::body(FieldError::at(format!("{pointer}/name"), detail)));
        }
    }
    Ok(directory)
}

fn hash(
    password: Option<SecretText>,
    nt_hash: Option<SecretText>,
) -> Result<Option<NtHash>, Problem> {
    let wrong = |pointer: &str, detail: String| Problem::body(FieldError::at(pointer, detail));
    match (password, nt_hash) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(wrong("#/nt_hash", "a user has a password or an nt hash, not both".to_owned()))
        }
        (None, Some(SecretText(digits))) => digits
            .parse()
            .map(Some)
            .map_err(|error: server::NtHashError| wrong("#/nt_hash", error.to_string())),
        (Some(SecretText(password)), None) => {
            let fits = (1..=MOST_OF_PASSWORD).contains(&password.chars().count());
            let detail = || format!("a password has 1 to {MOST_OF_PASSWORD} characters");
            let hash = fits.then(|| NtHash::of_password(&password));
            hash.map(Some).ok_or_else(|| wrong("#/password", detail()))
        }
    }
}

fn rights(dn: Option<String>, is_admin: bool) -> Result<UserRights, Problem> {
    let dn = dn.as_deref().map(UserDn::parse).transpose();
    Ok(UserRights { dn: dn.map_err(|error| at("#/dn", error))?, is_admin })
}

fn at(pointer: &str, error: UserError) -> Problem {
    Problem::body(FieldError::at(pointer, error.to_string()))
}

/// A new user has nothing to prove itself with.
pub(crate) fn no_password() -> Problem {
    let detail = "a new user needs a `password` or an `nt_hash`";
    Problem::body(FieldError::at("#", detail))
}

/// The name that the path has.
struct UserName(String);

impl FromRequestParts<App> for UserName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        path_parameter(parts, "user").await.map(Self)
    }
}

impl UserText {
    fn new(directory: &Directory, user: &User) -> Self {
        Self {
            name: user.name().to_string(),
            domain: directory.domain().to_string(),
            dn: user.dn().as_str().to_owned(),
            admin: user.is_admin(),
            revision: user.revision(),
        }
    }
}

fn state(view: View<'_>, name: &str) -> Option<UserText> {
    let directory = view.directory();
    directory.get(name).map(|user| UserText::new(directory, user))
}

fn missing(name: &str) -> Problem {
    server::StoreError::NoSuchUser(name.to_owned()).into()
}

/// Lists the users of the store, by name.
#[utoipa::path(
    get, path = "/v1/stores/{store}/users", tag = "users",
    params(UserPage), responses((status = 200, body = Users)),
)]
async fn list(
    Store(store): Store,
    Params(page): Params<UserPage>,
) -> Result<Reply<Users>, Problem> {
    let read = store.read(move |view| {
        let directory = view.directory();
        let users = directory.after(page.after.as_deref());
        let (items, next) = take_page(users, page.limit, |user| user.name().to_string());
        let items = items.into_iter().map(|user| UserText::new(directory, user)).collect();
        (view.cursor(), Users { items, next })
    });
    Ok(Reply::ok(read.await?))
}

/// Shows a user. Its password is shown nowhere.
#[utoipa::path(
    get, path = "/v1/stores/{store}/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The user's name, without its domain")),
    responses((status = 200, body = UserText)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    UserName(name): UserName,
) -> Result<Reply<UserText>, Problem> {
    let wanted = name.clone();
    let read = store.read(move |view| Some((view.cursor(), state(view, &wanted)?)));
    read.await?.map(Reply::ok).ok_or_else(|| missing(&name))
}

/// Adds a user, or sets the one of this name, for whoever authenticates and connects from now on; sessions that are open stay. The
/// names of users are compared without case.
#[utoipa::path(
    put, path = "/v1/stores/{store}/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The user's name, without its domain")),
    request_body = PutUser,
    responses(
        (status = 200, description = "The user was there", body = UserText),
        (status = 201, description = "The user is new", body = UserText),
    ),
)]
async fn put(
    _: NoQuery,
    Store(store): Store,
    UserName(name): UserName,
    when: Precondition,
    Body(change): Body<PutUser>,
) -> Result<Reply<UserText>, Problem> {
    let account = AccountName::parse(&name)
        .map_err(|error| Problem::new(ProblemType::InvalidUserName, error.to_string()))?;
    let change = change.change(account)?;
    let wanted = name.clone();
    let provided = when.on(&store, move |view| state(view, &wanted));
    let is_new = provided.put_user(change).await?;
    let wanted = name.clone();
    let read = store.read(move |view| Some((view.cursor(), state(view, &wanted)?)));
    let answer = read.await?.map(Reply::ok).ok_or_else(|| missing(&name))?;
    Ok(if is_new { answer.with_status(StatusCode::CREATED) } else { answer })
}

/// Takes a user away. Sessions that it has opened stay; it opens no other.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/users/{user}", tag = "users",
    params(("user" = String, Path, description = "The user's name, without its domain")),
    responses((status = 204, description = "The user is gone")),
)]
async fn delete(
    _: NoQuery,
    Store(store): Store,
    UserName(name): UserName,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    let wanted = name.clone();
    when.on(&store, move |view| state(view, &wanted)).remove_user(name).await?;
    Ok(StatusCode::NO_CONTENT)
}
