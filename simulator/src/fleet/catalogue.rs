//! The programs that a fleet can name: the catalogue in `fixtures/catalogue/processes.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::name::ProcessName;

/// The catalogue as the repository has it.
const PROCESSES: &str = include_str!("../../../fixtures/catalogue/processes.toml");

/// A program of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogueProgram {
    /// What it reports; none for one that would send no name to Exchange 2003.
    pub process: Option<ProcessName>,
    /// Its name as the catalogue spells it.
    pub name: String,
    /// Whether it opens MAPI sessions at all.
    pub connects: bool,
}

/// The programs, by their names in lower case.
#[derive(Clone, Debug)]
pub struct Catalogue(BTreeMap<String, CatalogueProgram>);

#[derive(Deserialize)]
struct File {
    process: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    presents_name: String,
}

impl Catalogue {
    /// The catalogue of this program.
    #[must_use]
    pub fn of_the_fixtures() -> &'static Self {
        // Read once: a fleet may name a program in each of its groups.
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::read);
        &CATALOGUE
    }

    fn read() -> Self {
        // INVARIANT: a test reads every row of the file.
        let rows = toml::from_str::<File>(PROCESSES).map(|file| file.process).unwrap_or_default();
        Self(rows.into_iter().map(|row| (row.name.to_lowercase(), row.into_program())).collect())
    }

    /// The program of this name, in whatever case.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<&CatalogueProgram> {
        self.0.get(&name.to_lowercase())
    }

    /// The programs, in the order of their names.
    pub fn programs(&self) -> impl Iterator<Item = &CatalogueProgram> {
        self.0.values()
    }
}

impl Row {
    fn into_program(self) -> CatalogueProgram {
        // `unknown` is taken for a program that does: the one whom a list can reach.
        let presents = ["yes", "unknown"].contains(&self.presents_name.as_str());
        CatalogueProgram {
            process: presents.then(|| ProcessName::new(self.name.as_str()).ok()).flatten(),
            connects: self.presents_name != "no session",
            name: self.name,
        }
    }
}
