//! The registry in memory.

use std::sync::Arc;

use registry_poll::{
    Edit, EditError, KeyPath, KeyStore, KeyTree, MAX_VALUE_BYTES, MemoryKeyStore, RegValue,
    Registry, ValueRead,
};

use super::tree::{delete_value, set};
use super::{key, name};

const AT: &str = "HKLM\\Software\\Acme";

#[test]
fn a_value_is_found_whatever_its_case_and_replaced_as_a_whole() {
    let store = MemoryKeyStore::new();
    let at = KeyPath::parameters_system();
    let read = |value: &str| store.query_value(&at, &name(value)).expect("memory can be read");
    assert_eq!(read("V"), None);
    assert_eq!(store.edit(&[set(at.as_str(), "V", RegValue::sz("a"))]), Ok(vec![true]));
    assert_eq!(store.edit(&[set(at.as_str(), "v", RegValue::dword(7))]), Ok(vec![true]));
    assert_eq!(read("V"), Some(RegValue::dword(7)));
    assert_eq!(store.edit(&[delete_value(at.as_str(), "V")]), Ok(vec![true]));
    assert_eq!(store.edit(&[delete_value(at.as_str(), "V")]), Ok(vec![false]));
    assert_eq!(read("v"), None);
}

#[test]
fn several_values_are_read_at_one_instant_in_the_order_asked_for() {
    let store = MemoryKeyStore::new();
    let edits = [set(AT, "a", RegValue::sz("1")), set(AT, "b", RegValue::sz("2"))];
    assert_eq!(store.edit(&edits), Ok(vec![true, true]));
    let read = |value: &str, text: Option<&str>| ValueRead {
        name: name(value),
        result: Ok(text.map(RegValue::sz)),
    };
    let reads = store.query_values(&key(AT), &["B", "none", "a"].map(name));
    assert_eq!(reads, [read("b", Some("2")), read("none", None), read("a", Some("1"))]);
}

#[test]
fn a_picture_that_was_taken_stays_as_it_is() {
    let store = MemoryKeyStore::new();
    let before = store.tree().expect("memory can be read");
    assert!(Arc::ptr_eq(&before, &store.tree().expect("memory can be read")), "it is not copied");
    store.edit(&[Edit::CreateKey(key(AT))]).expect("there is room");
    assert!(!before.contains(&key(AT)));
    assert!(store.tree().expect("memory can be read").contains(&key(AT)));
}

#[test]
fn edits_are_made_all_or_none() {
    let store = MemoryKeyStore::new();
    let long = RegValue::binary(vec![0; MAX_VALUE_BYTES + 1]);
    let edits = [set(AT, "a", RegValue::sz("1")), set(AT, "b", long)];
    let length = MAX_VALUE_BYTES + 1;
    assert_eq!(store.edit(&edits), Err(EditError::ValueTooLong { name: name("b"), length }));
    assert_eq!(*store.tree().expect("memory can be read"), KeyTree::default());
}

#[test]
fn a_part_of_a_registry_is_put_into_another() {
    let (from, to) = (MemoryKeyStore::new(), MemoryKeyStore::new());
    from.edit(&[set(AT, "a", RegValue::sz("1"))]).expect("there is room");
    to.edit(&[set(AT, "b", RegValue::sz("2"))]).expect("there is room");
    let from = from.tree().expect("memory can be read");
    assert_eq!(to.replace(&key(AT), &from), Ok(true));
    assert_eq!(to.replace(&key(AT), &from), Ok(false));
    assert_eq!(to.tree().expect("memory can be read"), from);
}
