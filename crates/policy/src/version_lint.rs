//! What looks wrong with a list of versions (policy specification 2.1, 2.2, 2.4).

use crate::block_list::{ItemRef, PROCESS_LIST_VALUE};
use crate::lint::{LintCode, LintSink};
use crate::quoted::Quoted;
use crate::registry_version::{BadItem, Bounds, DroppedPart, WrittenVersion};
use crate::span::Span;
use crate::version::{ClientVersion, MAX_BUILD};
use crate::version_hint::{InRegistry, hint_for};
use crate::version_index::Stretch;

/// One item that was kept: how its versions are spelt, then what it matches.
pub(crate) fn lint_item(lints: &mut LintSink, text: &str, bounds: &Bounds, span: Span) {
    let high = bounds.high.filter(|_| !bounds.single);
    for written in bounds.low.into_iter().chain(high) {
        lint_written(lints, text, written, span);
    }
    if !bounds.single {
        lint_low_upper_bound(lints, text, bounds, span);
        lint_inclusive(lints, text, bounds, span);
    }
    lint_meaning(lints, text, bounds, span);
}

/// A version as it is spelt: parts too many, in the wrong place, or too great.
fn lint_written(lints: &mut LintSink, text: &str, written: WrittenVersion, span: Span) {
    if let Some(dropped) = written.dropped {
        lint_four_parts(lints, text, (written.version, dropped), span);
    } else if keeps_zero(written.version) {
        lint_kept_zero(lints, text, written.version, span);
    }
    if let Some(build) = written.clamped {
        lints.add(
            LintCode::ClampedPart,
            span,
            format_args!(
                "{} has the build {build}, which counts as {MAX_BUILD}, the greatest",
                Quoted(text)
            ),
            format_args!("write `{}`", InRegistry(written.version)),
        );
    }
}

fn lint_four_parts(
    lints: &mut LintSink,
    text: &str,
    (version, dropped): (ClientVersion, DroppedPart),
    span: Span,
) {
    let part = match dropped {
        DroppedPart::Second => "second",
        DroppedPart::Fourth => "last",
    };
    lints.add(
        LintCode::FourParts,
        span,
        format_args!(
            "{} has a version of four parts, of which the {part} is dropped",
            Quoted(text)
        ),
        format_args!("write `{}`, since the registry takes three parts", InRegistry(version)),
    );
}

fn lint_kept_zero(lints: &mut LintSink, text: &str, version: ClientVersion, span: Span) {
    let meant = ClientVersion::new(version.major, 0, version.minor_build.min(MAX_BUILD), 0);
    lints.add(
        LintCode::KeptZero,
        span,
        format_args!(
            "{} has build 0 in `{}`, which clients would report as {version}",
            Quoted(text),
            InRegistry(version)
        ),
        format_args!("did you mean `{}`, for {meant}?", InRegistry(meant)),
    );
}

/// `11.0.5608` for 11.0.5608.0. Outlook 2000 and 2002 do report 9.0.0.Z and 10.0.0.Z, and About boxes
/// of Outlook 97 show 8.0.Z.
fn keeps_zero(ClientVersion { major, build, minor_build, .. }: ClientVersion) -> bool {
    build == 0 && minor_build != 0 && !matches!(major, 0..=3 | 8..=10)
}

/// `5.9.9`, as if parts were digits. Builds of known clients have three digits or more, but for the
/// About-box numbers 8.1 to 8.5.
fn lint_low_upper_bound(lints: &mut LintSink, text: &str, bounds: &Bounds, span: Span) {
    if let Some(high) = bounds.last().filter(|high| matches!(high.build, 1..=99) && high.major != 8)
    {
        let last = last_of(high.major);
        lints.add(
            LintCode::LowUpperBound,
            span,
            format_args!(
                "{} ends at `{}`, which is lower than any build of version {}",
                Quoted(text),
                InRegistry(high),
                high.major
            ),
            format_args!("parts are numbers; did you mean `{}`?", InRegistry(last)),
        );
    }
}

/// Some books read the bound of an open range as the first version that is not in it.
fn lint_inclusive(lints: &mut LintSink, text: &str, bounds: &Bounds, span: Span) {
    let (bound, neighbour, verb) = match (bounds.first(), bounds.last()) {
        (None, Some(high)) if high.minor_build != u16::MAX => (high, before(high), "end"),
        (Some(low), None) => (low, after(low), "begin"),
        (None | Some(_), _) => return,
    };
    if (bound.build, bound.minor_build) != (0, 0) {
        lints.add(
            LintCode::InclusiveBound,
            span,
            format_args!("{} includes `{}` itself", Quoted(text), InRegistry(bound)),
            format_args!("to permit that version, {verb} the range at `{}`", InRegistry(neighbour)),
        );
    }
}

/// The version before, of one that is not the first of its product.
fn before(version: ClientVersion) -> ClientVersion {
    let ClientVersion { major, minor, build, minor_build } = version;
    match minor_build.checked_sub(1) {
        Some(minor_build) => ClientVersion::new(major, minor, build, minor_build),
        None => ClientVersion::new(major, minor, build.saturating_sub(1), u16::MAX),
    }
}

/// The version after, or the first of the next product.
fn after(version: ClientVersion) -> ClientVersion {
    let ClientVersion { major, minor, build, minor_build } = version;
    match minor_build.checked_add(1) {
        Some(minor_build) => ClientVersion::new(major, minor, build, minor_build),
        None if build < MAX_BUILD => ClientVersion::new(major, minor, build.saturating_add(1), 0),
        None => ClientVersion::new(major.saturating_add(1), minor, 0, 0),
    }
}

fn last_of(major: u16) -> ClientVersion {
    ClientVersion::new(major, 0, MAX_BUILD, u16::MAX)
}

fn lint_meaning(lints: &mut LintSink, text: &str, bounds: &Bounds, span: Span) {
    let (low, high) = (bounds.first(), bounds.last());
    let stretch = Stretch::new(low, high);
    if [OLDEST, last_of(NEWEST)].into_iter().all(|client| stretch.contains(client)) {
        lints.add(
            LintCode::MatchesAll,
            span,
            format_args!("{} blocks every client, from Outlook 97 on", Quoted(text)),
            format_args!("keep it only if nobody is to connect to this server"),
        );
    }
    let reaches_up = high.is_none_or(|high| EXCHANGE <= high.major);
    let reaches_down = low.is_none_or(|low| low.major <= EXCHANGE);
    if reaches_up && reaches_down {
        lints.add(
            LintCode::ExchangeVersion,
            span,
            format_args!(
                "{} blocks {EXCHANGE}.x, which Exchange's own components report",
                Quoted(text)
            ),
            format_args!("{}", spare_exchange(low, high)),
        );
    }
}

/// The major version of Exchange 2000 and 2003.
const EXCHANGE: u16 = 6;

/// Outlook 97 as it first shipped, and the product of every Outlook since 2016.
const OLDEST: ClientVersion = ClientVersion::new(4, 0, 994, 0);
const NEWEST: u16 = 16;

/// What to write to block the rest of an item.
fn spare_exchange(low: Option<ClientVersion>, high: Option<ClientVersion>) -> String {
    let shown = |bound: Option<ClientVersion>| bound.map(InRegistry).map(|bound| bound.to_string());
    let below = low.is_none_or(|low| low.major < EXCHANGE).then(|| {
        let end = last_of(EXCHANGE.saturating_sub(1));
        format!("{}-{}", shown(low).unwrap_or_default(), InRegistry(end))
    });
    let above = high.is_none_or(|high| EXCHANGE < high.major).then(|| {
        let begin = ClientVersion::new(EXCHANGE.saturating_add(1), 0, 0, 0);
        format!("{}-{}", InRegistry(begin), shown(high).unwrap_or_default())
    });
    let ranges: Vec<String> = below.into_iter().chain(above).collect();
    if ranges.is_empty() {
        "remove it, or the server refuses its own logons".to_owned()
    } else {
        format!("write `{}`, or the server refuses its own logons", ranges.join("; "))
    }
}

/// An item that is no version and no range; it is not kept.
pub(crate) fn lint_bad_item(lints: &mut LintSink, text: &str, reason: &BadItem, span: Span) {
    if text.to_ascii_lowercase().contains(".exe") {
        lints.add(
            LintCode::ProcessInVersions,
            span,
            format_args!("{} is a program and no version, and is left out", Quoted(text)),
            format_args!("move it to the value `{PROCESS_LIST_VALUE}`"),
        );
    } else {
        lints.add(
            LintCode::BadVersion,
            span,
            format_args!("{} is left out: {reason}", Quoted(text)),
            format_args!("{}", hint_for(text, reason)),
        );
    }
}

/// A range that holds nothing; it is not kept.
pub(crate) fn lint_reversed(lints: &mut LintSink, text: &str, span: Span) {
    lints.add(
        LintCode::ReversedRange,
        span,
        format_args!("{} is left out: it ends before it begins", Quoted(text)),
        format_args!("write the lower version first; parts are compared as numbers"),
    );
}

/// An item that matches what an earlier one does; it is not kept.
pub(crate) fn lint_duplicate(lints: &mut LintSink, text: &str, span: Span, number: usize) {
    lints.add(
        LintCode::Duplicate,
        span,
        format_args!("{} matches what item {number} does", Quoted(text)),
        format_args!("remove it"),
    );
}

/// An item that matches nothing that `outer` does not.
pub(crate) fn lint_covered(lints: &mut LintSink, inner: &ItemRef, outer: &ItemRef) {
    lints.add(
        LintCode::Covered,
        inner.span,
        format_args!(
            "{} lies within item {} {}",
            Quoted(&inner.text),
            outer.number(),
            Quoted(&outer.text)
        ),
        format_args!("remove it"),
    );
}

/// A place between separators with nothing in it.
pub(crate) fn lint_empty_item(lints: &mut LintSink, span: Span) {
    lints.add(
        LintCode::EmptyItem,
        span,
        format_args!("an item is empty"),
        format_args!("remove the separator that nothing belongs to"),
    );
}

/// A value that is there and blocks nobody.
pub(crate) fn lint_empty_list(lints: &mut LintSink, span: Span) {
    lints.add(
        LintCode::EmptyList,
        span,
        format_args!("the list has no version, so nobody is blocked by version"),
        format_args!("name a version, or delete the value"),
    );
}
