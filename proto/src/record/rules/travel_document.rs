//! What compiled rules say of the travel document, to and from [`domain::rules`].

use domain::identifier::EvidenceItem;
use domain::rules::{
    Cited, Expected, LateDocument, LateWhen, ThirdCountryDocument, TravelDocument, WithEvidence,
};

use super::{ITEMS_MAX, cited_length, length, limit, optional, source};
use crate::InvalidField;
use crate::record::field::{ascending, checked, enumeration, list, required};
use crate::record::v1;

enumeration!(read_late, write_late, v1::LateDocument, LateDocument, {
    RequestingPartyDocumentAccepted => RequestingPartyDocumentAccepted,
    CommonProvisionalDocumentAccepted => CommonProvisionalDocumentAccepted,
    UnionStandardDocumentAccepted => UnionStandardDocumentAccepted,
    ExpiredDocumentAccepted => ExpiredDocumentAccepted,
    ReturnOnUnderlyingEvidence => ReturnOnUnderlyingEvidence,
});

enumeration!(read_when, write_when, v1::LateWhen, LateWhen, {
    ReceiptNotAcknowledged => ReceiptNotAcknowledged,
});

enumeration!(read_paper, write_paper, v1::ThirdCountryDocument, ThirdCountryDocument, {
    OfRequestingParty => OfRequestingParty,
    OfRequestingPartyWithVisa => OfRequestingPartyWithVisa,
});

pub(super) fn read(it: v1::TravelDocument) -> Result<TravelDocument, InvalidField> {
    Ok(TravelDocument {
        issue: optional(it.issue, "travel_document.issue", limit)?,
        expected: it.expected.map(expected).transpose()?,
        with_evidence: it.with_evidence.map(with_evidence).transpose()?,
        validity: cited_length(it.validity, "travel_document.validity")?,
        reissue: optional(it.reissue, "travel_document.reissue", cited_length)?,
        reissue_limit: optional(it.reissue_limit, "travel_document.reissue_limit", limit)?,
        reissue_expected: optional(
            it.reissue_expected,
            "travel_document.reissue_expected",
            cited_length,
        )?,
        late: it
            .late
            .map(|it| {
                Ok(Cited {
                    value: read_late(it.late, "travel_document.late.late")?,
                    source: source(it.source, "travel_document.late.source")?,
                })
            })
            .transpose()?,
        late_after: optional(it.late_after, "travel_document.late_after", limit)?,
        late_when: it
            .late_when
            .map(|it| {
                Ok(Cited {
                    value: read_when(it.when, "travel_document.late_when.when")?,
                    source: source(it.source, "travel_document.late_when.source")?,
                })
            })
            .transpose()?,
        third_country_nationals: it
            .third_country_nationals
            .map(|it| {
                let path = "travel_document.third_country_nationals";
                Ok(Cited {
                    value: read_paper(it.document, &format!("{path}.document"))?,
                    source: source(it.source, &format!("{path}.source"))?,
                })
            })
            .transpose()?,
    })
}

impl From<&TravelDocument> for v1::TravelDocument {
    fn from(it: &TravelDocument) -> Self {
        let TravelDocument {
            issue,
            expected,
            with_evidence,
            validity,
            reissue,
            reissue_limit,
            reissue_expected,
            late,
            late_after,
            late_when,
            third_country_nationals,
        } = it;
        Self {
            issue: issue.as_ref().map(Into::into),
            validity: Some(validity.into()),
            reissue: reissue.as_ref().map(Into::into),
            late: late.as_ref().map(|cited| v1::CitedLateDocument {
                late: write_late(cited.value),
                source: Some((&cited.source).into()),
            }),
            expected: expected.as_ref().map(Into::into),
            with_evidence: with_evidence.as_ref().map(|with| v1::WithEvidence {
                issue: Some((&with.issue).into()),
                items: with.items.iter().map(|item| item.as_str().to_owned()).collect(),
            }),
            reissue_limit: reissue_limit.as_ref().map(Into::into),
            reissue_expected: reissue_expected.as_ref().map(Into::into),
            late_after: late_after.as_ref().map(Into::into),
            late_when: late_when.as_ref().map(|cited| v1::CitedLateWhen {
                when: write_when(cited.value),
                source: Some((&cited.source).into()),
            }),
            third_country_nationals: third_country_nationals.as_ref().map(|cited| {
                v1::CitedThirdCountryDocument {
                    document: write_paper(cited.value),
                    source: Some((&cited.source).into()),
                }
            }),
        }
    }
}

fn expected(it: v1::ExpectedDocument) -> Result<Cited<Expected>, InvalidField> {
    use v1::expected_document::Expected as Message;
    let path = "travel_document.expected";
    // False is what a reader of the other's word would take for its absence.
    let said = |said: bool, field: &str, value| match said {
        true => Ok(value),
        false => Err(InvalidField::new(format!("{path}.{field}"), "must be true")),
    };
    let value = match required(it.expected, path)? {
        Message::WithoutDelay(it) => said(it, "without_delay", Expected::WithoutDelay)?,
        Message::ImmediatelyAfterPositiveReply(it) => {
            let value = Expected::ImmediatelyAfterPositiveReply;
            said(it, "immediately_after_positive_reply", value)?
        }
        Message::Normally(it) => Expected::Normally(length(Some(it), &format!("{path}.normally"))?),
    };
    Ok(Cited { value, source: source(it.source, &format!("{path}.source"))? })
}

impl From<&Cited<Expected>> for v1::ExpectedDocument {
    fn from(it: &Cited<Expected>) -> Self {
        use v1::expected_document::Expected as Message;
        let expected = match it.value {
            Expected::WithoutDelay => Message::WithoutDelay(true),
            Expected::ImmediatelyAfterPositiveReply => Message::ImmediatelyAfterPositiveReply(true),
            Expected::Normally(length) => Message::Normally(length.into()),
        };
        Self { expected: Some(expected), source: Some((&it.source).into()) }
    }
}

fn with_evidence(it: v1::WithEvidence) -> Result<WithEvidence, InvalidField> {
    let path = "travel_document.with_evidence.items";
    let items =
        list(it.items, ITEMS_MAX, path, |item, path| checked(EvidenceItem::new(&item), path))?;
    ascending(&items, path, EvidenceItem::clone)?;
    if items.is_empty() {
        return Err(InvalidField::new(path, "must not be empty"));
    }
    Ok(WithEvidence { issue: limit(it.issue, "travel_document.with_evidence.issue")?, items })
}
