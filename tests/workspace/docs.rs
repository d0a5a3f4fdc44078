//! The documentation says what is so: the tests it names exist, and every source file says what it is.

use std::path::Path;

use super::{files, root, text};

#[test]
fn every_source_file_says_what_it_is() {
    let sources = ["crates", "simulator", "tests"]
        .into_iter()
        .flat_map(|folder| files(&root().join(folder), ".rs"));
    for path in sources.filter(|path| !path.components().any(|part| part.as_os_str() == "target")) {
        assert!(text(&path).starts_with("//! "), "{} has no opening line", path.display());
    }
}

/// The sources of the tests, each with the path of its module.
pub(super) struct Sources(Vec<(String, String)>);

impl Sources {
    pub(super) fn read() -> Self {
        let folder = root().join("tests");
        let module = |path: &Path| {
            let path = path.strip_prefix(&folder).expect("it is below").with_extension("");
            let path = path.to_str().expect("a name").replace('/', "::");
            path.strip_suffix("::mod").map_or_else(|| path.clone(), str::to_owned)
        };
        Self(files(&folder, ".rs").iter().map(|path| (module(path), text(path))).collect())
    }

    /// Whether there is the test `module::name`.
    pub(super) fn have(&self, test: &str) -> bool {
        let (module, name) = test.rsplit_once("::").expect("a module and a name");
        let function = format!("fn {name}(");
        self.0.iter().any(|(path, source)| path == module && source.contains(&function))
    }
}

/// The tests that a document names, as `module::name`.
pub(super) fn tests_named(document: &str) -> Vec<&str> {
    let words = document.split('`').filter(|word| word.contains("::") && !word.contains(' '));
    words.filter(|word| word.starts_with(char::is_lowercase)).collect()
}

/// docs/ARCHITECTURE.md names the test that enforces each invariant.
#[test]
fn the_tests_that_the_architecture_names_exist() {
    let architecture = text(&root().join("docs/ARCHITECTURE.md"));
    let (named, sources) = (tests_named(&architecture), Sources::read());
    assert!(10 <= named.len(), "only {} tests are named", named.len());
    for test in named {
        assert!(sources.have(test), "there is no test `{test}`");
    }
}

/// The cells of a line of a table of commas, where a cell with one is in quotation marks.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            letter => cells.last_mut().expect("there is one").push(letter),
        }
    }
    cells
}

/// docs/requirements.md has every requirement of \[MS-OXCRPC\] once and as it is written, and either a test that shows it or
/// the reason why none does.
#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let document = text(&root().join("docs/requirements.md"));
    let rows = document.lines().filter(|line| line.starts_with("| R")).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, what, applies, shown] = cells[..] else { panic!("{line}") };
        (id, what.replace('\\', ""), applies, shown)
    });
    let rows: Vec<_> = rows.collect();
    let asked = text(&root().join("fixtures/wire/oxcrpc-requirements.csv"));
    let asked: Vec<Vec<String>> = asked.lines().skip(1).map(cells).collect();
    let said = rows.iter().map(|(id, what, applies, _)| [id, what.as_str(), applies]);
    let asked = asked.iter().map(|row| [&row[0], row[5].as_str(), &row[4]]);
    assert!(said.eq(asked), "the table says something else than the file, or in another order");
    let sources = Sources::read();
    for (id, _, _, shown) in &rows {
        let tests = tests_named(shown);
        assert_ne!(shown.starts_with("not shown: "), !tests.is_empty(), "{id}: one or the other");
        for test in tests {
            assert!(sources.have(test), "{id}: there is no test `{test}`");
        }
    }
    // What the head of the document counts.
    for applies in ["2003", "later", "product-note", "transport"] {
        let of_kind = rows.iter().filter(|row| row.2 == applies);
        let shown = of_kind.clone().filter(|row| !tests_named(row.3).is_empty()).count();
        let total = format!(" {} | {shown} |", of_kind.count());
        let line = document.lines().find(|line| line.starts_with(&format!("| `{applies}`")));
        assert!(line.is_some_and(|line| line.ends_with(&total)), "{applies}:{total}");
    }
}

/// docs/policy.md names the test that shows each decision.
#[test]
fn the_decisions_that_the_policy_answers_name_their_tests() {
    let policy = text(&root().join("docs/policy.md"));
    let folder = root().join("tests/decisions");
    let sources: String = files(&folder, ".rs").iter().map(|path| text(path)).collect();
    for number in 1..=30 {
        let row = format!("\n| A{number} | `a{number:02}_");
        let (_, rest) = policy.split_once(&row).unwrap_or_else(|| panic!("A{number} has no test"));
        let name = rest.split('`').next().expect("a name");
        let function = format!("fn a{number:02}_{name}()");
        assert!(sources.contains(&function), "there is no `{function}`");
    }
}

/// Whoever reads the repository needs nothing else to follow it.
#[test]
fn no_document_points_outside_the_repository() {
    for path in files(&root().join("docs"), ".md").into_iter().chain([root().join("README.md")]) {
        let document = text(&path);
        for link in document.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().expect("a target");
            let local = !link.starts_with("http") && !target.is_empty();
            let folder = path.parent().expect("a folder");
            assert!(!local || folder.join(target).exists(), "{}: `{link}`", path.display());
        }
    }
}
