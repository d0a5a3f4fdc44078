//! Conditional changes: `If-Match` and `If-None-Match` of a `PUT`, `PATCH` or `DELETE` (RFC 9110 section 13).
//!
//! They are judged by the store's own task in the turn in which the change is made, on what `GET` would show then, so that of
//! several changes that were sent with the same tag one is made.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, header};
use serde::Serialize;
use server::{StoreError, StoreHandle, View};

use crate::app::App;
use crate::entity_tag::{EntityTag, Tags};
use crate::problem::Problem;

/// What has to hold of a resource for a request to be done.
#[derive(Clone, Debug)]
pub(crate) struct Precondition {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    /// Whether the request makes what is not there. Otherwise it has nothing to do then, and says that.
    creates: bool,
}

/// What is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Present {
    tag: EntityTag,
    /// Whether anybody has written it: a block list without a value is shown too.
    is_written: bool,
}

impl Present {
    /// What `GET` shows.
    pub(crate) fn new(shown: &impl Serialize) -> Self {
        Self { tag: EntityTag::of_shown(shown), is_written: true }
    }

    /// The same, of what is shown whether or not anybody has written it.
    pub(crate) fn written_if(self, is_written: bool) -> Self {
        Self { is_written, ..self }
    }
}

impl FromRequestParts<App> for Precondition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self {
            if_match: Tags::of(&parts.headers, &header::IF_MATCH)?,
            if_none_match: Tags::of(&parts.headers, &header::IF_NONE_MATCH)?,
            creates: parts.method == Method::PUT,
        })
    }
}

impl Precondition {
    /// The store, for one change that is made only to what the request says. `shown` is what `GET` shows of it; none where there
    /// is nothing.
    pub(crate) fn on<T: Serialize>(
        self,
        store: &StoreHandle,
        shown: impl FnOnce(View<'_>) -> Option<T> + Send + 'static,
    ) -> StoreHandle {
        self.on_present(store, |view| Ok(shown(view).map(|shown| Present::new(&shown))))
    }

    /// The same, of what may not be there to read.
    pub(crate) fn on_present(
        self,
        store: &StoreHandle,
        present: impl FnOnce(View<'_>) -> Result<Option<Present>, StoreError> + Send + 'static,
    ) -> StoreHandle {
        if self.is_given() {
            store.provided(move |view| self.judge(present(view)?))
        } else {
            store.clone()
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Judges what `GET` shows of something that is not the store's own.
    pub(crate) fn check(&self, shown: &impl Serialize) -> Result<(), Problem> {
        if !self.is_given() {
            return Ok(());
        }
        self.judge(Some(Present::new(shown))).map_err(Problem::from)
    }

    /// RFC 9110 13.2.2: first what has to be there, then what must not.
    fn judge(&self, present: Option<Present>) -> Result<(), StoreError> {
        let Some(Present { tag, is_written }) = present else {
            let misses = self.creates && self.if_match.is_some();
            return if misses { Err(failed("there is nothing here", None)) } else { Ok(()) };
        };
        if let Some(wanted) = &self.if_match
            && !(wanted.has_strong(&tag) && (is_written || *wanted != Tags::Any))
        {
            let detail = if is_written { "it has changed" } else { "nobody has written it" };
            return Err(failed(&format!("{detail}: its ETag is {}", tag.as_str()), Some(&tag)));
        }
        if let Some(unwanted) = &self.if_none_match
            && unwanted.has_weak(&tag)
            && (is_written || *unwanted != Tags::Any)
        {
            return Err(failed(&format!("it is there: its ETag is {}", tag.as_str()), Some(&tag)));
        }
        Ok(())
    }
}

fn failed(detail: &str, found: Option<&EntityTag>) -> StoreError {
    let found = found.map(|tag| tag.as_str().to_owned());
    StoreError::PreconditionFailed { detail: detail.to_owned(), found }
}
