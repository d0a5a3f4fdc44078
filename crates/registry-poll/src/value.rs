//! Typed registry values, as bytes.

use core::fmt;

/// A registry value's type ([MS-RRP] 2.2.9, winnt.h): unknown numbers survive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegType(pub u32);

impl RegType {
    /// No defined type.
    pub const NONE: Self = Self(0);
    /// Text, UTF-16LE, usually with a NUL at its end.
    pub const SZ: Self = Self(1);
    /// Text with `%VARIABLES%`.
    pub const EXPAND_SZ: Self = Self(2);
    /// Bytes.
    pub const BINARY: Self = Self(3);
    /// 32 bits, little-endian.
    pub const DWORD: Self = Self(4);
    /// Texts, each with a NUL at its end, and one more NUL.
    pub const MULTI_SZ: Self = Self(7);
    /// 64 bits, little-endian.
    pub const QWORD: Self = Self(11);

    const NAMES: [(Self, &str); 7] = [
        (Self::NONE, "REG_NONE"),
        (Self::SZ, "REG_SZ"),
        (Self::EXPAND_SZ, "REG_EXPAND_SZ"),
        (Self::BINARY, "REG_BINARY"),
        (Self::DWORD, "REG_DWORD"),
        (Self::MULTI_SZ, "REG_MULTI_SZ"),
        (Self::QWORD, "REG_QWORD"),
    ];

    /// The type that Microsoft calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for RegType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(kind, _)| kind == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "registry type {}", self.0),
        }
    }
}

/// A registry value: its type and its bytes, which need not fit the type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegValue {
    kind: RegType,
    data: Vec<u8>,
}

impl RegValue {
    /// A value of any type, its bytes as the registry holds them.
    pub fn new(kind: RegType, data: Vec<u8>) -> Self {
        Self { kind, data }
    }

    /// A `REG_SZ` with its terminating NUL.
    pub fn sz(text: &str) -> Self {
        Self::new(RegType::SZ, utf16le(text.encode_utf16().chain([0])))
    }

    /// A `REG_EXPAND_SZ` with its terminating NUL.
    pub fn expand_sz(text: &str) -> Self {
        Self::new(RegType::EXPAND_SZ, utf16le(text.encode_utf16().chain([0])))
    }

    /// A `REG_MULTI_SZ`: each text with its NUL, then one more.
    pub fn multi_sz<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let units = texts.into_iter().flat_map(|text| text.encode_utf16().chain([0]));
        Self::new(RegType::MULTI_SZ, utf16le(units.chain([0])))
    }

    /// A `REG_DWORD`.
    pub fn dword(value: u32) -> Self {
        Self::new(RegType::DWORD, value.to_le_bytes().to_vec())
    }

    /// A `REG_BINARY`.
    pub fn binary(data: Vec<u8>) -> Self {
        Self::new(RegType::BINARY, data)
    }

    /// The type.
    pub fn kind(&self) -> RegType {
        self.kind
    }

    /// The bytes, as the registry holds them.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The UTF-16 text in the bytes without one terminating NUL; what is no UTF-16 becomes U+FFFD. `None` when a byte
    /// is left over.
    pub fn text(&self) -> Option<String> {
        let (units, rest) = self.data.as_chunks::<2>();
        let units = units.strip_suffix(&[[0, 0]]).unwrap_or(units);
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest.is_empty().then(|| text.collect())
    }
}

fn utf16le(units: impl Iterator<Item = u16>) -> Vec<u8> {
    units.flat_map(u16::to_le_bytes).collect()
}
