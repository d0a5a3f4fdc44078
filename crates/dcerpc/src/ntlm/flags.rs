//! What the two ends of an NTLM exchange can agree on (MS-NLMP 2.2.2.5).

use bitflags::bitflags;

bitflags! {
    /// `NegotiateFlags`. Bits without a name here are neither offered nor granted.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct NegotiateFlags: u32 {
        /// Names are UTF-16.
        const UNICODE = 0x0000_0001;
        /// Names are in the code page of whoever sends them.
        const OEM = 0x0000_0002;
        /// The client wants to know the server's domain.
        const REQUEST_TARGET = 0x0000_0004;
        /// Messages will be signed.
        const SIGN = 0x0000_0010;
        /// Messages will be encrypted.
        const SEAL = 0x0000_0020;
        /// Keys come from the LM hash. Never granted.
        const LM_KEY = 0x0000_0080;
        /// NTLM, as against LM alone.
        const NTLM = 0x0000_0200;
        /// The client is nobody.
        const ANONYMOUS = 0x0000_0800;
        /// Signatures are there even where they prove nothing.
        const ALWAYS_SIGN = 0x0000_8000;
        /// The server's target name is its domain.
        const TARGET_TYPE_DOMAIN = 0x0001_0000;
        /// The server's target name is its own.
        const TARGET_TYPE_SERVER = 0x0002_0000;
        /// Extended session security, also called NTLM2: keys per direction, HMAC-MD5 signatures.
        const EXTENDED_SESSION_SECURITY = 0x0008_0000;
        /// The challenge tells the server's names.
        const TARGET_INFO = 0x0080_0000;
        /// Messages tell the version of who sends them.
        const VERSION = 0x0200_0000;
        /// Keys of 128 bits.
        const BITS_128 = 0x2000_0000;
        /// The client picks the session key.
        const KEY_EXCHANGE = 0x4000_0000;
        /// Keys of 56 bits, where they don't have 128.
        const BITS_56 = 0x8000_0000;
    }
}

impl NegotiateFlags {
    /// What a client asks for that only wants to say who it is.
    pub const CONNECT: Self = Self::UNICODE
        .union(Self::OEM)
        .union(Self::REQUEST_TARGET)
        .union(Self::NTLM)
        .union(Self::ALWAYS_SIGN)
        .union(Self::EXTENDED_SESSION_SECURITY)
        .union(Self::VERSION)
        .union(Self::BITS_128)
        .union(Self::BITS_56);

    /// What a client asks for that signs its messages.
    pub const INTEGRITY: Self = Self::CONNECT.union(Self::SIGN).union(Self::KEY_EXCHANGE);

    /// What a client asks for that encrypts its messages.
    pub const PRIVACY: Self = Self::INTEGRITY.union(Self::SEAL);

    /// What a server grants to whoever asks.
    pub(super) const GRANTED: Self = Self::PRIVACY;

    /// Whether texts are UTF-16; `None` where nothing is said.
    pub(super) const fn unicode(self) -> Option<bool> {
        if self.contains(Self::UNICODE) {
            Some(true)
        } else if self.contains(Self::OEM) {
            Some(false)
        } else {
            None
        }
    }
}
