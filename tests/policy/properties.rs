//! What holds for every list and every client.

use policy::{
    BlockList, ClientVersion, Columns, Decision, Explanation, Matched, PROCESS_LIST_VALUE, Policy,
    ProcessList, ProcessName, Subject, compare, misspelt_value_name,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::policy;

/// Names that clients and lists share often enough to meet.
fn spelling() -> impl Strategy<Value = String> {
    let names =
        ["a.exe", "B.EXE", "mdl.exe", "my app.exe", "é.exe", "İ.exe", "ᾳ.exe", "outlook", "goog*"];
    (select(names.to_vec()), select(vec!["", r"C:\x y\", "dir/", r#"""#]), any::<bool>()).prop_map(
        |(name, before, upper)| {
            let name = if upper { name.to_uppercase() } else { name.to_owned() };
            if before == r#"""# { format!("\"{name}\"") } else { format!("{before}{name}") }
        },
    )
}

/// Lists that say something, and lists of anything at all.
fn list_text() -> impl Strategy<Value = String> {
    let items =
        vec(prop_oneof![8 => spelling(), 1 => Just(String::new()), 1 => any::<String>()], 0..8);
    let punctuation = "[;,\"\\\\/ \t\r\n*?.aé\u{a0}\0]{0,40}";
    let joined = items.prop_map(|items| items.join("; "));
    prop_oneof![4 => joined, 1 => any::<String>(), 1 => punctuation]
}

fn subject() -> impl Strategy<Value = Subject> {
    let version = any::<[u16; 4]>().prop_map(|[a, b, c, d]| ClientVersion::new(a, b, c, d));
    let names = vec(prop_oneof![8 => spelling(), 1 => any::<String>()], 0..4);
    (version, names).prop_map(|(version, names)| {
        Subject::new(version, names.iter().filter_map(|name| ProcessName::parse(name)))
    })
}

fn is_forbidden(policy: &Policy, subject: &Subject) -> bool {
    matches!(policy.decide(subject), Decision::Forbidden(_))
}

proptest! {
    #[test]
    fn any_text_is_a_list_whose_places_are_places_in_it(text in list_text()) {
        let parsed = ProcessList::parse(&text);
        prop_assert_eq!(parsed.value.text(), &text);
        for (ordinal, item) in parsed.value.items().iter().enumerate() {
            let span = item.span();
            prop_assert_eq!(text.get(span.start..span.end), Some(item.text()));
            let mut columns = Columns::new(&text);
            let (start, end) = (columns.at(span.start), columns.at(span.end));
            prop_assert_eq!(end - start, item.text().chars().count());
            prop_assert_eq!(item.ordinal(), ordinal);
        }
        for lint in &parsed.lints {
            prop_assert!(text.get(lint.span.start..lint.span.end).is_some(), "{:?}", lint);
            prop_assert_eq!(lint.severity, lint.code.severity());
        }
        prop_assert!(parsed.lints.is_sorted_by_key(|lint| lint.span.start));
    }

    #[test]
    fn a_list_finds_its_own_items(text in list_text()) {
        let list = ProcessList::parse(&text).value;
        for item in list.items() {
            let name = ProcessName::parse(item.text()).expect("a kept item has a name");
            prop_assert_eq!(name.key(), item.key());
            prop_assert_eq!(list.find(&name), Some(item));
        }
    }

    /// The oracle does without any index: it compares every name with every item.
    #[test]
    fn a_client_is_forbidden_exactly_if_a_key_of_it_is_listed(
        text in list_text(), subject in subject(),
    ) {
        let policy = policy(&text);
        let keys: Vec<&str> = policy.processes().items().iter().map(|item| item.key()).collect();
        match policy.decide(&subject) {
            Decision::Forbidden(cause) => {
                let first = subject.names().iter().find(|name| keys.contains(&name.key()));
                let item = first.and_then(|name| keys.iter().position(|key| *key == name.key()));
                prop_assert_eq!(Some(cause.item.ordinal), item);
                prop_assert_eq!(Some(cause.matched), first.cloned().map(Matched::Name));
            }
            Decision::Permitted { identified } => {
                prop_assert!(subject.names().iter().all(|name| !keys.contains(&name.key())));
                prop_assert_eq!(identified, subject.is_identified());
            }
        }
    }

    #[test]
    fn more_items_permit_nobody_who_was_forbidden(
        one in list_text(), other in list_text(), subject in subject(),
    ) {
        // A NUL would end the text within the first list.
        let (one, other) = (one.replace('\0', ""), other.replace('\0', ""));
        let both = policy(&format!("{one};{other}"));
        let forbidden = [one, other].iter().any(|text| is_forbidden(&policy(text), &subject));
        prop_assert_eq!(is_forbidden(&both, &subject), forbidden);
    }

    #[test]
    fn more_names_permit_nobody_who_was_forbidden(
        text in list_text(), subject in subject(), more in subject(),
    ) {
        let policy = policy(&text);
        let known_better = subject.with_names(more.names().iter().cloned());
        prop_assert!(!is_forbidden(&policy, &subject) || is_forbidden(&policy, &known_better));
    }

    #[test]
    fn rewriting_a_list_keeps_its_rules(
        text in list_text(), client in subject(), turn in 0_usize..8,
    ) {
        let policy = policy(&text);
        let items = policy.processes().items();
        let mut keys: Vec<String> = items.iter().map(|item| item.text().to_owned()).collect();
        keys.rotate_left(turn.checked_rem(items.len()).unwrap_or(0));
        keys.extend(items.iter().map(|item| format!("\"c:/other/{}\"", item.key())));
        let rewritten = super::policy(&keys.join(" ;\t; "));

        prop_assert!(policy.same_rules(&rewritten) && rewritten.same_rules(&policy));
        prop_assert!(compare(&policy, &rewritten).is_empty());
        prop_assert_eq!(is_forbidden(&policy, &client), is_forbidden(&rewritten, &client));
    }

    #[test]
    fn nothing_changed_exactly_if_the_rules_are_the_same(old in list_text(), new in list_text()) {
        let (old, new) = (policy(&old), policy(&new));
        let change = compare(&old, &new);
        let back = compare(&new, &old);
        prop_assert_eq!(change.is_empty(), old.same_rules(&new));
        for (change, back) in [
            (&change.processes, &back.processes), (&change.versions, &back.versions),
        ] {
            prop_assert_eq!((&change.added, &change.removed), (&back.removed, &back.added));
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_decision(text in list_text(), subject in subject()) {
        let policy = policy(&text);
        let Explanation { decision, items } = policy.explain(&subject);
        prop_assert_eq!(&decision, &policy.decide(&subject));
        let any_matches = items.iter().any(|verdict| verdict.matches);
        prop_assert_eq!(any_matches, is_forbidden(&policy, &subject));
        prop_assert_eq!(items.len(), policy.processes().items().len());
        for verdict in &items {
            prop_assert!(!(verdict.matches && verdict.near_miss.is_some()), "{:?}", verdict);
        }
        if let Decision::Forbidden(cause) = decision {
            prop_assert!(items.iter().any(|verdict| verdict.matches && verdict.item == cause.item));
        }
    }

    #[test]
    fn a_key_has_a_character_for_each_of_its_base_name(reported in any::<String>()) {
        if let Some(name) = ProcessName::parse(&reported) {
            prop_assert_eq!(name.key().chars().count(), name.base_name().chars().count());
            prop_assert_eq!(name.reported(), reported);
        }
    }

    #[test]
    fn up_to_three_wrong_characters_misspell_the_value(
        wrong in btree_set(0..PROCESS_LIST_VALUE.len(), 0..8),
    ) {
        let letters = PROCESS_LIST_VALUE.char_indices();
        let name: String =
            letters.map(|(at, letter)| if wrong.contains(&at) { '#' } else { letter }).collect();
        let expected = matches!(wrong.len(), 1..=3).then_some(BlockList::Processes);
        prop_assert_eq!(misspelt_value_name(&name), expected, "{}", name);
    }

    #[test]
    fn any_version_survives_writing_and_reading(parts in any::<[u16; 4]>()) {
        let [major, minor, build, minor_build] = parts;
        let version = ClientVersion::new(major, minor, build, minor_build);
        prop_assert_eq!(version.to_string().parse(), Ok(version));
    }
}
