//! Measurements of one thing, and how they are printed: the median, and in brackets the least and the most.

use std::fmt;

/// The runs of one side, in the order in which they were made.
#[derive(Clone, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// Twice each.
    pub(crate) fn doubled(&self) -> Self {
        Self(self.0.iter().map(|figure| 2.0 * figure).collect())
    }

    /// How many times the limit this is: run by run, since neighbours in time saw the same machine.
    pub(crate) fn ratio(&self, limit: &Self) -> String {
        if std::ptr::eq(self, limit) {
            return "1".to_owned();
        }
        let pairs = self.0.iter().zip(&limit.0);
        let ratios = Self(pairs.map(|(figure, limit)| figure / limit).collect());
        ratios.with_decimals(2)
    }

    fn with_decimals(&self, decimals: usize) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (least, median) = (sorted[0], sorted[sorted.len() / 2]);
        let most = sorted[sorted.len() - 1];
        format!("{median:.decimals$} [{least:.decimals$}-{most:.decimals$}]")
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = self.0.iter().any(|figure| *figure < 100.0);
        f.write_str(&self.with_decimals(usize::from(small)))
    }
}

/// Prints a table as documents write one.
pub(crate) fn print(title: &str, heading: &[&str], rows: &[Vec<String>]) {
    println!("\n{title}\n");
    println!("| {} |", heading.join(" | "));
    println!("|{}", "---|".repeat(heading.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}
