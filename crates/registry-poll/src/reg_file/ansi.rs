//! The ANSI code pages of `REGEDIT4` files.
//!
//! The tables are those of the WHATWG Encoding Standard. It follows Windows, but for a few symbols of 950, and for
//! bytes without a character, which Windows maps to something and which are an error here.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// The ANSI code page of the machine that wrote a `REGEDIT4` file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AnsiCodePage {
    /// Thai.
    Windows874,
    /// Japanese, Shift JIS.
    Windows932,
    /// Simplified Chinese, GBK.
    Windows936,
    /// Korean, unified Hangul.
    Windows949,
    /// Traditional Chinese, Big5.
    Windows950,
    /// Central European.
    Windows1250,
    /// Cyrillic.
    Windows1251,
    /// Western European, the one to take when nothing else is known.
    #[default]
    Windows1252,
    /// Greek.
    Windows1253,
    /// Turkish.
    Windows1254,
    /// Hebrew.
    Windows1255,
    /// Arabic.
    Windows1256,
    /// Baltic.
    Windows1257,
    /// Vietnamese.
    Windows1258,
}

impl AnsiCodePage {
    /// The code page of a number such as 1252; `None` for one that is no ANSI code page of Windows.
    pub fn from_number(number: u16) -> Option<Self> {
        match number {
            874 => Some(Self::Windows874),
            932 => Some(Self::Windows932),
            936 => Some(Self::Windows936),
            949 => Some(Self::Windows949),
            950 => Some(Self::Windows950),
            1250 => Some(Self::Windows1250),
            1251 => Some(Self::Windows1251),
            1252 => Some(Self::Windows1252),
            1253 => Some(Self::Windows1253),
            1254 => Some(Self::Windows1254),
            1255 => Some(Self::Windows1255),
            1256 => Some(Self::Windows1256),
            1257 => Some(Self::Windows1257),
            1258 => Some(Self::Windows1258),
            _ => None,
        }
    }

    /// Its number, such as 1252.
    pub fn number(self) -> u16 {
        self.row().0
    }

    pub(super) fn encoding(self) -> &'static Encoding {
        self.row().1
    }

    /// The text of `bytes`; `None` when some of them are no character.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        self.encoding().decode_without_bom_handling_and_without_replacement(bytes)
    }

    /// The bytes of `text`; `None` when it would not read back as it is.
    pub(super) fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        let (bytes, _, lossy) = self.encoding().encode(text);
        // Shift JIS takes a yen sign for a backslash: found by reading back.
        let same = !lossy && self.decode(&bytes).is_some_and(|read| read == text);
        same.then_some(bytes)
    }

    fn row(self) -> (u16, &'static Encoding) {
        match self {
            Self::Windows874 => (874, encoding_rs::WINDOWS_874),
            Self::Windows932 => (932, encoding_rs::SHIFT_JIS),
            Self::Windows936 => (936, encoding_rs::GBK),
            Self::Windows949 => (949, encoding_rs::EUC_KR),
            Self::Windows950 => (950, encoding_rs::BIG5),
            Self::Windows1250 => (1250, encoding_rs::WINDOWS_1250),
            Self::Windows1251 => (1251, encoding_rs::WINDOWS_1251),
            Self::Windows1252 => (1252, encoding_rs::WINDOWS_1252),
            Self::Windows1253 => (1253, encoding_rs::WINDOWS_1253),
            Self::Windows1254 => (1254, encoding_rs::WINDOWS_1254),
            Self::Windows1255 => (1255, encoding_rs::WINDOWS_1255),
            Self::Windows1256 => (1256, encoding_rs::WINDOWS_1256),
            Self::Windows1257 => (1257, encoding_rs::WINDOWS_1257),
            Self::Windows1258 => (1258, encoding_rs::WINDOWS_1258),
        }
    }
}
