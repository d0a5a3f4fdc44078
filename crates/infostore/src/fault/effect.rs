//! What goes wrong, and where it can.

use core::num::{NonZeroU8, NonZeroU64};
use core::time::Duration;

use registry_poll::FaultKind;

/// A place where something can go wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
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

/// Which way the bytes go that a fault disturbs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// The request, before the store has seen it.
    ToServer,
    /// The answer, after the store has done what was asked.
    ToClient,
}

/// The status of an RPC fault, as the wire has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RpcStatus(pub u32);

/// An `ec*` code, as the wire has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResultCode(pub u32);

/// What becomes of the process block of a connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LateAux {
    /// It arrives with the client's next EcDoRpcExt2.
    NextCall,
    /// It never arrives.
    Dropped,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultEffect {
    /// A connection is turned away: reset as it comes in, or its bind refused.
    Refuse,
    /// The connection is reset.
    Reset,
    /// The connection is closed after so many bytes of an answer.
    CloseAfter(u64),
    /// Nothing comes any more, until the rule is taken away.
    Hang,
    /// It comes so much store time later.
    Latency(Duration),
    /// So many bytes of an answer come for each such span of store time.
    SlowBytes(NonZeroU64, Duration),
    /// A byte of an answer is another: bits of the byte at this offset are flipped; each is drawn when it is not given.
    Corrupt(Option<u64>, Option<NonZeroU8>),
    /// The call is not made and answered with an RPC fault.
    RpcFault(RpcStatus),
    /// The call is not made and answered with this code.
    Code(ResultCode),
    /// The process block of a connect is withheld.
    LateAux(LateAux),
    /// A read of the registry is disturbed.
    Read(FaultKind),
    /// A tick does nothing.
    SkipPoll,
    /// Store time jumps ahead by so much.
    ClockJump(Duration),
    /// An answer of the control plane comes so much wall time later.
    SlowAnswer(Duration),
    /// An answer or a stream of the control plane breaks off.
    Drop,
}

const CONNECTION: &[Stage] =
    &[Stage::Accept, Stage::Bind, Stage::Connect, Stage::Rpc, Stage::Disconnect];
const ANSWERED: &[Stage] = &[Stage::Bind, Stage::Connect, Stage::Rpc, Stage::Disconnect];
const CALLS: &[Stage] = &[Stage::Connect, Stage::Rpc, Stage::Disconnect];
const ENGINE: &[Stage] =
    &[Stage::Accept, Stage::Bind, Stage::Connect, Stage::Rpc, Stage::Disconnect, Stage::Poll];

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 8] = [
        Self::Accept,
        Self::Bind,
        Self::Connect,
        Self::Rpc,
        Self::Disconnect,
        Self::Registry,
        Self::Poll,
        Self::Api,
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Bind => "bind",
            Self::Connect => "connect",
            Self::Rpc => "rpc",
            Self::Disconnect => "disconnect",
            Self::Registry => "registry",
            Self::Poll => "poll",
            Self::Api => "api",
        }
    }
}

impl FaultEffect {
    /// Its word; of a read's disturbance its own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::CloseAfter(_) => "close_after",
            Self::Hang => "hang",
            Self::Latency(_) => "latency",
            Self::SlowBytes(..) => "slow_bytes",
            Self::Corrupt(..) => "corrupt",
            Self::RpcFault(_) => "rpc_fault",
            Self::Code(_) => "ec",
            Self::LateAux(_) => "late_aux",
            Self::Read(kind) => kind.name(),
            Self::SkipPoll => "skip_poll",
            Self::ClockJump(_) => "clock_jump",
            Self::SlowAnswer(_) => "slow_answer",
            Self::Drop => "drop",
        }
    }

    /// Where it can act.
    pub fn stages(&self) -> &'static [Stage] {
        match self {
            Self::Refuse => &[Stage::Accept, Stage::Bind],
            Self::Hang | Self::Latency(_) => CONNECTION,
            Self::Reset | Self::CloseAfter(_) | Self::SlowBytes(..) | Self::Corrupt(..) => ANSWERED,
            Self::RpcFault(_) | Self::Code(_) => CALLS,
            Self::LateAux(_) => &[Stage::Connect],
            Self::Read(_) => &[Stage::Registry],
            Self::SkipPoll => &[Stage::Poll],
            Self::ClockJump(_) => ENGINE,
            Self::SlowAnswer(_) | Self::Drop => &[Stage::Api],
        }
    }

    /// Which ways it can act; the first is meant unless told. None has no direction.
    pub fn directions(&self) -> &'static [Direction] {
        match self {
            Self::Reset | Self::Hang | Self::Latency(_) => {
                &[Direction::ToClient, Direction::ToServer]
            }
            Self::CloseAfter(_)
            | Self::SlowBytes(..)
            | Self::Corrupt(..)
            | Self::RpcFault(_)
            | Self::Code(_) => &[Direction::ToClient],
            Self::LateAux(_) => &[Direction::ToServer],
            Self::Refuse
            | Self::Read(_)
            | Self::SkipPoll
            | Self::ClockJump(_)
            | Self::SlowAnswer(_)
            | Self::Drop => &[],
        }
    }

    /// Whether it goes with every other effect on the same opportunity. Of those that don't one wins, the oldest.
    pub(super) fn adds_up(&self) -> bool {
        match self {
            Self::Latency(_) | Self::LateAux(_) | Self::ClockJump(_) | Self::SlowAnswer(_) => true,
            Self::Refuse
            | Self::Reset
            | Self::CloseAfter(_)
            | Self::Hang
            | Self::SlowBytes(..)
            | Self::Corrupt(..)
            | Self::RpcFault(_)
            | Self::Code(_)
            | Self::Read(_)
            | Self::SkipPoll
            | Self::Drop => false,
        }
    }
}
