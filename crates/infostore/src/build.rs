//! Builds of the store: which lists they honour, what the hotfix of KB 920185 needs, and the files that it replaces.

use core::fmt;
use core::num::ParseIntError;
use core::str::FromStr;

use clock::SimTime;
use policy::BlockList;

/// The build of Store.exe that is simulated, such as 6.5.7651.19. A revision of 0 is not written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Build {
    /// 6 for Exchange 2003.
    pub major: u16,
    /// 5 for Exchange 2003.
    pub minor: u16,
    /// 7638 for SP2, 7651 with the hotfix.
    pub build: u16,
    /// 19 with the hotfix.
    pub revision: u16,
}

/// Why a text is no build that can be simulated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BuildError {
    /// A build has three or four numbers.
    #[error("`{text}` is no build: that is 3 or 4 numbers joined by dots, as in `6.5.7651.19`")]
    Parts {
        /// The text.
        text: String,
    },
    /// A part is no number up to 65535.
    #[error("`{part}` in `{text}` is no number from 0 to 65535")]
    Number {
        /// The text.
        text: String,
        /// The part.
        part: String,
        /// Why.
        source: ParseIntError,
    },
    /// The build is older than Exchange 2003 or newer than Exchange 2013, or has numbers that the protocol has no room for: a
    /// minor above 255, a build above 32767.
    #[error(
        "build {build} is none of Exchange 2003 to 2013, {} to {}.x",
        Build::RTM,
        Build::NEWEST_MAJOR
    )]
    Unsupported {
        /// The build.
        build: Build,
    },
}

impl Build {
    /// Exchange 2003 as first sold.
    pub const RTM: Self = Self::new(6, 5, 6944, 0);
    /// Exchange 2003 Service Pack 1.
    pub const SP1: Self = Self::new(6, 5, 7226, 0);
    /// Exchange 2003 Service Pack 2, which the hotfix needs (S2).
    pub const SP2: Self = Self::new(6, 5, 7638, 0);
    /// The hotfix of KB 920185 (S1).
    pub const KB_920185: Self = Self::new(6, 5, 7651, 19);
    /// What comes after Exchange 2003: Exchange 2007 and later have the version list alone (S1).
    pub const EXCHANGE_2007: Self = Self::new(8, 0, 0, 0);
    /// What comes after Exchange 2007.
    pub const EXCHANGE_2010: Self = Self::new(14, 0, 0, 0);
    /// What comes after Exchange 2010.
    pub const EXCHANGE_2013: Self = Self::new(15, 0, 0, 0);
    /// Exchange 2013, the last with a store whose version list is documented.
    const NEWEST_MAJOR: u16 = 15;

    /// A build of these four numbers.
    pub const fn new(major: u16, minor: u16, build: u16, revision: u16) -> Self {
        Self { major, minor, build, revision }
    }

    /// Whether the store of this build reads the list's value and follows it. The version list is older than Exchange
    /// 2003 and outlived it; the process list came with the hotfix, and no later product documents it.
    pub fn honours(self, list: BlockList) -> bool {
        match list {
            BlockList::Processes => Self::KB_920185 <= self && self < Self::EXCHANGE_2007,
            BlockList::Versions => true,
        }
    }

    /// The product that the build belongs to.
    pub fn product(self) -> &'static str {
        match self {
            _ if self < Self::SP1 => "Exchange Server 2003",
            _ if self < Self::SP2 => "Exchange Server 2003 SP1",
            _ if self < Self::KB_920185 => "Exchange Server 2003 SP2",
            _ if self == Self::KB_920185 => "Exchange Server 2003 SP2 with KB 920185",
            _ if self < Self::EXCHANGE_2007 => "Exchange Server 2003 after SP2",
            _ if self.major < 14 => "Exchange Server 2007",
            _ if self.major < 15 => "Exchange Server 2010",
            _ => "Exchange Server 2013",
        }
    }

    /// Whether the hotfix can be installed on this build.
    ///
    /// # Errors
    /// [`HotfixError`] says why not.
    pub fn takes_hotfix(self) -> Result<(), HotfixError> {
        match self {
            build if build < Self::SP2 => Err(HotfixError::NeedsSp2 { build }),
            build if Self::EXCHANGE_2007 <= build => Err(HotfixError::OtherProduct { build }),
            build if Self::KB_920185 <= build => Err(HotfixError::Installed { build }),
            _ => Ok(()),
        }
    }

    /// The files of the store service that the hotfix replaces, as they are with this build.
    pub fn files(self) -> [ServiceFile; 3] {
        if self == Self::KB_920185 {
            return HOTFIX_FILES;
        }
        // Of other builds only the version of Store.exe is known, by definition.
        HOTFIX_FILES.map(|file| ServiceFile {
            version: (file.name == STORE_EXE).then_some(self),
            bytes: None,
            built: None,
            ..file
        })
    }
}

/// Why the hotfix can't be installed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HotfixError {
    /// S2: it needs Service Pack 2.
    #[error("KB 920185 needs Exchange Server 2003 SP2 ({}), and the build is {build}", Build::SP2)]
    NeedsSp2 {
        /// The build installed.
        build: Build,
    },
    /// It is there already, or in what came later.
    #[error("build {build} has KB 920185 already")]
    Installed {
        /// The build installed.
        build: Build,
    },
    /// It is a hotfix for Exchange 2003.
    #[error("KB 920185 is for Exchange Server 2003, and build {build} is a later product")]
    OtherProduct {
        /// The build installed.
        build: Build,
    },
}

/// A file of the store service. What no document says is not made up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceFile {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: Option<Build>,
    /// Its size.
    pub bytes: Option<u32>,
    /// When it was built, to the minute.
    pub built: Option<SimTime>,
}

const STORE_EXE: &str = "Store.exe";

/// "File information" of the article: English, x86.
const HOTFIX_FILES: [ServiceFile; 3] = [
    hotfix_file("Exosal.dll", 70_144, 1_145_680_980_000_000),
    hotfix_file("Mdbmsg.dll", 3_361_280, 1_145_678_280_000_000),
    hotfix_file(STORE_EXE, 5_256_704, 1_145_681_160_000_000),
];

const fn hotfix_file(name: &'static str, bytes: u32, built_micros: u64) -> ServiceFile {
    ServiceFile {
        name,
        version: Some(Build::KB_920185),
        bytes: Some(bytes),
        built: Some(SimTime::from_micros(built_micros)),
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build, revision } = self;
        write!(f, "{major}.{minor}.{build}")?;
        if *revision == 0 { Ok(()) } else { write!(f, ".{revision}") }
    }
}

impl FromStr for Build {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let number = |part: &str| {
            let text = || text.to_owned();
            let failed =
                |source| BuildError::Number { text: text(), part: part.to_owned(), source };
            // A sign is no digit, though the standard library takes one.
            let digits = if part.starts_with('+') { "" } else { part };
            digits.parse::<u16>().map_err(failed)
        };
        let parts = text.split('.').map(number).collect::<Result<Vec<_>, _>>()?;
        let build = match parts[..] {
            [major, minor, build] => Self::new(major, minor, build, 0),
            [major, minor, build, revision] => Self::new(major, minor, build, revision),
            _ => return Err(BuildError::Parts { text: text.to_owned() }),
        };
        let on_the_wire = build.minor <= 0xFF && build.build <= 0x7FFF;
        let supported = Self::RTM <= build && build.major <= Self::NEWEST_MAJOR && on_the_wire;
        if supported { Ok(build) } else { Err(BuildError::Unsupported { build }) }
    }
}
