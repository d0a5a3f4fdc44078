//! Pages of a list: `?limit=` and `?after=`.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Items of a page: 1 to 1,000, and 100 unless told.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(try_from = "u64")]
#[schema(value_type = u64, minimum = 1, maximum = 1000, default = 100)]
pub(crate) struct Limit(usize);

impl Limit {
    const MAX: u64 = 1_000;

    pub(crate) fn count(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(asked: u64) -> Result<Self, String> {
        let count = usize::try_from(asked).ok().filter(|_| (1..=Self::MAX).contains(&asked));
        count.map(Self).ok_or_else(|| format!("it is {asked}, and can be 1 to {}", Self::MAX))
    }
}

/// A page of a list that is ordered by id, and stable while the list changes.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    pub(crate) limit: Limit,
    /// The id to begin after: the `next` of the page before.
    pub(crate) after: Option<u64>,
}

/// Takes a page from items, with the id that the next page begins after; none when there is nothing more.
pub(crate) fn take_page<T, I>(
    items: impl Iterator<Item = T>,
    limit: Limit,
    id: impl Fn(&T) -> I,
) -> (Vec<T>, Option<I>) {
    let mut items = items;
    let page: Vec<T> = items.by_ref().take(limit.count()).collect();
    let next = items.next().and_then(|_| page.last().map(id));
    (page, next)
}
