//! Random histories of a store: clients of a few programs, edits of the registry, time, slow reads.

use std::time::Duration;

use infostore::{EndReason, Interface, Limits};
use policy::ClientVersion;
use proptest::prelude::*;

use super::driver::Client;

/// One step of a history. Sessions are chosen by a number that may well be that of a dead one.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect(Client),
    Report(usize, Vec<String>),
    End(usize, EndReason),
    Disconnect(usize),
    Edit(Edit),
    Walk(Duration),
    Poll,
    Hold,
    Answer,
    AnswerOther,
    AnswerStale(u64),
    Interval(Duration),
    Audit(bool),
    Stop,
}

#[derive(Clone, Debug)]
pub(crate) enum Edit {
    List(Vec<String>),
    Dword,
    OddBytes,
    Delete,
    Fail,
    Recover,
}

fn name() -> impl Strategy<Value = String> {
    let base = prop::sample::select(vec!["a.exe", "b.exe", "c.exe", "mad.exe", "é.exe"]);
    let path = prop::sample::select(vec!["", "", "C:\\x y\\", "d/e/", "\\\\srv\\a.exe\\"]);
    (base, path, any::<u8>())
        .prop_map(|(base, path, cases)| format!("{path}{}", recased(base, cases)))
}

/// The name with its letters in upper case where the bits of `cases` say so.
fn recased(name: &str, cases: u8) -> String {
    let letters = name.chars().enumerate();
    let recased = letters.map(|(at, letter)| {
        let upper = cases >> (at % 8) & 1 == 1;
        if upper { letter.to_uppercase().to_string() } else { letter.to_string() }
    });
    recased.collect()
}

fn client() -> impl Strategy<Value = Client> {
    let names = prop::collection::vec(name(), 0..4);
    let version = prop_oneof![8 => Just((11, 5608)), 2 => Just((12, 4518)), 1 => Just((10, 6626))];
    let interface = prop_oneof![4 => Just(Interface::ConnectEx), 1 => Just(Interface::Connect)];
    (names, version, interface).prop_map(|(names, (major, build), interface)| Client {
        names,
        version: ClientVersion::new(major, 0, build, 0),
        interface,
        denied: None,
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        8 => prop::collection::vec(name(), 0..4).prop_map(Edit::List),
        1 => Just(Edit::Dword),
        1 => Just(Edit::OddBytes),
        1 => Just(Edit::Delete),
        1 => Just(Edit::Fail),
        3 => Just(Edit::Recover),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let end = prop::sample::select(vec![EndReason::Client, EndReason::Transport]);
    let which = 0..1_000_usize;
    prop_oneof![
        50 => client().prop_map(Step::Connect),
        12 => (which.clone(), prop::collection::vec(name(), 0..3)).prop_map(|(w, n)| Step::Report(w, n)),
        8 => (which.clone(), end).prop_map(|(which, reason)| Step::End(which, reason)),
        4 => which.prop_map(Step::Disconnect),
        16 => edit().prop_map(Step::Edit),
        16 => (0..2_000_u64).prop_map(|seconds| Step::Walk(Duration::from_secs(seconds))),
        6 => Just(Step::Poll),
        6 => Just(Step::Hold),
        16 => Just(Step::Answer),
        2 => Just(Step::AnswerOther),
        1 => (0..20_u64).prop_map(Step::AnswerStale),
        1 => (1..2_000_u64).prop_map(|seconds| Step::Interval(Duration::from_secs(seconds))),
        4 => any::<bool>().prop_map(Step::Audit),
        1 => Just(Step::Stop),
    ]
}

/// Limits that some histories reach.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    (1..16_usize, 1..12_usize, 1..5_usize).prop_map(|(sessions, classes, names_per_session)| {
        Limits {
            sessions,
            classes,
            names_per_session,
            journal_entries: usize::MAX,
            journal_bytes: usize::MAX,
            polls_kept: 4,
            polls_bytes: usize::MAX,
            ..Limits::default()
        }
    })
}
