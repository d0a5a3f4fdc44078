//! The rows of `fixtures/catalogue` and `fixtures/block-lists`, which their README.md files explain.

use policy::{Lint, LintCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRow {
    pub(crate) row: usize,
    pub(crate) label: String,
    pub(crate) reported: Vec<Reported>,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reported {
    pub(crate) version: String,
    pub(crate) registry: Option<String>,
    pub(crate) evidence: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    pub(crate) label: String,
    pub(crate) version: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clients {
    pub(crate) client: Vec<ClientRow>,
    pub(crate) component: Vec<Component>,
}

pub(crate) fn clients() -> Clients {
    read(include_str!("../../fixtures/catalogue/client-versions.toml"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessRow {
    pub(crate) row: usize,
    pub(crate) name: String,
    #[serde(default, rename = "versions")]
    _versions: Option<String>,
    pub(crate) what: String,
    pub(crate) presents_name: String,
    pub(crate) evidence: Option<String>,
    #[serde(default)]
    pub(crate) unverified: bool,
    pub(crate) note: Option<String>,
}

pub(crate) fn processes() -> Vec<ProcessRow> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Processes {
        process: Vec<ProcessRow>,
    }
    read::<Processes>(include_str!("../../fixtures/catalogue/processes.toml")).process
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessVector {
    pub(crate) row: String,
    pub(crate) text: String,
    pub(crate) keys: Vec<String>,
    pub(crate) lints: Vec<String>,
    #[serde(default, rename = "published")]
    _published: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionVector {
    pub(crate) row: String,
    pub(crate) text: String,
    pub(crate) items: Vec<Range>,
    pub(crate) lints: Vec<String>,
    #[serde(default)]
    pub(crate) inside: Vec<String>,
    #[serde(default)]
    pub(crate) outside: Vec<String>,
    #[serde(default, rename = "published")]
    _published: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) low: Option<String>,
    pub(crate) high: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors<V> {
    vector: Vec<V>,
}

pub(crate) fn process_vectors() -> Vec<ProcessVector> {
    read::<Vectors<_>>(include_str!("../../fixtures/block-lists/process-list.toml")).vector
}

pub(crate) fn version_vectors() -> Vec<VersionVector> {
    read::<Vectors<_>>(include_str!("../../fixtures/block-lists/version-list.toml")).vector
}

/// The codes of some lints, in their own order: lints of one place come in no promised one.
pub(crate) fn codes(lints: &[Lint]) -> Vec<LintCode> {
    let mut codes: Vec<LintCode> = lints.iter().map(|lint| lint.code).collect();
    codes.sort();
    codes
}

/// The codes of these names, in the same order.
pub(crate) fn sorted(names: Vec<String>) -> Vec<LintCode> {
    let code = |name: String| LintCode::ALL.iter().copied().find(|code| code.as_str() == name);
    let mut codes: Vec<LintCode> =
        names.into_iter().map(|name| code(name).expect("a code of that name")).collect();
    codes.sort();
    codes
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("the fixture has the shape that its README.md describes")
}
