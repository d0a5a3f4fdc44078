//! `--filter`: which items of a list are wanted, in the server's own language.

use crate::lints::pointed;
use crate::problem::FieldError;

/// What a list is filtered with.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Matching {
    /// Only what this lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`
    #[arg(short = 'q', long = "filter", value_name = "FILTER")]
    pub(crate) q: Option<String>,
}

/// A fault of a filter, with a caret under it.
pub(crate) fn pointed_at(error: &FieldError) -> Vec<String> {
    let place = error.excerpt.as_deref().zip(error.excerpt_column);
    let Some((text, column)) = place.filter(|_| error.is_of_filter()) else {
        return Vec::new();
    };
    let start = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |at| at.0);
    pointed(&format!("--filter:{column}"), text, start, start)
}
