//! The build of a store and the files that it consists of, as a scenario names them and the control plane shows them.

use core::fmt;
use core::str::FromStr;

use clock::SimTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::written_time;

/// The version of Store.exe, or of a file beside it: three or four numbers up to 65535, as `6.5.7638` or `6.5.7651.19`.
/// A fourth number of 0 is the same as none, and is not written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildNumber([u16; 4]);

/// Why a text is no build.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{text}` is no build: write three or four numbers up to 65535 with dots, as in `6.5.7638` or `6.5.7651.19`"
)]
pub struct BuildNumberError {
    /// The text.
    pub text: String,
}

/// A store's build, as far as a scenario looks at it. Other fields of the control plane's answer are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct BuildView {
    /// What is installed, and runs from the next start on.
    pub installed: BuildNumber,
    /// What runs.
    pub running: BuildNumber,
    /// The files that a hotfix replaces.
    pub files: Vec<FileView>,
}

/// A file of the store service. What nobody has written down is none.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<BuildNumber>,
    /// Its size.
    pub bytes: Option<u64>,
    /// When it was built.
    #[serde(default, deserialize_with = "written_time::optional")]
    pub built: Option<SimTime>,
}

impl FileView {
    /// Its line in a table of files, as the article has one.
    pub(crate) fn row(&self) -> String {
        let Self { name, version, bytes, built } = self;
        let facts = facts(*version, *bytes, *built);
        if facts.iter().all(Option::is_none) {
            return format!("{name:<10}  of which nothing is documented");
        }
        let [version, bytes, built] = facts.map(Option::unwrap_or_default);
        let row = format!("{name:<10}  {version:<11}  {bytes:>15}  {built}");
        row.trim_end().to_owned()
    }
}

/// A version, a size and a date in words, as far as they are given.
pub(crate) fn facts(
    version: Option<BuildNumber>,
    bytes: Option<u64>,
    built: Option<SimTime>,
) -> [Option<String>; 3] {
    let version = version.map(|version| version.to_string());
    [version, bytes.map(|bytes| format!("{} bytes", grouped(bytes))), built.map(date)]
}

/// `5,256,704`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places = (0..digits.len()).rev();
    let mut grouped = String::new();
    for (digit, right_of_it) in digits.chars().zip(places) {
        grouped.push(digit);
        if right_of_it.is_multiple_of(3) && 0 < right_of_it {
            grouped.push(',');
        }
    }
    grouped
}

/// `22-Apr-2006 04:46 UTC`.
fn date(time: SimTime) -> String {
    let time = time.civil();
    let month = MONTHS.get(usize::from(time.month).saturating_sub(1)).copied().unwrap_or_default();
    format!("{:02}-{month}-{} {:02}:{:02} UTC", time.day, time.year, time.hour, time.minute)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl JsonSchema for BuildNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BuildNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{1,5}(\\.[0-9]{1,5}){2,3}$", "examples": ["6.5.7651.19"] })
    }
}

impl fmt::Display for BuildNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}")?;
        if revision == 0 { Ok(()) } else { write!(f, ".{revision}") }
    }
}

impl FromStr for BuildNumber {
    type Err = BuildNumberError;

    fn from_str(text: &str) -> Result<Self, BuildNumberError> {
        numbers(text).map(Self).ok_or_else(|| BuildNumberError { text: text.to_owned() })
    }
}

fn numbers(text: &str) -> Option<[u16; 4]> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let numbers: Vec<u16> = text.split('.').map(number).collect::<Option<_>>()?;
    match *numbers {
        [major, minor, build] => Some([major, minor, build, 0]),
        [major, minor, build, revision] => Some([major, minor, build, revision]),
        _ => None,
    }
}

impl TryFrom<String> for BuildNumber {
    type Error = BuildNumberError;

    fn try_from(text: String) -> Result<Self, BuildNumberError> {
        text.parse()
    }
}

impl From<BuildNumber> for String {
    fn from(build: BuildNumber) -> Self {
        build.to_string()
    }
}
