//! The words for the settings of a store and its cluster.

use infostore::{DisconnectMode, PolicyMode, ProtectionLevel, RegistryWatch};
use registry_poll::ClusterMode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the words of a closed set of settings, and the way there and back.
macro_rules! words {
    ($(#[$doc:meta])+ $name:ident as $schema:ident for $of:ty { $($(#[$variant_doc:meta])+ $variant:ident = $value:path,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = $schema)]
        pub(crate) enum $name {
            $($(#[$variant_doc])+ $variant,)+
        }

        impl From<$of> for $name {
            fn from(value: $of) -> Self {
                match value {
                    $($value => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $of {
            fn from(name: $name) -> Self {
                match name {
                    $($name::$variant => $value,)+
                }
            }
        }
    };
}

words! {
    /// Whether a value that was not there when the service started is followed later.
    WatchName as RegistryWatch for RegistryWatch {
        /// Every poll reads both values; no restart is ever needed.
        Always = RegistryWatch::Always,
        /// A value is polled when it existed at the last start, as the procedure of the article has it.
        ArmedAtStart = RegistryWatch::ArmedAtStart,
    }
}

words! {
    /// What happens to the connections of sessions that the store ended.
    DisconnectName as DisconnectMode for DisconnectMode {
        /// They are closed at once when their group holds no live session.
        Connection = DisconnectMode::Connection,
        /// They stay, and the next call on a dead handle is told.
        Context = DisconnectMode::Context,
    }
}

words! {
    /// Whether the policy is acted on.
    PolicyModeName as PolicyMode for PolicyMode {
        /// A client that it forbids is refused, and its session ended.
        Enforce = PolicyMode::Enforce,
        /// What it would do is decided and journalled, and done to nobody.
        Audit = PolicyMode::Audit,
    }
}

words! {
    /// How a call is protected; each has what those before it have.
    LevelName as AuthLevel for ProtectionLevel {
        /// Nobody says who calls.
        None = ProtectionLevel::None,
        /// Who calls was proved when the connection was made.
        Connect = ProtectionLevel::Connect,
        /// As `packet`, which it is taken for.
        Call = ProtectionLevel::Call,
        /// Each packet is from whoever it was.
        Packet = ProtectionLevel::Packet,
        /// No packet was changed on the way.
        Integrity = ProtectionLevel::Integrity,
        /// Nobody has read it either.
        Privacy = ProtectionLevel::Privacy,
    }
}

words! {
    /// How the nodes of a cluster share their registries.
    ClusterModeName as ClusterMode for ClusterMode {
        /// There is no cluster: one node.
        None = ClusterMode::None,
        /// Two nodes, each with what was written there.
        PerNode = ClusterMode::PerNode,
        /// Two nodes and a checkpoint of the polled key, restored wherever the service comes online.
        Checkpointed = ClusterMode::Checkpointed,
    }
}
