//! Why a client may not open a session as whom it says it is. The store's edge finds it, since only that knows who its users are;
//! the engine refuses the client for it as for anything else.

/// What is wrong with who a client is, or with how it proves it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Denial {
    /// The store wants its clients to encrypt what they send, and this one does not.
    NotEncrypted {
        /// Whether the client knows the code for that, as those from 12.0.3619.0 on do.
        knows_code: bool,
    },
    /// The store wants its clients to protect their calls better than this one does.
    LevelTooLow,
    /// The client has not said who it is, and the store takes nobody who does not.
    Anonymous,
    /// Whoever the client has proved to be is no user of the store any more.
    AccountGone,
    /// szUserDN is that of no user of the store.
    UnknownUser,
    /// szUserDN is that of another user.
    OtherUser,
    /// ulFlags asks for the rights of an administrator, which this user does not have.
    NotAdmin,
}

impl Denial {
    /// Every kind; of those that say more, one with each.
    pub const ALL: [Self; 8] = [
        Self::NotEncrypted { knows_code: true },
        Self::NotEncrypted { knows_code: false },
        Self::LevelTooLow,
        Self::Anonymous,
        Self::AccountGone,
        Self::UnknownUser,
        Self::OtherUser,
        Self::NotAdmin,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotEncrypted { .. } => "not_encrypted",
            Self::LevelTooLow => "level_too_low",
            Self::Anonymous => "anonymous",
            Self::AccountGone => "account_gone",
            Self::UnknownUser => "unknown_user",
            Self::OtherUser => "other_user",
            Self::NotAdmin => "not_admin",
        }
    }
}
