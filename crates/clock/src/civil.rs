//! Days and dates of the proleptic Gregorian calendar, as RFC 3339 writes them.
//!
//! The arithmetic counts in 400-year eras of 146,097 days that begin on 1 March, so that the leap day is the last day of
//! its year; everything below stays in `u64`, since store time begins in 1970.

const DAYS_PER_ERA: u64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_SHIFT: u64 = 719_468;

/// A calendar date; `month` is 1 to 12, `day` 1 to 31.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Date {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
}

impl Date {
    /// The date that lies `days` after 1970-01-01.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "INVARIANT: days <= 2^64 / 86,400,000,000 < 2^28, and each subtraction takes a part from its whole"
    )]
    pub(crate) fn from_days(days: u64) -> Self {
        let shifted = days + EPOCH_SHIFT;
        let era = shifted / DAYS_PER_ERA;
        let day_of_era = shifted % DAYS_PER_ERA;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let january_or_february = u64::from(month <= 2);
        Self {
            year: era * 400 + year_of_era + january_or_february,
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
        }
    }

    /// Days since 1970-01-01, or `None` when there is no such date from 1970 to 9999.
    pub(crate) fn to_days(self) -> Option<u64> {
        let known = (1970..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day);
        let days = known.then(|| self.days_unchecked())?;
        // 30 February comes back as 1 or 2 March: a date that exists comes back as itself.
        (Self::from_days(days) == self).then_some(days)
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "INVARIANT: 1970 <= year <= 9999, 1 <= month <= 12, 1 <= day <= 31, checked by to_days"
    )]
    fn days_unchecked(self) -> u64 {
        let year = self.year - u64::from(self.month <= 2);
        let era = year / 400;
        let year_of_era = year % 400;
        let march_month = (self.month + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT
    }
}
