//! Cases that the State that is played opens: everything that belongs to them is in the hand of the
//! play, which gives out of it what it likes.

use anyhow::{Context, bail};
use domain::case::event::{
    AgreementAdopted, AgreementReference, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{CaseId, Digest, Founder, Office};
use domain::person::{NOTE_CHARS_MAX, Particulars, Text};
use proto::record::v1::WrappedCaseKey;
use record::dispatch::Dispatch;
use record::seal::{CaseKey, Place, Purpose};
use record::{body, random, wrap};

use super::author::{Author, Said};

/// A case that was opened, with everything that belongs to its opening.
pub(super) struct Opened {
    pub(super) case: CaseId,
    pub(super) place: Place,
    pub(super) commitment: Digest,
    pub(super) sealed_body: Vec<u8>,
    pub(super) wrapped: WrappedCaseKey,
    /// Whole: with the body and the wrapped key.
    pub(super) dispatch: Dispatch,
}

/// What a case is opened with.
pub(super) struct Asked<'a> {
    pub(super) adopted: &'a AgreementAdopted,
    pub(super) addressed_to: &'a Office,
    /// The node's HPKE key.
    pub(super) recipient: &'a [u8; 32],
    /// Of the case number; one for each case.
    pub(super) serial: u32,
}

impl Author {
    /// Opens a case under what both have adopted.
    pub(super) fn open_case(&mut self, asked: &Asked<'_>) -> anyhow::Result<Opened> {
        let filed = Statement::RequestFiled(request(asked)?);
        let corridor = self.genesis.genesis().corridor();
        let founder = corridor.founder(self.log.author()).context("the genesis names HOME")?;
        let mut id = [0x40; 16];
        let [first, .., last] = &mut id;
        *first |= if founder == Founder::Second { 0x80 } else { 0 };
        *last = u8::try_from(asked.serial)?;
        let case = CaseId::new(id);
        let position = self.log.next_position();
        let place = Place { log: *self.log.log(), position, case };
        let mut random = random::operating_system();
        let key = CaseKey::generate(&mut random);
        let note = Text::new("readmit conformance: no person", NOTE_CHARS_MAX).ok();
        let plain = body::encode(&Particulars { note, ..Particulars::default() });
        let sealed_body = key.seal(&place, Purpose::Body, &plain);
        let commitment = key.commitment(&place);
        let genesis = *self.genesis.digest();
        let wrapped = wrap::wrap(&key, &genesis, &place, asked.recipient, &mut random)?;
        let mut dispatch = self.say(vec![Said {
            sealed_body: Some(sealed_body.clone()),
            commitment: Some(commitment),
            ..Said::case(case, &filed)
        }])?;
        dispatch.case_keys.push(wrapped.clone());
        Ok(Opened { case, place, commitment, sealed_body, wrapped, dispatch })
    }
}

/// A request for nobody, as the rules let it be filed.
fn request(asked: &Asked<'_>) -> anyhow::Result<RequestFiled> {
    let adopted = asked.adopted;
    let Some(rules) = &adopted.rules else { bail!("what the node has adopted brings no rules") };
    let covered = rules.categories.iter().find(|covered| covered.application.is_none());
    let covered = covered.context("every category of the agreement needs a date of its own")?;
    Ok(RequestFiled {
        under: AgreementReference {
            agreement: adopted.agreement.clone(),
            version: adopted.version,
            digest: adopted.digest,
        },
        category: covered.category,
        evidence: Vec::new(),
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("conformance")?,
        addressed_to: asked.addressed_to.clone(),
        year: rules.years.first.into(),
        serial: asked.serial,
        irregular_stay_known_on: None,
    })
}
