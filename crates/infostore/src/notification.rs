//! Events of a mailbox that a session's client asked to be told of, as the journal names them.

/// What happened in a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotificationKind {
    /// A message has come in.
    NewMail,
}

impl NotificationKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewMail => "new_mail",
        }
    }
}

/// What became of the datagram that tells a client of pending events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Push {
    /// The client asked for none.
    NotAsked,
    /// It was sent.
    Sent,
    /// The client has had one and has not called since; the next comes with time.
    Waiting,
    /// It is not sent: the client named an address that is not this machine's own.
    NotLoopback,
}

impl Push {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Sent => "sent",
            Self::Waiting => "waiting",
            Self::NotLoopback => "not_loopback",
        }
    }
}
