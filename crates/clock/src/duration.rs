//! Durations as text: `15m`, `250ms`, `1h30m`.

use core::fmt;
use core::time::Duration;

/// Units of a duration's text form, largest first, with their length in microseconds.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// Why a text is no duration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DurationError {
    text: String,
    reason: &'static str,
}

impl core::error::Error for DurationError {}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, reason } = self;
        write!(f, "`{text}` is not a duration such as `15m`, `1h30m` or `250ms`: {reason}")
    }
}

/// Reads a duration: one or more whole numbers, each followed by `d`, `h`, `m`, `s`, `ms` or `us`.
///
/// # Errors
/// When the text is empty, a number lacks its unit, a unit is unknown, or the sum exceeds 2^64 microseconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    parse(text).map_err(|reason| DurationError { text: text.to_owned(), reason })
}

/// The shortest text that [`parse_duration`] reads back as `duration`, cut to whole microseconds; zero is `0s`.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, micros) in UNITS {
        let count = rest.checked_div(micros).unwrap_or(0);
        if 0 < count {
            text.push_str(&format!("{count}{unit}"));
            rest = rest.checked_rem(micros).unwrap_or(0);
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn parse(text: &str) -> Result<Duration, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (count, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after, |c| c.is_ascii_digit());
        let count: u64 = count.parse().map_err(|_| "a whole number is missing or too large")?;
        let micros = unit_micros(unit)?;
        let part = count.checked_mul(micros).ok_or("it is too long")?;
        total = total.checked_add(part).ok_or("it is too long")?;
        rest = after;
    }
    Ok(Duration::from_micros(total))
}

fn unit_micros(unit: &str) -> Result<u64, &'static str> {
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    known.map(|(_, micros)| *micros).ok_or("its units are `d`, `h`, `m`, `s`, `ms` and `us`")
}

fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(stop).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}
