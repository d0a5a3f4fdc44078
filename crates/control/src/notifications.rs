//! `/sessions/{id}/notifications`: what happens in the mailbox of a session, of which its client asked to be told.

use infostore::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Id, NoQuery, OptionalBody, Store};
use crate::outcome_fields::{NotificationKindName, PushName};
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(notify))
}

/// Characters that a message class has at the most: what the store has room for in the property of that name.
const MESSAGE_CLASS_MAX: usize = 255;

/// Something happens in a session's mailbox.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct NewNotification {
    /// What happens.
    kind: NotificationKindName,
    /// The class of the message, of 1 to 255 printable ASCII characters; `IPM.Note` unless it is given.
    #[schema(example = "IPM.Note", min_length = 1, max_length = 255, pattern = "^[ -~]+$")]
    message_class: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Notification {
    /// The session.
    session: u64,
    /// What happened.
    kind: NotificationKindName,
    /// Registrations of the client's that it is for: the next call is answered with an event for each.
    told: usize,
    /// What became of the datagram that says that there is something to fetch.
    push: PushName,
}

impl NewNotification {
    fn message_class(self) -> Result<String, Problem> {
        let class = self.message_class.unwrap_or_else(|| "IPM.Note".to_owned());
        let printable = class.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if (1..=MESSAGE_CLASS_MAX).contains(&class.len()) && printable {
            return Ok(class);
        }
        let detail = format!("a message class has 1 to {MESSAGE_CLASS_MAX} printable characters");
        Err(Problem::body(FieldError::at("#/message_class", detail)))
    }
}

/// Has something happen in a session's mailbox. There are no mailboxes yet, so this is the one source of events. The client
/// has to have registered for it (RopRegisterNotification); it learns of it with the answer to its next call, and by a
/// datagram if it asked for that (EcRRegisterPushNotification).
#[utoipa::path(
    post, path = "/v1/stores/{store}/sessions/{id}/notifications", tag = "sessions",
    operation_id = "notify",
    params(("id" = u64, Path, description = "The session's id")),
    request_body(content = Option<NewNotification>),
    responses((status = 200, body = Notification)),
)]
async fn notify(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<SessionId>,
    OptionalBody(new): OptionalBody<NewNotification>,
) -> Result<Reply<Notification>, Problem> {
    let kind = new.kind;
    let (notified, cursor) = store.notify_session(id, new.message_class()?).await?;
    let told = notified.told;
    Ok(Reply::ok((cursor, Notification { session: id.0, kind, told, push: notified.push.into() })))
}
