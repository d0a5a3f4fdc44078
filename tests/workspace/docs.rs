//! The documentation says what is so: the tests it names exist, and every source file says what it is.

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

/// docs/ARCHITECTURE.md names the test that enforces each invariant, as `module::name`.
#[test]
fn the_tests_that_the_architecture_names_exist() {
    let architecture = text(&root().join("docs/ARCHITECTURE.md"));
    let named: Vec<&str> =
        architecture.split('`').filter(|word| word.contains("::") && !word.contains(' ')).collect();
    let sources: Vec<String> =
        files(&root().join("tests"), ".rs").iter().map(|path| text(path)).collect();
    let named: Vec<&str> =
        named.into_iter().filter(|word| word.starts_with(char::is_lowercase)).collect();
    assert!(10 <= named.len(), "only {} tests are named", named.len());
    for test in named {
        let function = format!("fn {}(", test.rsplit("::").next().expect("a name"));
        assert!(
            sources.iter().any(|source| source.contains(&function)),
            "there is no test `{test}`"
        );
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
