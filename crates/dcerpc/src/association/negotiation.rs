//! Presentation contexts: what a bind or alter_context offers, and what becomes of each offer (C706
//! 12.6.3.1, MS-RPCE 3.3.1.5.3).

use crate::association::{Association, PresentationContext};
use crate::bind::{Bind, ContextElement, ContextReason, ContextResult, PresentationContextId};
use crate::error::PeerMisbehaviour;
use crate::syntax::SyntaxId;

impl Association {
    /// Answers the offers of a bind, where an element can negotiate features instead.
    pub(super) fn negotiate_bind(
        &mut self,
        bind: &Bind,
    ) -> Result<Vec<ContextResult>, PeerMisbehaviour> {
        check_offers(bind)?;
        let features = |element: &&ContextElement| element.bind_time_features().is_some();
        if 1 < bind.contexts.iter().filter(features).count() {
            return Err(PeerMisbehaviour::FeaturesNegotiatedTwice);
        }
        self.answer_each(bind, |element| {
            element.bind_time_features().map(ContextResult::negotiated)
        })
    }

    /// Answers the offers of an alter_context; features are negotiated by a bind only.
    pub(super) fn negotiate_alter(
        &mut self,
        alter: &Bind,
    ) -> Result<Vec<ContextResult>, PeerMisbehaviour> {
        check_offers(alter)?;
        self.answer_each(alter, |_| None)
    }

    /// The context that requests with this id are for.
    pub(super) fn presentation_context(
        &self,
        id: PresentationContextId,
    ) -> Option<&PresentationContext> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// Answers in the order of the offers. One context is accepted of each PDU, as by Windows: clients offer
    /// one interface in several encodings, and use the one that is accepted.
    fn answer_each(
        &mut self,
        offer: &Bind,
        features: impl Fn(&ContextElement) -> Option<ContextResult>,
    ) -> Result<Vec<ContextResult>, PeerMisbehaviour> {
        let mut results = Vec::with_capacity(offer.contexts.len());
        let mut one_accepted = false;
        for element in &offer.contexts {
            let result = match features(element) {
                Some(negotiated) => negotiated,
                None => self.answer(element, one_accepted)?,
            };
            one_accepted |= result == ContextResult::ACCEPTED;
            results.push(result);
        }
        Ok(results)
    }

    fn answer(
        &mut self,
        element: &ContextElement,
        one_accepted: bool,
    ) -> Result<ContextResult, PeerMisbehaviour> {
        let offered = &element.transfer_syntaxes;
        let ndr20 = offered.contains(&SyntaxId::NDR20);
        let rejected = |reason| Ok(ContextResult::rejected(reason));
        if let Some(known) = self.presentation_context(element.id) {
            let same = known.interface.serves(&element.abstract_syntax);
            // Syntaxes that nobody knows are rejected below; one that is known is another encoding, beside the first too.
            if !same || !one_accepted && offered.contains(&SyntaxId::NDR64) {
                let context = element.id;
                return Err(PeerMisbehaviour::ContextAltered { context });
            }
        }
        let Some(interface) = self.interface(&element.abstract_syntax) else {
            return rejected(ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED);
        };
        if one_accepted || !ndr20 {
            return rejected(ContextReason::TRANSFER_SYNTAXES_NOT_SUPPORTED);
        }
        if self.presentation_context(element.id).is_some() {
            return Ok(ContextResult::ACCEPTED);
        }
        if self.config.max_presentation_contexts <= self.contexts.len() {
            return rejected(ContextReason::LOCAL_LIMIT_EXCEEDED);
        }
        let id = element.id;
        self.contexts.push(PresentationContext { id, interface });
        Ok(ContextResult::ACCEPTED)
    }

    fn interface(&self, offered: &SyntaxId) -> Option<SyntaxId> {
        let interfaces = &self.config.interfaces;
        interfaces.iter().copied().find(|own| own.serves(offered))
    }
}

fn check_offers(offer: &Bind) -> Result<(), PeerMisbehaviour> {
    if offer.contexts.is_empty() {
        return Err(PeerMisbehaviour::NoContextOffered);
    }
    match offer.contexts.iter().find(|element| element.transfer_syntaxes.is_empty()) {
        Some(element) => Err(PeerMisbehaviour::NoTransferSyntaxOffered { context: element.id }),
        None => Ok(()),
    }
}
