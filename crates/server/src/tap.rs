//! A tap of a store's journal: it is told every entry before the store does anything else, so that none is lost however little
//! the journal keeps. Who follows a journal at a pace of their own read [`crate::StoreHandle::told_after`] instead.

use core::fmt;

use infostore::{Cursor, Stage};

use crate::handle::{StoreError, StoreHandle, Told};
use crate::owner::Owner;

/// Entries that are told at a time.
const PAGE: usize = 1_000;

/// Whoever takes a store's journal as it is made. The store waits for it, in its own order.
pub trait Tap: Send {
    /// Takes what comes next: entries, a gap where one step made more than the journal keeps, or the next epoch. Whether it
    /// wants more.
    fn take(&mut self, told: Told) -> bool;
}

/// The tap of a store, and how far it has been told.
#[derive(Default)]
pub(crate) struct Tapped(Option<(Box<dyn Tap>, Cursor)>);

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tapped").field(&self.0.as_ref().map(|(_, told)| told)).finish()
    }
}

impl Owner {
    /// Tells the tap what it has not been told.
    pub(crate) fn tell_tap(&mut self) {
        let Some((mut tap, mut place)) = self.tap.0.take() else { return };
        while place != self.cursor() {
            let told = self.journals().after(place, PAGE);
            match &told {
                Told::Entries(entries) => {
                    place.seq = entries.last().map_or(place.seq, |entry| entry.seq);
                }
                Told::Gap(next) | Told::Reset(next) => place = *next,
                Told::UpToDate | Told::Ended => break,
            }
            if !tap.take(told) {
                return;
            }
        }
        self.tap.0 = Some((tap, place));
    }
}

impl StoreHandle {
    /// Tells a tap the whole journal, from the beginning of its epoch, and from now on what comes to it. Another one gives way
    /// to it.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn tap(&self, tap: Box<dyn Tap>) -> Result<(), StoreError> {
        self.look(move |owner| {
            let beginning = Cursor { seq: infostore::Sequence(0), ..owner.cursor() };
            owner.tap = Tapped(Some((tap, beginning)));
            owner.tell_tap();
        })
        .await
    }

    /// Waits until the store is quiescent, and its tap has been told everything.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn at_rest(&self) -> Result<(), StoreError> {
        self.settled(Owner::tell_tap).await
    }

    /// Whether a fault rule looks at requests: then each of them is an opportunity, also one that changes nothing else.
    pub fn disturbs_requests(&self) -> bool {
        self.site.is_disturbed(Stage::Api)
    }
}
