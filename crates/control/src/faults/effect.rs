//! The effect of a fault rule as JSON: exactly one of its fields, and what belongs to it.

use std::fmt;
use std::num::{NonZeroU8, NonZeroU64};
use std::time::Duration;

use dcerpc::FaultStatus;
use emsmdb::ErrorCode;
use infostore::{FaultEffect, LateAux, ResultCode, RpcStatus};
use registry_poll::{FaultKind, RegType};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::at;
use crate::given;
use crate::problem::Problem;
use crate::reg_value::{type_name, type_of};
use crate::scalars::Length;

/// What goes wrong: exactly one of these, but for `type` and `delay`, which go with `registry`. Delays are store time, but for
/// that of `slow_answer`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = FaultEffect)]
pub(super) struct EffectText {
    /// A connection is turned away: reset as it comes in, or its bind refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refuse: Option<bool>,
    /// The connection is reset, `to_client` where the answer would come, `to_server` before the store sees the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<bool>,
    /// The connection is closed after so many bytes of the answer, in the middle of a PDU if it comes to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    close_after: Option<u64>,
    /// Nothing comes any more, `to_client` the answer, `to_server` the request, until the rule is paused or deleted: then it goes
    /// on.
    #[serde(skip_serializing_if = "Option::is_none")]
    hang: Option<bool>,
    /// It comes so much later, `to_client` the answer, `to_server` the request; when the rule is paused or deleted, at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Length>,
    /// The answer comes a few bytes at a time; when the rule is paused or deleted, the rest at once.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given::optional_object")]
    slow_bytes: Option<SlowBytes>,
    /// Bits of one byte of the answer are flipped.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given::optional_object")]
    corrupt: Option<Corrupt>,
    /// The call is not made, and answered with an RPC fault: a name such as `nca_s_server_too_busy`, or the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    rpc_fault: Option<NameOrNumber>,
    /// The call is not made, and answered with a code: a name such as `ecServerBusy`, or the number. A connect is refused with
    /// it before the policy is asked, and there is no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    ec: Option<NameOrNumber>,
    /// The process block of an EcDoConnectEx is withheld from the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_aux: Option<LateAuxName>,
    /// What goes wrong with a read of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<RegistryEffect>,
    /// Of `wrong_type` the type that the value has: `REG_DWORD` unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "REG_DWORD")]
    r#type: Option<String>,
    /// Of `slow` the store time until the values come.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Length>,
    /// A tick of the schedule of polls does nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_poll: Option<bool>,
    /// The answer of the control plane comes so much wall time later, 30 s at the most. What was asked for is done at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_answer: Option<Length>,
    /// The answer of the control plane breaks off. What was asked for is done. Of a stream of events each entry is an opportunity,
    /// and those before the one that is hit have been sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    drop: Option<bool>,
    /// Store time jumps ahead by so much, whatever its mode; what lies between is due at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_jump: Option<Length>,
}

/// How slowly an answer comes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SlowBytes {
    /// So many bytes, at least 1,
    #[schema(value_type = u64, minimum = 1)]
    bytes: NonZeroU64,
    /// at the end of each such span.
    per: Length,
}

/// Which bits are flipped.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Corrupt {
    /// The byte, counted from 0 at the beginning of the answer's first PDU; in a shorter answer it is the last. Left out, each is
    /// as likely as another.
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
    /// Its bits that are flipped, from 1 to 255. Left out, it is one of the eight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 255)]
    mask: Option<NonZeroU8>,
}

/// A name or a number of the protocol.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum NameOrNumber {
    /// The 32 bits on the wire.
    Number(u32),
    /// Its name.
    Name(String),
}

/// What becomes of the process block of a connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LateAux)]
enum LateAuxName {
    /// It arrives with the client's next EcDoRpcExt2.
    NextCall,
    /// It never arrives.
    Dropped,
}

/// What goes wrong with a read of the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegistryEffect {
    /// The value is not there: its list is off.
    Missing,
    /// The value has the same bytes and another type: its list is off, and that is an error.
    WrongType,
    /// Access to the key is denied: the list as it was last read stays, and after a start there is none.
    AccessDenied,
    /// The hive is half written: the same.
    Torn,
    /// The hive is in somebody else's hands: the same.
    Busy,
    /// The values come later; the grid of polls stays.
    Slow,
    /// The value is what the last undisturbed read returned: an edit is not seen yet.
    Stale,
}

impl EffectText {
    pub(super) fn effect(self) -> Result<FaultEffect, Problem> {
        let Self { registry, r#type, delay, .. } = self;
        if r#type.is_some() && registry != Some(RegistryEffect::WrongType) {
            return Err(at("#/effect/type", "it goes with `wrong_type`"));
        }
        if delay.is_some() && registry != Some(RegistryEffect::Slow) {
            return Err(at("#/effect/delay", "it goes with `slow`"));
        }
        let given = [
            told_to("refuse", self.refuse, FaultEffect::Refuse),
            told_to("reset", self.reset, FaultEffect::Reset),
            told_to("hang", self.hang, FaultEffect::Hang),
            told_to("skip_poll", self.skip_poll, FaultEffect::SkipPoll),
            told_to("drop", self.drop, FaultEffect::Drop),
            takes("latency", self.latency, FaultEffect::Latency),
            takes("clock_jump", self.clock_jump, FaultEffect::ClockJump),
            self.slow_answer.map(slow_answer),
            self.close_after.map(|bytes| Ok(FaultEffect::CloseAfter(bytes))),
            self.slow_bytes.map(|SlowBytes { bytes, per }| {
                Ok(FaultEffect::SlowBytes(bytes, some_time("slow_bytes/per", per)?))
            }),
            self.corrupt.map(|Corrupt { byte, mask }| Ok(FaultEffect::Corrupt(byte, mask))),
            self.rpc_fault.map(rpc_fault),
            self.ec.map(code),
            self.late_aux.map(|late| Ok(FaultEffect::LateAux(late.into()))),
            registry.map(|effect| read(effect, r#type, delay)),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(effect), None) => effect,
            _ => Err(at("#/effect", "exactly one effect is expected here")),
        }
    }
}

/// An effect that has nothing to say beside its name.
fn told_to(
    name: &str,
    told: Option<bool>,
    effect: FaultEffect,
) -> Option<Result<FaultEffect, Problem>> {
    let no = || at(&format!("#/effect/{name}"), "it is true, or left out");
    told.map(|told| if told { Ok(effect) } else { Err(no()) })
}

/// An effect that takes some time.
fn takes(
    name: &str,
    length: Option<Length>,
    effect: impl FnOnce(Duration) -> FaultEffect,
) -> Option<Result<FaultEffect, Problem>> {
    length.map(|length| some_time(name, length).map(effect))
}

/// Wall time that an answer may be held back: a request that is answered still has some of its own.
const SLOWEST_ANSWER: Duration = Duration::from_secs(30);

fn slow_answer(by: Length) -> Result<FaultEffect, Problem> {
    let by = some_time("slow_answer", by)?;
    if SLOWEST_ANSWER < by {
        return Err(at("#/effect/slow_answer", "it is at most 30s, which pass on the wall"));
    }
    Ok(FaultEffect::SlowAnswer(by))
}

fn rpc_fault(given: NameOrNumber) -> Result<FaultEffect, Problem> {
    let status = given.number(|name| FaultStatus::from_name(name).map(|status| status.0));
    let status = status.map_err(|text| {
        at("#/effect/rpc_fault", format!("`{text}` is no status of a fault that is known here"))
    })?;
    if status == 0 {
        return Err(at("#/effect/rpc_fault", "0 is no fault"));
    }
    Ok(FaultEffect::RpcFault(RpcStatus(status)))
}

fn code(given: NameOrNumber) -> Result<FaultEffect, Problem> {
    let code = given.number(|name| ErrorCode::from_name(name).map(|code| code.0));
    let code =
        code.map_err(|text| at("#/effect/ec", format!("`{text}` is no code that is known here")))?;
    if ErrorCode(code).is_none() {
        return Err(at("#/effect/ec", "`ecNone` is success"));
    }
    Ok(FaultEffect::Code(ResultCode(code)))
}

impl<'de> Deserialize<'de> for NameOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadNameOrNumber)
    }
}

/// Says of both what is wrong where it is read.
struct ReadNameOrNumber;

impl de::Visitor<'_> for ReadNameOrNumber {
    type Value = NameOrNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or a number of 32 bits")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<NameOrNumber, E> {
        Ok(NameOrNumber::Name(name.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<NameOrNumber, E> {
        let too_large = |_| E::invalid_value(de::Unexpected::Unsigned(number), &self);
        u32::try_from(number).map(NameOrNumber::Number).map_err(too_large)
    }
}

impl NameOrNumber {
    /// The number; a name that has none comes back.
    fn number(self, known: impl FnOnce(&str) -> Option<u32>) -> Result<u32, String> {
        let name = match self {
            Self::Number(number) => return Ok(number),
            Self::Name(name) => name,
        };
        let digits = name.strip_prefix("0x").or_else(|| name.strip_prefix("0X"));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        number.or_else(|| known(&name)).ok_or(name)
    }

    /// The name where there is one.
    fn shown(name: Option<&str>, number: u32) -> Self {
        Self::Name(name.map_or_else(|| format!("0x{number:08X}"), str::to_owned))
    }
}

fn some_time(name: &str, Length(length): Length) -> Result<Duration, Problem> {
    let no = || at(&format!("#/effect/{name}"), "it has to be more than nothing");
    if length.is_zero() { Err(no()) } else { Ok(length) }
}

fn read(
    effect: RegistryEffect,
    kind: Option<String>,
    delay: Option<Length>,
) -> Result<FaultEffect, Problem> {
    Ok(FaultEffect::Read(match effect {
        RegistryEffect::Missing => FaultKind::Missing,
        RegistryEffect::WrongType => FaultKind::WrongType(wrong_type(kind)?),
        RegistryEffect::AccessDenied => FaultKind::AccessDenied,
        RegistryEffect::Torn => FaultKind::Torn,
        RegistryEffect::Busy => FaultKind::Busy,
        RegistryEffect::Slow => FaultKind::Slow(slowness(delay)?),
        RegistryEffect::Stale => FaultKind::Stale,
    }))
}

fn wrong_type(name: Option<String>) -> Result<RegType, Problem> {
    let Some(name) = name else { return Ok(RegType::DWORD) };
    type_of(&name).ok_or_else(|| at("#/effect/type", format!("`{name}` is no registry type")))
}

fn slowness(delay: Option<Length>) -> Result<Duration, Problem> {
    let missing = || at("#/effect/delay", "it is missing: how much later do the values come?");
    some_time("delay", delay.ok_or_else(missing)?)
}

impl From<&FaultEffect> for EffectText {
    fn from(effect: &FaultEffect) -> Self {
        let (mut text, yes) = (Self::default(), Some(true));
        match effect {
            FaultEffect::Read(kind) => return of_read(*kind),
            FaultEffect::Refuse => text.refuse = yes,
            FaultEffect::Reset => text.reset = yes,
            FaultEffect::Hang => text.hang = yes,
            FaultEffect::SkipPoll => text.skip_poll = yes,
            FaultEffect::Drop => text.drop = yes,
            FaultEffect::CloseAfter(bytes) => text.close_after = Some(*bytes),
            FaultEffect::Latency(by) => text.latency = Some(Length(*by)),
            FaultEffect::ClockJump(by) => text.clock_jump = Some(Length(*by)),
            FaultEffect::SlowAnswer(by) => text.slow_answer = Some(Length(*by)),
            FaultEffect::SlowBytes(bytes, per) => {
                text.slow_bytes = Some(SlowBytes { bytes: *bytes, per: Length(*per) });
            }
            FaultEffect::Corrupt(byte, mask) => {
                text.corrupt = Some(Corrupt { byte: *byte, mask: *mask });
            }
            FaultEffect::RpcFault(RpcStatus(status)) => {
                text.rpc_fault = Some(NameOrNumber::shown(FaultStatus(*status).name(), *status));
            }
            FaultEffect::Code(ResultCode(code)) => {
                text.ec = Some(NameOrNumber::shown(ErrorCode(*code).name(), *code));
            }
            FaultEffect::LateAux(late) => text.late_aux = Some((*late).into()),
        }
        text
    }
}

impl From<LateAuxName> for LateAux {
    fn from(late: LateAuxName) -> Self {
        match late {
            LateAuxName::NextCall => Self::NextCall,
            LateAuxName::Dropped => Self::Dropped,
        }
    }
}

impl From<LateAux> for LateAuxName {
    fn from(late: LateAux) -> Self {
        match late {
            LateAux::NextCall => Self::NextCall,
            LateAux::Dropped => Self::Dropped,
        }
    }
}

fn of_read(kind: FaultKind) -> EffectText {
    let effect = |registry| EffectText { registry: Some(registry), ..EffectText::default() };
    match kind {
        FaultKind::Missing => effect(RegistryEffect::Missing),
        FaultKind::WrongType(kind) => {
            EffectText { r#type: Some(type_name(kind)), ..effect(RegistryEffect::WrongType) }
        }
        FaultKind::AccessDenied => effect(RegistryEffect::AccessDenied),
        FaultKind::Torn => effect(RegistryEffect::Torn),
        FaultKind::Busy => effect(RegistryEffect::Busy),
        FaultKind::Slow(delay) => {
            EffectText { delay: Some(Length(delay)), ..effect(RegistryEffect::Slow) }
        }
        FaultKind::Stale => effect(RegistryEffect::Stale),
    }
}
