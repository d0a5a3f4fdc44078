//! One decision, on lists of 1 to 100,000 names: 1,024 clients with names in random case, one in four of them listed.

use std::hash::BuildHasher;
use std::hint::black_box;
use std::time::Instant;

use foldhash::fast::FixedState;
use policy::{ClientVersion, Decision, Policy, ProcessList, ProcessName, Subject, VersionRanges};

use crate::Scale;
use crate::figures::{Figures, print};

/// The longest list fills the MiB that is taken of a registry value.
const LISTED: [usize; 4] = [1, 10, 1_000, 100_000];
const CLIENTS: usize = 1_024;
const OUTLOOK_2003: ClientVersion = ClientVersion::new(11, 0, 5608, 0);

/// A list and the clients that are judged by it.
struct Case {
    policy: Policy,
    reported: Vec<String>,
    subjects: Vec<Subject>,
}

/// The figures of a case, nanoseconds for one client.
#[derive(Default)]
struct Row {
    floor: Figures,
    decide: Figures,
    whole: Figures,
}

pub(crate) fn run(scale: Scale) {
    let cases = LISTED.map(Case::new);
    let mut rows: [Row; LISTED.len()] = Default::default();
    for _ in 0..scale.decision_rounds {
        for (case, row) in cases.iter().zip(&mut rows) {
            row.floor.add(case.time(scale.passes, |case, n| {
                black_box(floor(black_box(&case.reported[n])));
            }));
            row.decide.add(case.time(scale.passes, |case, n| {
                black_box(case.policy.decide(black_box(&case.subjects[n])));
            }));
            row.whole.add(case.time(scale.passes, |case, n| {
                let subject = subject(black_box(&case.reported[n]));
                black_box(case.policy.decide(&subject));
            }));
        }
    }
    let print_row = |(listed, row): (usize, &Row)| {
        let Row { floor, decide, whole } = row;
        let (known, reported) = (decide.ratio(floor), whole.ratio(floor));
        vec![
            listed.to_string(),
            floor.to_string(),
            decide.to_string(),
            known,
            whole.to_string(),
            reported,
        ]
    };
    let rows: Vec<_> = LISTED.into_iter().zip(&rows).map(print_row).collect();
    let title = format!(
        "decide: {} runs of {} decisions on {CLIENTS} clients, 25 % of them listed",
        scale.decision_rounds,
        scale.passes * CLIENTS,
    );
    let heading = ["names", "floor, ns", "known client, ns", "ratio", "reported name, ns", "ratio"];
    print(&title, &heading, &rows);
}

impl Case {
    fn new(listed: usize) -> Self {
        let mut random = XorShift(0x9E37_79B9_7F4A_7C15);
        let list: Vec<String> = (0..listed).map(|n| program('p', n)).collect();
        let name = |client: usize| match client % 4 {
            0 => list[random.below(listed)].clone(),
            _ => program('q', client),
        };
        let mut names: Vec<String> = (0..CLIENTS).map(name).collect();
        random.shuffle(&mut names);
        let reported: Vec<String> = names.iter().map(|name| random.case(name)).collect();
        let case = Self {
            policy: Policy::new(
                ProcessList::parse(&list.join(";")).value,
                VersionRanges::default(),
            ),
            subjects: reported.iter().map(|name| subject(name)).collect(),
            reported,
        };
        assert_eq!(case.policy.processes().items().len(), listed);
        assert_eq!(case.forbidden(), CLIENTS / 4);
        case
    }

    fn forbidden(&self) -> usize {
        let forbidden =
            |subject: &&Subject| matches!(self.policy.decide(subject), Decision::Forbidden(_));
        self.subjects.iter().filter(forbidden).count()
    }

    /// Nanoseconds that `judge` takes for one client.
    fn time(&self, passes: usize, judge: impl Fn(&Self, usize)) -> f64 {
        let start = Instant::now();
        for _ in 0..passes {
            (0..CLIENTS).for_each(|client| judge(self, client));
        }
        start.elapsed().as_nanos() as f64 / (passes * CLIENTS) as f64
    }
}

/// A client as the store makes it of what was reported.
fn subject(reported: &str) -> Subject {
    Subject::new(OUTLOOK_2003, ProcessName::parse(reported))
}

/// What no look-up that ignores case can do without: another case, and a hash of that.
fn floor(reported: &str) -> u64 {
    let mut folded = [0; 64];
    let folded = &mut folded[..reported.len()];
    folded.copy_from_slice(reported.as_bytes());
    folded.make_ascii_lowercase();
    FixedState::default().hash_one(&*folded)
}

/// `p0000.exe` and so on, in base 36.
fn program(initial: char, number: usize) -> String {
    let digit =
        |place: u32| char::from_digit((number / 36_usize.pow(place) % 36) as u32, 36).unwrap();
    let digits: String = (0..4).rev().map(digit).collect();
    format!("{initial}{digits}.exe")
}

/// Marsaglia's xorshift64: the same clients in every run.
struct XorShift(u64);

impl XorShift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    fn shuffle(&mut self, names: &mut [String]) {
        for last in (1..names.len()).rev() {
            names.swap(last, self.below(last + 1));
        }
    }

    /// The name with every letter in either case.
    fn case(&mut self, name: &str) -> String {
        let letter = |letter: char| match self.next() >> 63 {
            0 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        name.chars().map(letter).collect()
    }
}
