//! Signals, as the commands that outlast a request listen for them.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Code, Failure};

/// Listens for a signal, which from then on does nothing by itself.
pub(crate) fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::from_error(Code::Internal, &error))
}
