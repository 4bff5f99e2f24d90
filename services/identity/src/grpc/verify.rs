//! `TravelDocumentService.Verify`: whether a travel document is valid now, by what both logs say.

use domain::case::outcome;
use domain::case::said::{At, Document, Side};
use domain::clock;
use domain::person::{Detail, REFERENCE_CHARS_MAX, Text};
use proto::command::v1::{Purpose, Standing};
use proto::identity::v1::{TravelDocumentValidity as Validity, VerifyRequest, VerifyResponse};
use runtime::command::{Body, Reading};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use runtime::fields::Fields;

pub(super) async fn verify(
    desk: &Desk,
    request: Request<VerifyRequest>,
) -> Result<VerifyResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let mut fields = Fields::default();
    let number = fields.take("number", Text::new(&it.number, REFERENCE_CHARS_MAX));
    let purpose = Purpose::try_from(it.purpose).ok().filter(|it| *it != Purpose::Unspecified);
    let purpose = fields.word("purpose", purpose);
    let (number, purpose) = fields.done(number.zip(purpose))?;
    let reading = desk.read(&official, purpose, &it.case).await?;
    let Some(document) = find(&reading, &number)? else {
        let validity = Validity::Unknown.into();
        return Ok(VerifyResponse { validity, ..VerifyResponse::default() });
    };
    let (validity, side, decided) = judge(&reading, document);
    let state = reading.case.state(side.other());
    let chain = if state == reading.own { &reading.own_chain } else { &reading.partner_chain };
    let standing = if reading.case.standing == outcome::Standing::Disputed {
        Standing::Disputed
    } else if chain.receipt_of(decided.dispatch).is_some() {
        Standing::Confirmed
    } else {
        Standing::Provisional
    };
    Ok(VerifyResponse {
        validity: validity.into(),
        valid_until: document.issued.valid_until.to_string(),
        document: Some(document.at.position),
        standing: standing.into(),
    })
}

/// The last document of that number. One whose number cannot be read may be it.
fn find<'a>(reading: &'a Reading, number: &Text) -> Result<Option<&'a Document>, Failure> {
    let issuer = reading.case.requested;
    let mut readable = Ok(None);
    for document in reading.case.said.requested.documents.iter().rev() {
        match reading.bodies.get(&(issuer, document.at.position)) {
            Some(Body::Open(body)) => {
                if body.detail == Detail::TravelDocument(number.clone()) {
                    return Ok(Some(document));
                }
            }
            Some(Body::None | Body::Withheld | Body::Unreadable) | None => {
                readable = Err(Failure::unavailable("a travel document of this case is sealed"));
            }
        }
    }
    readable
}

/// Whether it may be used now, and which entry of which side decides that.
fn judge(reading: &Reading, document: &Document) -> (Validity, Side, At) {
    let said = &reading.case.said;
    let hold = |side: Side| {
        let placed = said.either(side).holds.last();
        placed.filter(|(_, lifted)| lifted.is_none()).map(|(at, _)| (side, *at))
    };
    if let Some(at) = document.revoked {
        return (Validity::Revoked, Side::Requested, at);
    }
    if let Some(at) = said.requesting.withdrawn {
        return (Validity::Suspended, Side::Requesting, at);
    }
    if let Some((side, at)) = hold(Side::Requesting).or_else(|| hold(Side::Requested)) {
        return (Validity::Suspended, side, at);
    }
    let rules = reading.case.rules.as_ref();
    let today = rules.and_then(|it| clock::day_of(it, reading.now, reading.case.requested).ok());
    let validity = match today {
        Some(today) if today < document.issued.issued_on => Validity::NotYet,
        Some(today) if today <= document.issued.valid_until => Validity::Valid,
        // A day that the rules do not cover counts as after the last, as for a departure.
        Some(_) | None => Validity::Expired,
    };
    (validity, Side::Requested, document.at)
}
