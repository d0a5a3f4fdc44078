//! What holds for every list and every client.

use policy::{
    BlockList, ClientVersion, Columns, Decision, Explanation, ItemVerdict, Matched,
    PROCESS_LIST_VALUE, Policy, ProcessList, ProcessName, Subject, VersionItem, VersionRanges,
    compare, misspelt_value_name,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

use super::{policy, policy_of};

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

/// Parts that bounds and clients share often enough to meet.
fn part() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => select(vec![0, 1, 5, 6, 7, 11, 12, 5607, 5608, 5609, 32_766, 32_767, 65_534, 65_535]),
        1 => any::<u16>(),
    ]
}

fn client_version() -> impl Strategy<Value = ClientVersion> {
    (part(), prop_oneof![3 => Just(0), 1 => part()], part(), part())
        .prop_map(|(a, b, c, d)| ClientVersion::new(a, b, c, d))
}

fn version_spelling() -> impl Strategy<Value = String> {
    let three = (part(), part(), part()).prop_map(|(x, y, z)| format!("{x}.{y}.{z}"));
    let zeros = (part(), part(), part()).prop_map(|(x, y, z)| format!("0{x}.00{y}.{z}"));
    let four = client_version().prop_map(|version| version.to_string());
    prop_oneof![6 => three, 1 => zeros, 1 => four]
}

fn version_item() -> impl Strategy<Value = String> {
    let (low, high) = (version_spelling(), version_spelling());
    prop_oneof![
        version_spelling(),
        (low, high).prop_map(|(low, high)| format!("{low}-{high}")),
        version_spelling().prop_map(|high| format!("-{high}")),
        version_spelling().prop_map(|low| format!("{low}-")),
    ]
}

/// Lists of versions that say something, and lists of anything at all.
fn version_list() -> impl Strategy<Value = String> {
    let item = prop_oneof![8 => version_item(), 1 => any::<String>()];
    let joined = (vec(item, 0..8), select(vec![";", ",", " ; ", ",\t"]))
        .prop_map(|(items, separator)| items.join(separator));
    let punctuation = "[-;,.0-9 \t\"*xé\u{a0}\u{2013}\0]{0,40}";
    prop_oneof![6 => joined, 1 => any::<String>(), 1 => punctuation]
}

/// The places where lists can differ: their bounds, and right beside them.
fn samples(lists: &[&VersionRanges]) -> Vec<ClientVersion> {
    let items = lists.iter().flat_map(|list| list.items());
    let bounds = items.flat_map(|item| <[_; 2]>::from(item.bounds())).flatten();
    let ends = [
        ClientVersion::new(0, 0, 0, 0),
        ClientVersion::new(u16::MAX, u16::MAX, u16::MAX, u16::MAX),
    ];
    bounds.chain(ends).flat_map(beside).collect()
}

/// A version and its neighbours in the order of all versions.
fn beside(version: ClientVersion) -> [ClientVersion; 3] {
    let parts = [version.major, version.minor, version.build, version.minor_build];
    let number = parts.into_iter().fold(0_u64, |number, part| number << 16 | u64::from(part));
    [number.saturating_sub(1), number, number.saturating_add(1)].map(|number| {
        let part = |shift: u32| u16::try_from(number >> shift & 0xffff).expect("16 bits");
        ClientVersion::new(part(48), part(32), part(16), part(0))
    })
}

/// The oracle: every item in turn, by its bounds.
fn holds(item: &VersionItem, version: ClientVersion) -> bool {
    let (low, high) = item.bounds();
    low.is_none_or(|low| low <= version) && high.is_none_or(|high| version <= high)
}

fn subject() -> impl Strategy<Value = Subject> {
    let names = vec(prop_oneof![8 => spelling(), 1 => any::<String>()], 0..4);
    (client_version(), names).prop_map(|(version, names)| {
        Subject::new(version, names.iter().filter_map(|name| ProcessName::parse(name)))
    })
}

fn is_forbidden(policy: &Policy, subject: &Subject) -> bool {
    matches!(policy.decide(subject), Decision::Forbidden(_))
}

/// An item in the registry's form, from its bounds alone.
fn printed(item: &VersionItem) -> String {
    let form = |bound: ClientVersion| bound.registry_form().expect("an item's bound has a form");
    match item.bounds() {
        (Some(low), Some(high)) if low == high => form(low),
        (low, high) => {
            format!("{}-{}", low.map(form).unwrap_or_default(), high.map(form).unwrap_or_default())
        }
    }
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

    /// The oracle does without any index: it compares every name and the version with every item.
    #[test]
    fn a_client_is_forbidden_exactly_if_a_key_of_it_or_its_version_is_listed(
        text in list_text(), versions in version_list(), subject in subject(),
    ) {
        let policy = policy_of(&text, &versions);
        let keys: Vec<&str> = policy.processes().items().iter().map(|item| item.key()).collect();
        let listed = subject.names().iter().find(|name| keys.contains(&name.key()));
        let ranges = policy.versions().items();
        let held = ranges.iter().position(|item| holds(item, subject.version()));
        match policy.decide(&subject) {
            Decision::Forbidden(cause) => {
                let of_name = listed.map(|name| (BlockList::Processes, Matched::Name(name.clone())));
                let of_version = (BlockList::Versions, Matched::Version(subject.version()));
                prop_assert_eq!(&(cause.list, cause.matched), &of_name.unwrap_or(of_version));
                let item = listed.and_then(|name| keys.iter().position(|key| *key == name.key()));
                prop_assert_eq!(Some(cause.item.ordinal), item.or(held));
            }
            Decision::Permitted { identified } => {
                prop_assert_eq!((listed, held), (None, None));
                prop_assert_eq!(identified, subject.is_identified());
            }
        }
    }

    #[test]
    fn more_items_permit_nobody_who_was_forbidden(
        one in (list_text(), version_list()), other in (list_text(), version_list()),
        subject in subject(),
    ) {
        // A NUL would end the text within the first list.
        let [one, other] = [one, other].map(|(names, versions)| {
            (names.replace('\0', ""), versions.replace('\0', ""))
        });
        let names = format!("{};{}", one.0, other.0);
        let both = policy_of(&names, &format!("{};{}", one.1, other.1));
        let forbidden = [one, other]
            .iter()
            .any(|(names, versions)| is_forbidden(&policy_of(names, versions), &subject));
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
    fn nothing_changed_exactly_if_the_rules_are_the_same(
        old in (list_text(), version_list()), new in (list_text(), version_list()),
    ) {
        let [old, new] = [old, new].map(|(names, versions)| policy_of(&names, &versions));
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
    fn an_explanation_agrees_with_the_decision(
        text in list_text(), versions in version_list(), subject in subject(),
    ) {
        let policy = policy_of(&text, &versions);
        let Explanation { decision, items } = policy.explain(&subject);
        prop_assert_eq!(&decision, &policy.decide(&subject));
        let any_matches = items.iter().any(|verdict| verdict.matches);
        prop_assert_eq!(any_matches, is_forbidden(&policy, &subject));
        let (processes, ranges) = (policy.processes().items(), policy.versions().items());
        prop_assert_eq!(items.len(), processes.len() + ranges.len());
        for verdict in &items {
            prop_assert!(!(verdict.matches && verdict.near_miss.is_some()), "{:?}", verdict);
        }
        if let Decision::Forbidden(cause) = decision {
            let decides = |verdict: &&ItemVerdict| {
                verdict.matches && verdict.item == cause.item && verdict.list == cause.list
            };
            prop_assert_eq!(items.iter().filter(decides).count(), 1);
        }
    }

    #[test]
    fn any_text_is_a_list_of_versions_whose_places_are_places_in_it(text in version_list()) {
        let parsed = VersionRanges::parse(&text);
        prop_assert_eq!(parsed.value.text(), &text);
        for (ordinal, item) in parsed.value.items().iter().enumerate() {
            let span = item.span();
            prop_assert_eq!(text.get(span.start..span.end), Some(item.text()));
            prop_assert_eq!(item.ordinal(), ordinal);
            let (low, high) = item.bounds();
            prop_assert!(low.is_some() || high.is_some());
            prop_assert!(low.is_none() || high.is_none() || low <= high);
        }
        for lint in &parsed.lints {
            prop_assert!(text.get(lint.span.start..lint.span.end).is_some(), "{:?}", lint);
            prop_assert_eq!(lint.severity, lint.code.severity());
        }
        prop_assert!(parsed.lints.is_sorted_by_key(|lint| lint.span.start));
    }

    /// The oracle does without segments and without a search.
    #[test]
    fn a_version_is_found_exactly_at_the_first_item_that_holds_it(
        text in version_list(), version in client_version(),
    ) {
        let list = VersionRanges::parse(&text).value;
        for version in samples(&[&list]).into_iter().chain([version]) {
            let first = list.items().iter().find(|item| holds(item, version));
            prop_assert_eq!(list.find(version), first, "{}", version);
        }
    }

    /// Between two bounds that follow one another no list can change its mind.
    #[test]
    fn lists_of_versions_are_equal_exactly_if_they_decide_alike(
        one in version_list(), other in version_list(),
    ) {
        let (one, other) = (VersionRanges::parse(&one).value, VersionRanges::parse(&other).value);
        let alike = samples(&[&one, &other])
            .into_iter()
            .all(|version| one.find(version).is_some() == other.find(version).is_some());
        prop_assert_eq!(one == other, alike);
    }

    #[test]
    fn rewriting_a_list_of_versions_keeps_its_rules(
        text in version_list(), client in client_version(), turn in 0_usize..8,
    ) {
        let list = VersionRanges::parse(&text).value;
        let mut items: Vec<String> = list.items().iter().map(printed).collect();
        let middle = turn.checked_rem(items.len()).unwrap_or(0);
        items.rotate_left(middle);
        items.extend(list.items().iter().map(|item| item.text().to_owned()));
        let rewritten = VersionRanges::parse(&items.join(" ,\t; ")).value;
        prop_assert_eq!(&rewritten, &list);
        prop_assert_eq!(rewritten.find(client).is_some(), list.find(client).is_some());
    }

    #[test]
    fn a_list_of_versions_that_is_printed_reads_as_it_was(text in version_list()) {
        let list = VersionRanges::parse(&text).value;
        let print = |list: &VersionRanges| {
            list.items().iter().map(printed).collect::<Vec<_>>().join("; ")
        };
        let again = VersionRanges::parse(&print(&list)).value;
        let bounds = |list: &VersionRanges| -> Vec<_> {
            list.items().iter().map(|item| item.bounds()).collect()
        };
        prop_assert_eq!(bounds(&again), bounds(&list));
        prop_assert_eq!(print(&again), print(&list));
    }

    #[test]
    fn a_version_that_the_registry_can_say_survives_it(version in client_version()) {
        match version.registry_form() {
            Some(form) => {
                let list = VersionRanges::parse(&form).value;
                let bounds: Vec<_> = list.items().iter().map(|item| item.bounds()).collect();
                prop_assert_eq!(bounds, [(Some(version), Some(version))]);
            }
            None => prop_assert!(version.minor != 0 || 32_767 < version.build),
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
