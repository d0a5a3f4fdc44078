//! The match of a fault rule as JSON.

use infostore::{ClientId, Direction, FaultMatch, OriginKind, Stage, list_value};
use policy::{BlockList, ProcessName};
use registry_poll::ValueName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at;
use crate::problem::Problem;
use crate::session_fields::{OriginName, TransportName};

/// What a fault rule applies to. What is left out matches everything that the effect can be had on; what can't be had together
/// is refused.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = FaultMatch)]
pub(super) struct MatchText {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<StageName>,
    /// A program that the client has reported, compared as the block list does; known from its connect on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mdl.exe")]
    process: Option<String>,
    /// The id of an injected client.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<u64>,
    /// The group of injected clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Whose connection it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginName>,
    /// How its bytes travel.
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<TransportName>,
    /// Which way the bytes go that are disturbed. Left out, it is `to_client`, and of `late_aux` `to_server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<DirectionName>,
    /// The number of the operation of EMSMDB: 10 is EcDoConnectEx, 11 is EcDoRpcExt2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10)]
    opnum: Option<u16>,
    /// The registry value that is read, `Disable MAPI Client Processes` or `Disable MAPI Clients`; both unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Disable MAPI Client Processes")]
    value: Option<String>,
    /// The method of a request to the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "GET")]
    method: Option<String>,
    /// The route of a request to the control plane, from the store on and as the OpenAPI document has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/sessions/{id}")]
    route: Option<String>,
}

/// Where something goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FaultStage)]
pub(crate) enum StageName {
    /// A connection comes in, before its first byte is read.
    Accept,
    /// A connection binds.
    Bind,
    /// EcDoConnectEx or EcDoConnect.
    Connect,
    /// Any other call of EMSMDB but EcDoDisconnect.
    Rpc,
    /// EcDoDisconnect.
    Disconnect,
    /// A read of the registry.
    Registry,
    /// A tick of the schedule of polls.
    Poll,
    /// A request to the control plane about the store.
    Api,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FaultDirection)]
pub(super) enum DirectionName {
    /// The answer, after the store has done what was asked.
    ToClient,
    /// The request, before the store has seen it.
    ToServer,
}

impl MatchText {
    pub(super) fn matches(self) -> Result<FaultMatch, Problem> {
        Ok(FaultMatch {
            stage: self.stage.map(Stage::from),
            process: self.process.map(process).transpose()?,
            client: self.client_id.map(ClientId),
            group: self.group,
            origin: self.origin.map(OriginKind::from),
            transport: self.transport.map(Into::into),
            direction: self.direction.map(Direction::from),
            opnum: self.opnum,
            value: self.value.map(|text| value(&text)).transpose()?,
            method: self.method.map(|method| method.to_ascii_uppercase()),
            route: self.route,
        })
    }
}

fn process(name: String) -> Result<ProcessName, Problem> {
    let parsed = ProcessName::parse(&name);
    parsed.ok_or_else(|| at("#/match/process", format!("`{name}` names no program")))
}

/// A rule for a value that is never read would never hit.
fn value(text: &str) -> Result<ValueName, Problem> {
    let name = text.parse().ok();
    let read = BlockList::ALL.map(list_value).into_iter().find(|read| Some(read) == name.as_ref());
    read.ok_or_else(|| {
        let [processes, versions] = BlockList::ALL.map(BlockList::value_name);
        let detail =
            format!("the store reads no `{text}`; it reads `{processes}` and `{versions}`");
        at("#/match/value", detail)
    })
}

impl From<&FaultMatch> for MatchText {
    fn from(matches: &FaultMatch) -> Self {
        Self {
            stage: matches.stage.map(StageName::from),
            process: matches.process.as_ref().map(|name| name.reported().to_owned()),
            client_id: matches.client.map(|client| client.0),
            group: matches.group.clone(),
            origin: matches.origin.map(OriginName::from),
            transport: matches.transport.map(TransportName::from),
            direction: matches.direction.map(DirectionName::from),
            opnum: matches.opnum,
            value: matches.value.as_ref().map(ToString::to_string),
            method: matches.method.clone(),
            route: matches.route.clone(),
        }
    }
}

/// The same names on both sides.
macro_rules! same_names {
    ($($text:ident = $core:ident { $($name:ident),+ })+) => {
        $(impl From<$text> for $core {
            fn from(text: $text) -> Self {
                match text { $($text::$name => Self::$name,)+ }
            }
        }

        impl From<$core> for $text {
            fn from(core: $core) -> Self {
                match core { $($core::$name => Self::$name,)+ }
            }
        })+
    };
}

same_names! {
    StageName = Stage { Accept, Bind, Connect, Rpc, Disconnect, Registry, Poll, Api }
    DirectionName = Direction { ToClient, ToServer }
    OriginName = OriginKind { Injected, Foreign }
}
