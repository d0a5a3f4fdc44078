//! `/logons`: the columns of the Exchange System Manager's Logons view, as far as the store knows them, and the name of the
//! program, which that view never had.

use std::net::IpAddr;

use infostore::{ClientMode, SessionId, SessionRecord};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Params, Store};
use crate::page::{Page, take_page};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{Time, Version};
use crate::session_fields::process_names;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list))
}

/// A row of the Logons view: one session. The names are those of the properties of Exchange_Logon.
#[derive(Serialize, ToSchema)]
struct Logon {
    /// RowID: the session.
    row_id: u64,
    /// LoggedOnUserAccount: the last part of the user's distinguished name; null when the client gave none.
    logged_on_user_account: Option<String>,
    /// LoggedOnUsersMailboxLegacyDN: the user's legacy distinguished name; may be empty.
    logged_on_users_mailbox_legacy_dn: String,
    /// ClientName: the computer; null when the client did not say.
    client_name: Option<String>,
    /// ClientVersion.
    client_version: Version,
    /// ClientMode: 1 for classic online mode, 2 for cached mode; null when the client did not say.
    client_mode: Option<u8>,
    /// ClientIP; null over the pipe.
    #[schema(value_type = Option<String>)]
    client_ip: Option<IpAddr>,
    /// LogonTime: when the session was opened.
    logon_time: Time,
    /// The program, which the view never had; null when the client named none.
    process: Option<String>,
}

/// A page of logons, in order of connection.
#[derive(Serialize, ToSchema)]
struct Logons {
    /// The logons.
    items: Vec<Logon>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

impl From<&SessionRecord> for Logon {
    fn from(session: &SessionRecord) -> Self {
        let identity = &session.identity;
        let name = identity.user_dn.rsplit('/').next().unwrap_or_default();
        let name = name.split_once('=').map_or(name, |(_, name)| name);
        Self {
            row_id: session.id.0,
            logged_on_user_account: (!name.is_empty()).then(|| name.to_owned()),
            logged_on_users_mailbox_legacy_dn: identity.user_dn.clone(),
            client_name: identity.machine.clone(),
            client_version: Version(identity.subject.version()),
            client_mode: match identity.mode {
                ClientMode::Unknown => None,
                ClientMode::Classic => Some(1),
                ClientMode::Cached => Some(2),
            },
            client_ip: identity.address,
            logon_time: Time(session.connected_at),
            process: process_names(identity).into_iter().next(),
        }
    }
}

/// Lists the live sessions in the columns of the Logons view of the Exchange System Manager, by the names of the properties
/// of Exchange_Logon, with the name of the program beside them. Properties that the store does not know are left out.
#[utoipa::path(
    get, path = "/v1/stores/{store}/logons", tag = "sessions", operation_id = "logons",
    params(Page), responses((status = 200, body = Logons)),
)]
async fn list(Store(store): Store, Params(page): Params<Page>) -> Result<Reply<Logons>, Problem> {
    let read = store.read(move |view| {
        let sessions = view.store().sessions_after(page.after.map(SessionId));
        let (page, next) = take_page(sessions, page.limit, |session| session.id.0);
        let items = page.into_iter().map(|session| Logon::from(&**session)).collect();
        (view.cursor(), Logons { items, next })
    });
    Ok(Reply::ok(read.await?))
}
