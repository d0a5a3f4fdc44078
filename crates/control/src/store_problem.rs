//! What a store refuses, as a problem: of which type it is, and what to do next.

use clock::ClockError;
use infostore::{CommandError, HotfixError};
use registry_poll::{ClusterError, EditError};
use server::{CreateError, KeepError, StartError, StoreError};

use crate::problem::{FieldError, Problem, ProblemType};

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let (kind, hint) = match &error {
            CreateError::Exists(_) => {
                (ProblemType::StoreExists, "choose another name, or DELETE the store first")
            }
            CreateError::TooMany { .. } => {
                (ProblemType::TooManyStores, "DELETE a store that is not needed any more")
            }
            CreateError::Start(StartError::Bind { .. } | StartError::BindMapper { .. }) => {
                (ProblemType::PortUnavailable, "port 0 takes any free one")
            }
            CreateError::Start(StartError::Random(_) | StartError::Capture { .. }) => {
                return Self::new(ProblemType::Internal, chain(&error));
            }
            CreateError::Start(StartError::Stopped) => {
                return Self::new(ProblemType::StoreStopped, chain(&error));
            }
        };
        Self::new(kind, chain(&error)).hint(hint)
    }
}

impl From<KeepError> for Problem {
    fn from(error: KeepError) -> Self {
        let kind = match error {
            KeepError::NotFound(_) => ProblemType::StoreNotFound,
            KeepError::Default => ProblemType::DefaultStore,
            KeepError::Store(error) => return error.into(),
        };
        Self::new(kind, error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if let StoreError::FaultRule(rule) = &error {
            return Self::body(FieldError::at(crate::faults::pointer(rule), rule.to_string()));
        }
        if let StoreError::User(user) = &error {
            return Self::body(FieldError::at("#/dn", user.to_string()));
        }
        if error == StoreError::NoPassword {
            return crate::users::no_password();
        }
        let mut problem = Self::new(problem_type(&error), chain(&error));
        if let StoreError::PreconditionFailed { found, .. } = &error {
            problem = problem.etag(found.clone());
        }
        match hint(&error) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// An error with what it came of: whoever asked has no log to look into.
fn chain(error: &dyn core::error::Error) -> String {
    let causes = core::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

/// What to do next, where there is something.
fn hint(error: &StoreError) -> Option<&'static str> {
    use StoreError;
    match error {
        StoreError::Clock(ClockError::NotManual) => {
            Some("make it manual first: PATCH /clock with {\"mode\":\"manual\"}")
        }
        StoreError::Clock(ClockError::Backwards { .. }) => {
            Some("POST /reset with {\"now\":...} starts over at an earlier time")
        }
        StoreError::NoRpcPort => Some("inject the client over the pipe"),
        StoreError::TooManyConnections { .. } => {
            Some("inject fewer, use the pipe, or allow more descriptors (ulimit -n)")
        }
        StoreError::NoSuchClient(_) => Some("GET /clients lists those there are"),
        StoreError::NoSuchClientGroup(_) => Some("GET /client-groups lists those there are"),
        StoreError::Command(CommandError::NoSuchSession(_)) => {
            Some("GET /sessions lists the live ones; GET /events tells how others ended")
        }
        StoreError::Moved { .. } => {
            Some("preview again and look at what has changed; or leave if_cursor out")
        }
        StoreError::PreconditionFailed { found: None, .. } => {
            Some("leave If-Match out to make what is not there")
        }
        StoreError::PreconditionFailed { .. } => {
            Some("GET it again, look at what has changed, and send `etag` as If-Match")
        }
        StoreError::Hotfix(HotfixError::NeedsSp2 { .. }) => {
            Some("install SP2 first: PATCH /build with {\"build\":\"6.5.7638\"}")
        }
        StoreError::NoCluster => {
            Some("make it one: PATCH /cluster with {\"mode\":\"checkpointed\"}")
        }
        StoreError::NoSuchUser(_) => Some("GET /users lists those there are"),
        StoreError::TooManyUsers(_) => Some("DELETE /users/{user} takes one away"),
        StoreError::NoSuchFault(_) => Some("GET /faults lists those there are"),
        StoreError::NoSuchSnapshot(_) => Some("GET /snapshots lists those there are"),
        StoreError::TooManySnapshots { .. } | StoreError::SnapshotsTooLarge { .. } => {
            Some("DELETE /snapshots/{id} drops one")
        }
        StoreError::NotRegistered(_) => {
            Some("its client has to send RopRegisterNotification on a logon first")
        }
        StoreError::TooManyEvents(_) => {
            Some("its client fetches them with its next call; DELETE /sessions/{id} ends it")
        }
        StoreError::TooManyWaits => Some("wait for some of them to end"),
        StoreError::TooManyFaults(_) => Some("DELETE /faults/{id} takes one away"),
        StoreError::Cluster(ClusterError::NoSuchNode { .. }) => {
            Some("GET /cluster lists the nodes")
        }
        StoreError::Cluster(
            ClusterError::Online { .. }
            | ClusterError::ActiveNodeWouldGo { .. }
            | ClusterError::Edit(_)
            | ClusterError::Restore { .. },
        )
        | StoreError::Hotfix(HotfixError::Installed { .. } | HotfixError::OtherProduct { .. })
        | StoreError::Registry(_)
        | StoreError::AlreadyActive(_)
        | StoreError::Clock(ClockError::OutOfRange)
        | StoreError::Edit(_)
        | StoreError::Command(CommandError::Stopped | CommandError::Running)
        | StoreError::FaultRule(_)
        | StoreError::NoPassword
        | StoreError::User(_)
        | StoreError::Stopped => None,
        StoreError::ServiceStopped => {
            Some("POST /restart starts it, once its registry can be restored")
        }
    }
}

fn problem_type(error: &StoreError) -> ProblemType {
    use StoreError;
    match error {
        StoreError::Stopped | StoreError::Command(CommandError::Stopped) => {
            ProblemType::StoreStopped
        }
        StoreError::Command(CommandError::NoSuchSession(_)) => ProblemType::SessionNotFound,
        StoreError::Clock(ClockError::NotManual) => ProblemType::ClockNotManual,
        StoreError::Clock(ClockError::Backwards { .. }) => ProblemType::ClockBackwards,
        StoreError::Clock(ClockError::OutOfRange) => ProblemType::ClockOutOfRange,
        StoreError::ServiceStopped => ProblemType::ServiceStopped,
        StoreError::Edit(EditError::Unreadable(_) | EditError::Unwritable { .. })
        | StoreError::Cluster(ClusterError::Edit(
            EditError::Unreadable(_) | EditError::Unwritable { .. },
        )) => ProblemType::RegistryUnreadable,
        StoreError::Edit(_) | StoreError::Cluster(ClusterError::Edit(_)) => {
            ProblemType::RegistryEditRefused
        }
        // No request starts a service but by a restart, which stops it first.
        StoreError::Command(CommandError::Running) => ProblemType::Internal,
        StoreError::Moved { .. } => ProblemType::StoreMoved,
        StoreError::PreconditionFailed { .. } => ProblemType::PreconditionFailed,
        StoreError::Hotfix(HotfixError::NeedsSp2 { .. }) => ProblemType::HotfixNeedsSp2,
        StoreError::Hotfix(HotfixError::Installed { .. }) => ProblemType::HotfixInstalled,
        StoreError::Hotfix(HotfixError::OtherProduct { .. }) => ProblemType::HotfixOtherProduct,
        StoreError::Registry(_) => ProblemType::RegistryUnreadable,
        StoreError::Cluster(ClusterError::NoSuchNode { .. }) => ProblemType::NodeNotFound,
        StoreError::Cluster(ClusterError::Restore { .. }) => ProblemType::CheckpointNotRestored,
        StoreError::Cluster(
            ClusterError::Online { .. } | ClusterError::ActiveNodeWouldGo { .. },
        )
        | StoreError::AlreadyActive(_) => ProblemType::NodeActive,
        StoreError::NoCluster => ProblemType::NoCluster,
        StoreError::NoSuchFault(_) => ProblemType::FaultNotFound,
        StoreError::FaultRule(_) => ProblemType::InvalidBody,
        StoreError::NoSuchUser(_) => ProblemType::UserNotFound,
        StoreError::TooManyUsers(_) => ProblemType::TooManyUsers,
        StoreError::NoPassword | StoreError::User(_) => ProblemType::InvalidBody,
        StoreError::TooManyFaults(_) => ProblemType::TooManyFaults,
        StoreError::NoSuchSnapshot(_) => ProblemType::SnapshotNotFound,
        StoreError::TooManySnapshots { .. } => ProblemType::TooManySnapshots,
        StoreError::SnapshotsTooLarge { .. } => ProblemType::SnapshotsTooLarge,
        StoreError::NotRegistered(_) => ProblemType::NotRegistered,
        StoreError::TooManyEvents(_) => ProblemType::TooManyEvents,
        StoreError::TooManyWaits => ProblemType::TooManyWaits,
        StoreError::NoSuchClient(_) => ProblemType::ClientNotFound,
        StoreError::NoSuchClientGroup(_) => ProblemType::ClientGroupNotFound,
        StoreError::NoRpcPort => ProblemType::NoRpcPort,
        StoreError::TooManyConnections { .. } => ProblemType::TooManyConnections,
    }
}
