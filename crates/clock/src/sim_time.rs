//! An instant of store time, and its text form (RFC 3339, UTC).

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::civil::Date;

const MICROS_PER_SECOND: u64 = 1_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// An instant of store time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// It displays and parses as RFC 3339. The last one is the end of the year 9999, past which the text form has no year.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime(u64);

/// An instant in the parts that people and the protocol write, in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CivilTime {
    /// 1970 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 is Sunday.
    pub day_of_week: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// Why a text is no instant of store time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeError {
    text: String,
}

impl core::error::Error for TimeError {}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text } = self;
        write!(
            f,
            "`{text}` is not an RFC 3339 time such as `2006-04-22T08:00:00Z`, from 1970 to 9999"
        )
    }
}

impl SimTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The last instant: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The instant `micros` microseconds after the epoch, at most [`SimTime::MAX`].
    pub const fn from_micros(micros: u64) -> Self {
        if micros < Self::MAX.0 { Self(micros) } else { Self::MAX }
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The instant `by` later, or `None` past [`SimTime::MAX`].
    #[must_use]
    pub fn checked_add(self, by: Duration) -> Option<Self> {
        let micros = u64::try_from(by.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self).filter(|time| *time <= Self::MAX)
    }

    /// The instant `by` later, at most [`SimTime::MAX`].
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        self.checked_add(by).unwrap_or(Self::MAX)
    }

    /// The date and the time of day, in UTC.
    pub fn civil(self) -> CivilTime {
        let seconds = self.0 / MICROS_PER_SECOND;
        let days = seconds / SECONDS_PER_DAY;
        let Date { year, month, day } = Date::from_days(days);
        CivilTime {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: small(month),
            day: small(day),
            // 1970-01-01 was a Thursday.
            day_of_week: small(days.wrapping_add(4) % 7),
            hour: small(seconds / 3_600 % 24),
            minute: small(seconds / 60 % 60),
            second: small(seconds % 60),
        }
    }

    /// How much later this is than `earlier`; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilTime { year, month, day, hour, minute, second, .. } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.0 % MICROS_PER_SECOND {
            0 => f.write_str("Z"),
            micros if micros % 1_000 == 0 => write!(f, ".{:03}Z", micros / 1_000),
            micros => write!(f, ".{micros:06}Z"),
        }
    }
}

impl FromStr for SimTime {
    type Err = TimeError;

    /// Reads RFC 3339 with any offset and up to six decimals of a second; more decimals are refused, not rounded.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse(text).ok_or_else(|| TimeError { text: text.to_owned() })
    }
}

fn small(part: u64) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

fn parse(text: &str) -> Option<SimTime> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let days = parse_date(date)?.to_days()?;
    let offset_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, offset) = rest.split_at_checked(offset_at)?;
    let local = days.checked_mul(SECONDS_PER_DAY)?.checked_mul(MICROS_PER_SECOND)?;
    let local = i64::try_from(local.checked_add(parse_time_of_day(time)?)?).ok()?;
    let utc = local.checked_sub(parse_offset(offset)?)?;
    u64::try_from(utc).ok().map(SimTime).filter(|time| *time <= SimTime::MAX)
}

fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let date = Date {
        year: digits(parts.next()?, 4)?,
        month: digits(parts.next()?, 2)?,
        day: digits(parts.next()?, 2)?,
    };
    parts.next().is_none().then_some(date)
}

/// Microseconds since midnight.
fn parse_time_of_day(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2).filter(|h| *h < 24)?;
    let minute = digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let second = digits(parts.next()?, 2).filter(|s| *s < 60)?;
    if parts.next().is_some() {
        return None;
    }
    let seconds = hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?;
    let micros = seconds.checked_add(second)?.checked_mul(MICROS_PER_SECOND)?;
    micros.checked_add(fraction.map_or(Some(0), parse_fraction)?)
}

/// Microseconds from the decimals of a second.
fn parse_fraction(text: &str) -> Option<u64> {
    let value = digits(text, text.len())?;
    let missing = 6_u32.checked_sub(u32::try_from(text.len()).ok()?)?;
    10_u64.checked_pow(missing)?.checked_mul(value)
}

/// Microseconds east of UTC.
fn parse_offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (east, clock) = match text.strip_prefix('+') {
        Some(clock) => (1, clock),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hour, minute) = clock.split_once(':')?;
    let hour = digits(hour, 2).filter(|h| *h < 24)?;
    let minute = digits(minute, 2).filter(|m| *m < 60)?;
    let seconds =
        i64::try_from(hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?).ok()?;
    seconds.checked_mul(1_000_000)?.checked_mul(east)
}

/// Exactly `width` ASCII digits (at least one).
fn digits(text: &str, width: usize) -> Option<u64> {
    let plain = !text.is_empty() && text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}
