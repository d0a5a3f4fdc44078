//! The registry as data, and what edits do to it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use registry_poll::{
    Edit, EditError, Key, KeyPath, KeyTree, MAX_REGISTRY_BYTES, MAX_VALUE_BYTES, RegType, RegValue,
};

use super::{key, name};

pub(super) fn create(path: &str) -> Edit {
    Edit::CreateKey(key(path))
}

pub(super) fn delete(path: &str) -> Edit {
    Edit::DeleteKey(key(path))
}

pub(super) fn set(path: &str, value: &str, to: RegValue) -> Edit {
    Edit::SetValue { key: key(path), name: name(value), value: to }
}

pub(super) fn delete_value(path: &str, value: &str) -> Edit {
    Edit::DeleteValue { key: key(path), name: name(value) }
}

pub(super) fn tree(edits: &[Edit]) -> KeyTree {
    let mut tree = KeyTree::default();
    tree.apply_all(edits).expect("there is room");
    tree
}

fn paths<'a>(keys: impl Iterator<Item = Key<'a>>) -> Vec<&'a str> {
    keys.map(|key| key.path().as_str()).collect()
}

#[test]
fn an_edit_says_whether_it_changed_anything() {
    let rows = [
        ("a new key", create("HKU\\a\\b"), true),
        ("a key again", create("HKU\\A\\B"), false),
        ("a key above it", create("HKU\\a"), false),
        ("a predefined key", create("HKU"), false),
        ("a new value", set("HKU\\a", "v", RegValue::sz("x")), true),
        ("a value again", set("HKU\\A", "v", RegValue::sz("x")), false),
        ("a value spelt otherwise", set("HKU\\a", "V", RegValue::sz("x")), true),
        ("a value of another type", set("HKU\\a", "V", RegValue::expand_sz("x")), true),
        ("a value of other bytes", set("HKU\\a", "V", RegValue::expand_sz("y")), true),
        ("the unnamed value", set("HKU\\a", "", RegValue::dword(1)), true),
        ("a value in a new key", set("HKU\\c\\d", "v", RegValue::dword(1)), true),
        ("a value gone", delete_value("HKU\\a", "v"), true),
        ("a value gone already", delete_value("HKU\\a", "v"), false),
        ("a value of no key", delete_value("HKU\\z", "v"), false),
        ("a key gone", delete("HKU\\a"), true),
        ("a key gone already", delete("HKU\\a"), false),
        ("a key gone with the one above", delete("HKU\\a\\b"), false),
    ];
    let mut tree = KeyTree::default();
    for (row, edit, changed) in rows {
        assert_eq!(tree.apply(&edit), Ok(changed), "{row}");
    }
    let left = "HKEY_USERS HKEY_USERS\\c HKEY_USERS\\c\\d";
    assert_eq!(paths(tree.keys_below(&key("HKU"))).join(" "), left);
}

#[test]
fn a_key_shows_its_values_in_order_and_the_keys_directly_below_it() {
    let tree = tree(&[
        set("HKU\\Top", "b", RegValue::sz("1")),
        set("HKU\\Top", "A", RegValue::sz("2")),
        set("HKU\\Top", "", RegValue::sz("3")),
        create("HKU\\top\\Sub\\deeper\\still"),
        create("HKU\\TOP\\sub-2"),
        create("HKU\\TOP\\sub\\other"),
        create("HKU\\Topmost"),
    ]);
    let top = tree.key(&key("HKU\\TOP")).expect("it is there");
    assert_eq!(top.path().as_str(), "HKEY_USERS\\Top");
    let values: Vec<_> = top.values().map(|(name, value)| (name.as_str(), value.text())).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(values, [("", text("3")), ("A", text("2")), ("b", text("1"))]);
    assert_eq!(top.subkeys().collect::<Vec<_>>(), ["Sub", "sub-2"]);
    let below = paths(tree.keys_below(&key("hku\\top")));
    let expected =
        ["", "\\Sub", "\\Sub\\deeper", "\\Sub\\deeper\\still", "\\Sub\\other", "\\sub-2"];
    assert_eq!(below, expected.map(|rest| format!("HKEY_USERS\\Top{rest}")));
    assert!(tree.key(&key("HKU\\Sub")).is_none());
    assert_eq!(tree.keys_below(&key("HKU\\Sub")).count(), 0);
}

#[test]
fn predefined_keys_are_always_there() {
    let mut tree = KeyTree::default();
    assert!(KeyPath::predefined().all(|key| tree.contains(&key)));
    let error = EditError::PredefinedKey { key: key("HKLM") };
    assert_eq!(error.to_string(), "`HKEY_LOCAL_MACHINE` is a predefined key and can't be deleted");
    assert_eq!(tree.apply(&delete("HKLM")), Err(error));
    assert_eq!(tree, KeyTree::default());
}

#[test]
fn a_value_holds_2_mib_and_no_byte_more() {
    let mut tree = KeyTree::default();
    let most = RegValue::new(RegType::SZ, vec![0; MAX_VALUE_BYTES]);
    let more = RegValue::new(RegType::SZ, vec![0; MAX_VALUE_BYTES + 1]);
    assert_eq!(tree.apply(&set("HKU\\a", "v", most.clone())), Ok(true));
    let length = MAX_VALUE_BYTES + 1;
    let error = EditError::ValueTooLong { name: name("v"), length };
    assert_eq!(tree.apply(&set("HKU\\a", "v", more)), Err(error));
    assert_eq!(tree.value(&key("HKU\\a"), &name("v")), Some(&most));
}

#[test]
fn a_full_registry_takes_no_more_until_something_is_deleted() {
    let mut tree = KeyTree::default();
    let most = || RegValue::binary(vec![0; MAX_VALUE_BYTES]);
    for value in 0..7 {
        assert_eq!(tree.apply(&set("HKU\\a", &value.to_string(), most())), Ok(true));
    }
    let before = tree.clone();
    let refused = tree.apply(&set("HKU\\new", "7", most())).expect_err("there is no room");
    let EditError::RegistryFull { needed } = refused else { panic!("{refused}") };
    assert!(MAX_REGISTRY_BYTES < needed, "{needed}");
    assert_eq!(tree, before, "the key is not left behind");
    let deep = format!("HKU{}", format!("\\{}", "x".repeat(255)).repeat(512));
    assert!(matches!(tree.apply(&create(&deep)), Err(EditError::RegistryFull { .. })));
    assert_eq!(tree, before, "the keys above are not left behind");
    assert_eq!(tree.apply(&set("HKU\\a", "3", RegValue::dword(1))), Ok(true));
    assert_eq!(tree.apply(&set("HKU\\new", "7", most())), Ok(true));
    assert_eq!(tree.apply(&delete("HKU\\a")), Ok(true));
    assert_eq!(tree.apply(&delete("HKU\\new")), Ok(true));
    assert_eq!(tree.bytes(), KeyTree::default().bytes());
}

#[test]
fn a_part_is_cut_out_and_put_in_elsewhere() {
    let whole = tree(&[
        set("HKLM\\System\\A", "v", RegValue::sz("a")),
        set("HKLM\\System\\A\\Below", "v", RegValue::sz("b")),
        set("HKLM\\System\\B", "v", RegValue::sz("c")),
    ]);
    let part = whole.subtree(&key("HKLM\\System\\A"));
    let below = ["HKLM\\System\\A", "HKLM\\System\\A\\Below"].map(key);
    let cut: Vec<_> = part.keys_below(&key("HKLM\\System\\A")).map(|key| key.path()).collect();
    assert_eq!(cut, below.iter().collect::<Vec<_>>());
    assert!(part.contains(&key("HKLM\\System")) && !part.contains(&key("HKLM\\System\\B")));

    let mut other = tree(&[
        set("HKLM\\SYSTEM\\a", "old", RegValue::sz("x")),
        set("HKLM\\SYSTEM\\a\\old", "v", RegValue::sz("x")),
        set("HKLM\\SYSTEM\\c", "kept", RegValue::sz("d")),
    ]);
    assert_eq!(other.replace(&key("HKLM\\System\\A"), &part), Ok(true));
    let expected = tree(&[
        set("HKLM\\System\\A", "v", RegValue::sz("a")),
        set("HKLM\\System\\A\\Below", "v", RegValue::sz("b")),
        set("HKLM\\System\\C", "kept", RegValue::sz("d")),
    ]);
    assert_eq!(other, expected);
    assert_eq!(other.replace(&key("HKLM\\System\\A"), &part), Ok(false));
    assert_eq!(other.replace(&key("HKLM\\System\\A"), &KeyTree::default()), Ok(true));
    assert!(!other.contains(&key("HKLM\\System\\A")) && other.contains(&key("HKLM\\System\\C")));
    assert_eq!(other.replace(&key("HKLM"), &whole), Ok(true));
    assert_eq!(other, whole);
}

#[test]
fn edits_are_made_in_their_order() {
    let edits = [
        set("HKU\\a\\b", "v", RegValue::sz("old")),
        delete("HKU\\a"),
        set("HKU\\A", "v", RegValue::sz("new")),
    ];
    let tree = tree(&edits);
    assert!(!tree.contains(&key("HKU\\a\\b")));
    assert_eq!(tree.key(&key("HKU\\a")).expect("there").path().as_str(), "HKEY_USERS\\A");
}

/// A registry as plainly as can be: upper-case paths, all keys there are, with their values.
#[derive(Default)]
struct Model(BTreeMap<Vec<String>, BTreeMap<String, RegValue>>);

impl Model {
    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::CreateKey(key) => self.create(key),
            Edit::DeleteKey(key) => {
                let gone = upper(key);
                self.0.retain(|path, _| gone.len() == 1 || !path.starts_with(&gone));
            }
            Edit::SetValue { key, name, value } => {
                self.create(key);
                let values = self.0.get_mut(&upper(key)).expect("created");
                values.insert(name.as_str().to_uppercase(), value.clone());
            }
            Edit::DeleteValue { key, name } => {
                if let Some(values) = self.0.get_mut(&upper(key)) {
                    values.remove(&name.as_str().to_uppercase());
                }
            }
        }
    }

    fn create(&mut self, key: &KeyPath) {
        let path = upper(key);
        for depth in 1..=path.len() {
            self.0.entry(path[..depth].to_vec()).or_default();
        }
    }
}

fn upper(key: &KeyPath) -> Vec<String> {
    key.components().map(str::to_uppercase).collect()
}

fn paths_of_few_names() -> impl Strategy<Value = String> {
    let names = prop::sample::select(&["a", "A", "a-b", "a b", "ab", "b"][..]);
    let roots = prop::sample::select(&["HKU", "HKLM"][..]);
    (roots, prop::collection::vec(names, 0..4)).prop_map(|(root, names)| {
        names.iter().fold(root.to_owned(), |path, name| format!("{path}\\{name}"))
    })
}

pub(super) fn edits() -> impl Strategy<Value = Edit> {
    let value = prop::sample::select(&["", "v", "V", "w"][..]);
    let data = (0..3_u32).prop_map(RegValue::dword);
    prop_oneof![
        paths_of_few_names().prop_map(|path| create(&path)),
        paths_of_few_names().prop_map(|path| delete(&path)),
        (paths_of_few_names(), value.clone(), data).prop_map(|(path, v, to)| set(&path, v, to)),
        (paths_of_few_names(), value).prop_map(|(path, value)| delete_value(&path, value)),
    ]
}

proptest! {
    /// Whatever the edits, the tree holds what a plain map of paths holds, says when that changed, and counts right.
    #[test]
    fn the_tree_does_as_the_model(edits in prop::collection::vec(edits(), 0..40)) {
        let (mut tree, mut model) = (KeyTree::default(), Model::default());
        KeyPath::predefined().for_each(|key| model.create(&key));
        for edit in &edits {
            let before = tree.clone();
            match tree.apply(edit) {
                Ok(changed) => prop_assert!(changed || tree == before),
                Err(EditError::PredefinedKey { .. }) => prop_assert_eq!(&tree, &before),
                Err(error) => prop_assert!(false, "{}", error),
            }
            model.apply(edit);
            let keys: BTreeMap<_, _> = tree.keys().map(|key| {
                let values = key.values().map(|(n, v)| (n.as_str().to_uppercase(), v.clone()));
                (upper(key.path()), values.collect())
            }).collect();
            prop_assert_eq!(&keys, &model.0);
        }
        for path in tree.keys().map(|key| key.path()) {
            let subkeys = tree.key(path).expect("listed").subkeys().map(str::to_uppercase);
            let below = model.0.keys().filter(|key| {
                key.len() == path.components().count() + 1 && key.starts_with(&upper(path))
            });
            let below = below.filter_map(|key| key.last().cloned());
            prop_assert_eq!(subkeys.collect::<Vec<_>>(), below.collect::<Vec<_>>());
        }
        let mut again = KeyTree::default();
        for path in KeyPath::predefined() {
            prop_assert!(again.replace(&path, &tree).is_ok());
        }
        prop_assert_eq!(&again, &tree);
        prop_assert_eq!(again.bytes(), tree.bytes());
    }
}
