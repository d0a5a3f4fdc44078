//! Fragmentation (C706 12.6.2): cutting a stub into fragments, and putting a call's fragments together.

use uuid::Uuid;

use crate::bind::PresentationContextId;
use crate::call::{CallId, Opnum};
use crate::header::{MAX_FRAGMENT, MIN_NEGOTIATED_FRAGMENT, PacketFlags};
use crate::security::CallSecurity;
use crate::syntax::SyntaxId;
use crate::trailer::{AuthContextId, AuthLevel};

/// The fragment size that a server answers to an offer: the least of both and of its own, a multiple of
/// eight, and never below [`MIN_NEGOTIATED_FRAGMENT`].
pub(crate) fn negotiated_size(max_xmit_frag: u16, max_recv_frag: u16) -> u16 {
    let least = max_xmit_frag.min(max_recv_frag).min(MAX_FRAGMENT);
    (least & !7).max(MIN_NEGOTIATED_FRAGMENT)
}

/// One piece of an outgoing stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) flags: PacketFlags,
    /// Bytes of stub in this piece and the later ones.
    pub(crate) alloc_hint: u32,
    pub(crate) stub: &'a [u8],
}

/// What of each fragment is not stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overhead {
    /// Bytes of headers and trailers.
    pub(crate) bytes: u16,
    /// What the stub of all but the last fragment is a multiple of, bytes; not 0.
    pub(crate) align: u16,
}

impl Overhead {
    /// A header of so many bytes.
    pub(crate) const fn header(bytes: u16) -> Self {
        Self { bytes, align: 8 }
    }
}

/// Cuts `stub` into pieces that leave each fragment its overhead; an empty stub is one empty piece.
pub(crate) fn pieces(
    stub: &[u8],
    fragment: u16,
    overhead: Overhead,
) -> impl Iterator<Item = Piece<'_>> {
    let Overhead { bytes, align } = overhead;
    let room = fragment.saturating_sub(bytes);
    let uneven = room.checked_rem(align).unwrap_or(0);
    let room = usize::from(room.saturating_sub(uneven).max(align.max(1)));
    let mut rest = Some(stub);
    std::iter::from_fn(move || {
        let left = rest.take()?;
        let (piece, after) = left.split_at_checked(room).unwrap_or((left, &[]));
        rest = (!after.is_empty()).then_some(after);
        let mut flags = PacketFlags::empty();
        flags.set(PacketFlags::FIRST_FRAG, left.len() == stub.len());
        flags.set(PacketFlags::LAST_FRAG, after.is_empty());
        Some(Piece {
            flags,
            alloc_hint: u32::try_from(left.len()).unwrap_or(u32::MAX),
            stub: piece,
        })
    })
}

/// A call some of whose fragments have come. All but the stub is the first fragment's.
#[derive(Debug, Clone)]
pub(crate) struct IncompleteCall {
    pub(crate) id: CallId,
    pub(crate) interface: SyntaxId,
    pub(crate) context: PresentationContextId,
    pub(crate) opnum: Opnum,
    pub(crate) object: Option<Uuid>,
    /// The security context that protects it, at a level that signs.
    pub(crate) protection: Option<AuthContextId>,
    pub(crate) security: CallSecurity,
    pub(crate) stub: Vec<u8>,
}

impl IncompleteCall {
    /// Whether its client was authenticated.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.security.level != AuthLevel::NONE
    }
}

/// The calls of one association that are incomplete. Empty it holds no memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reassembly {
    calls: Vec<IncompleteCall>,
    /// A call that was refused at its first fragment: its later ones are dropped.
    refused: Option<CallId>,
}

impl Reassembly {
    /// How many calls are incomplete.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Bytes of all incomplete stubs.
    pub(crate) fn held(&self) -> usize {
        let sizes = self.calls.iter().map(|call| call.stub.len());
        sizes.fold(0, usize::saturating_add)
    }

    /// The incomplete call that came first.
    pub(crate) fn oldest(&self) -> Option<&IncompleteCall> {
        self.calls.first()
    }

    /// The incomplete call with this id.
    pub(crate) fn find(&self, id: CallId) -> Option<&IncompleteCall> {
        self.calls.iter().find(|call| call.id == id)
    }

    /// A call whose further fragments are awaited.
    pub(crate) fn start(&mut self, call: IncompleteCall) {
        self.calls.push(call);
    }

    /// Adds a fragment's stub to the call with this id.
    pub(crate) fn extend(&mut self, id: CallId, stub: &[u8]) {
        let call = self.calls.iter_mut().find(|call| call.id == id);
        if let Some(call) = call {
            call.stub.extend_from_slice(stub);
        }
    }

    /// Takes the call with this id out, its last fragment having come.
    pub(crate) fn finish(&mut self, id: CallId) -> Option<IncompleteCall> {
        let index = self.calls.iter().position(|call| call.id == id)?;
        let call = self.calls.remove(index);
        if self.calls.is_empty() {
            self.calls = Vec::new();
        }
        Some(call)
    }

    /// Drops the later fragments of a call that was answered at its first one.
    pub(crate) fn refuse(&mut self, id: CallId) {
        self.refused = Some(id);
    }

    /// Whether a later fragment belongs to a refused call; its last one is forgotten with it.
    pub(crate) fn is_refused(&mut self, id: CallId, flags: PacketFlags) -> bool {
        let refused = self.refused == Some(id);
        if refused && flags.contains(PacketFlags::LAST_FRAG) {
            self.refused = None;
        }
        refused
    }

    /// A new call has started: a client that is told of a refusal need not finish the refused call.
    pub(crate) fn forget_refused(&mut self, started: CallId, multiplexed: bool) {
        if !multiplexed || self.refused == Some(started) {
            self.refused = None;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_fill_fragments_in_multiples_of_eight() {
        let stub = [7; 5000];
        let cut: Vec<_> = pieces(&stub, 2048, Overhead::header(24)).collect();
        let sizes: Vec<_> = cut.iter().map(|p| (p.stub.len(), p.alloc_hint)).collect();
        assert_eq!(sizes, [(2024, 5000), (2024, 2976), (952, 952)]);
        let flags: Vec<_> = cut.iter().map(|p| p.flags.bits()).collect();
        assert_eq!(flags, [1, 0, 2]);
    }

    #[test]
    fn an_empty_stub_is_one_piece() {
        let cut: Vec<_> = pieces(&[], 2048, Overhead::header(24)).collect();
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].flags, PacketFlags::WHOLE);
    }

    #[test]
    fn a_stub_of_exactly_one_fragment_is_one_piece() {
        let stub = [7; 2024];
        assert_eq!(pieces(&stub, 2048, Overhead::header(24)).count(), 1);
    }

    #[test]
    fn a_negotiated_size_is_a_multiple_of_eight_between_its_bounds() {
        for (row, xmit, recv, size) in [
            ("Windows", 5840, 5840, 5840),
            ("impacket", 4280, 4280, 4280),
            ("rounded down", 3199, 5840, 3192),
            ("the least counts", 5840, 3199, 3192),
            ("never below the floor", 0, 65535, 2048),
            ("never above ours", 65535, 65535, 5840),
        ] {
            assert_eq!(negotiated_size(xmit, recv), size, "{row}");
        }
    }
}
