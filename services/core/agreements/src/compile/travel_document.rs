//! What the texts say of the travel document, made into its rules.

use domain::rules::{
    Cited, Expected, Length, Limit, Start, ThirdCountryDocument, TravelDocument, WithEvidence,
};

use super::CompileError;
use super::established::{Established, cited};
use crate::terms::{Clock, SHORT_EVIDENCE, Stated, Terms};

/// Whether the clock of a travel document can start with an event: one of the case, before the
/// document is issued.
const fn fits(start: Start) -> bool {
    !start.is_stated() && !matches!(start, Start::IssueOfTravelDocument)
}

/// Whether the texts say anything of a travel document. Every term is named, so that a new one is
/// not dropped in silence.
fn speaks_of_it(terms: &Terms) -> bool {
    terms.travel_document.length.is_some()
        || terms.travel_document.starts_on.is_some()
        || terms.travel_document_expected.is_some()
        || terms.travel_document_normal.is_some()
        || terms.travel_document_with_evidence.length.is_some()
        || terms.travel_document_short_evidence.is_some()
        || terms.travel_document_validity.is_some()
        || terms.travel_document_reissue.is_some()
        || terms.travel_document_reissue_normal.is_some()
        || terms.travel_document_late.is_some()
        || terms.travel_document_late_after.length.is_some()
        || terms.travel_document_late_when.is_some()
        || terms.travel_document_third_country.is_some()
        || terms.entry_visa_required.as_ref().is_some_and(|required| required.value)
}

impl Established<'_> {
    pub(super) fn travel_document(&self) -> Result<Option<TravelDocument>, CompileError> {
        let terms = &self.terms;
        if !speaks_of_it(terms) {
            return Ok(None);
        }
        let issue = self.document_limit(&terms.travel_document)?;
        let expected = self.expected()?;
        if issue.is_none() && expected.is_none() {
            return Err(self.missing_length(&terms.travel_document));
        }
        let validity = terms.travel_document_validity.as_ref();
        let validity = validity.ok_or_else(|| self.missing("travel_document_validity_<unit>"))?;
        let late_after = self.document_limit(&terms.travel_document_late_after)?;
        self.check_late(issue.as_ref(), late_after.as_ref())?;
        Ok(Some(TravelDocument {
            reissue_limit: self.reissue_limit(issue.as_ref())?,
            with_evidence: self.with_evidence()?,
            third_country_nationals: self.third_country_document()?,
            issue,
            expected,
            validity: cited(validity),
            reissue: terms.travel_document_reissue.as_ref().map(cited),
            reissue_expected: terms.travel_document_reissue_normal.as_ref().map(cited),
            late: terms.travel_document_late.as_ref().map(cited),
            late_after,
            late_when: terms.travel_document_late_when.as_ref().map(cited),
        }))
    }

    /// A limit of the travel document, if it has a length. One start serves all of them.
    fn document_limit(&self, clock: &Clock) -> Result<Option<Limit>, CompileError> {
        match &clock.length {
            Some(length) => self.document_clock(clock, length).map(Some),
            None => Ok(None),
        }
    }

    fn document_clock(
        &self,
        clock: &Clock,
        length: &Stated<Length>,
    ) -> Result<Limit, CompileError> {
        let starts_on = self.start(clock, self.terms.travel_document.starts_on.as_ref(), fits)?;
        Ok(Limit { length: length.value, starts_on, source: length.source.clone() })
    }

    /// How soon the document is expected: by a word or by a normal length, not by both.
    fn expected(&self) -> Result<Option<Cited<Expected>>, CompileError> {
        let word = &self.terms.travel_document_expected;
        let normal = &self.terms.travel_document_normal;
        match (word, normal) {
            (Some(_), Some(_)) => {
                let (agreement, key) = (self.id(), "travel_document_issue");
                Err(CompileError::KeyMustBeExpressible { agreement, key })
            }
            (word, Some(normal)) if word.is_none() => Ok(Some(Cited {
                value: Expected::Normally(normal.value),
                source: normal.source.clone(),
            })),
            (word, _) => Ok(word.as_ref().map(cited)),
        }
    }

    /// The limit for issuing again, where it is not the one for the first.
    fn reissue_limit(&self, issue: Option<&Limit>) -> Result<Option<Limit>, CompileError> {
        let terms = &self.terms;
        match &terms.travel_document_reissue {
            Some(reissue) if issue.map(|issue| issue.length) != Some(reissue.value) => {
                self.document_clock(&terms.travel_document, reissue).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    fn with_evidence(&self) -> Result<Option<WithEvidence>, CompileError> {
        let clock = &self.terms.travel_document_with_evidence;
        let items = &self.terms.travel_document_short_evidence;
        match (self.document_limit(clock)?, items) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.missing_length(clock)),
            (Some(_), None) => Err(self.missing(SHORT_EVIDENCE)),
            (Some(issue), Some(items)) => {
                let mut items = items.value.clone();
                items.sort();
                items.dedup();
                // Only what a list names can be stated, so the limit would never be the shorter.
                let lists = || self.lists.iter().flat_map(|(list, _)| &list.items);
                let listed = |item| lists().any(|listed| listed == item);
                if let Some(item) = items.iter().find(|item| !listed(*item)) {
                    let (agreement, key, item) = (self.id(), SHORT_EVIDENCE, item.clone());
                    return Err(CompileError::ItemMustBeListed { agreement, key, item });
                }
                match items.is_empty() {
                    false => Ok(Some(WithEvidence { issue, items })),
                    true => Err(self.missing(SHORT_EVIDENCE)),
                }
            }
        }
    }

    /// A fallback needs something to be late by, and what makes a document late needs a fallback.
    fn check_late(
        &self,
        issue: Option<&Limit>,
        late_after: Option<&Limit>,
    ) -> Result<(), CompileError> {
        let terms = &self.terms;
        let late = terms.travel_document_late.is_some();
        if late && issue.is_none() && late_after.is_none() {
            return Err(self.missing_length(&terms.travel_document));
        }
        let depends = late_after.is_some() || terms.travel_document_late_when.is_some();
        match depends && !late {
            true => Err(self.missing("travel_document_late_fallback")),
            false => Ok(()),
        }
    }

    /// A visa without the requesting State's own document would be a second paper of the same
    /// State, and there is a place for one only.
    fn third_country_document(&self) -> Result<Option<Cited<ThirdCountryDocument>>, CompileError> {
        let issuer = &self.terms.travel_document_third_country;
        let visa = self.terms.entry_visa_required.as_ref().filter(|required| required.value);
        match (issuer, visa) {
            (None, None) => Ok(None),
            (Some(issuer), None) => Ok(Some(cited(issuer))),
            (Some(_), Some(visa)) => Ok(Some(Cited {
                value: ThirdCountryDocument::OfRequestingPartyWithVisa,
                source: visa.source.clone(),
            })),
            (None, Some(_)) => {
                let key = "entry_visa_for_third_country_nationals_required";
                Err(CompileError::KeyMustBeExpressible { agreement: self.id(), key })
            }
        }
    }
}
