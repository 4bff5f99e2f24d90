//! `RequestService.FileRequest`: the request for one person; opens a case.

use domain::case::decide::{self, file_request};
use domain::case::event::{AgreementReference, RequestFiled, ReturnDecision};
use domain::case::rejection::Rejection;
use domain::clock;
use domain::identifier::{AgreementId, EvidenceItem, Office, State};
use domain::person::attachment::AttachmentId;
use domain::person::{self as sealed, Detail, Particulars, REFERENCE_CHARS_MAX, Text};
use domain::rules::{Category, Rules};
use domain::time::Date;
use proto::command::v1::Receipt;
use proto::requests::v1::FileRequestRequest;
use runtime::command::{Effort, Opening, OpeningReading, Ordered, RequestId, payload_digest};
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::attached::For;
use crate::desk::{Desk, Note, Official, read_note, request_id, signed, today};
use crate::view::words;
use crate::{attached, evidence, person};
use runtime::fields::Fields;

pub(super) async fn file_request(
    desk: &Desk,
    request: Request<FileRequestRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let mut fields = Fields::default();
    let filing = read(&mut fields, &it, desk);
    let filing = fields.done(filing)?;
    let command = Opening {
        ordered: Ordered {
            caller: official.caller.clone(),
            request_id: filing.request_id.clone(),
            payload_digest: payload_digest("RequestService/FileRequest", &it),
            effort: Effort::of(it.validate_only),
        },
        partner: filing.partner,
    };
    let (partner_state, request_id) = (&it.partner_state, filing.request_id.as_str());
    let put_for = For::Filing { partner_state, request_id };
    let attachments = desk.described(&official.caller, put_for, &filing.attachments).await?;
    let particulars = Particulars { attachments, ..filing.particulars.clone() };
    let particulars = signed(&official, particulars)?;
    runtime::command::open(&desk.ledger, &command, |reading| {
        let opening = reading.opening()?;
        let (under, rules) = latest(opening.agreements(), &filing.agreement)?;
        check_against(&it, &filing, rules, reading)?;
        let request = facts(&official, &filing, under, rules, reading)?;
        let ordered =
            decide::Ordered { by: reading.own, at: reading.now, particulars: particulars.clone() };
        file_request::file_request(&opening, file_request::FileRequest { ordered, request })
            .map_err(|broken| Failure::rejected(broken, Some(rules)))
    })
    .await
}

/// A filing whose message fits; what only the corridor can tell is still to be checked.
struct Filing {
    request_id: RequestId,
    partner: State,
    agreement: AgreementId,
    category: Category,
    evidence: Vec<EvidenceItem>,
    return_decision: ReturnDecision,
    addressed_to: Office,
    irregular_stay_known_on: Option<Date>,
    attachments: Vec<AttachmentId>,
    particulars: Particulars,
}

fn read(fields: &mut Fields, it: &FileRequestRequest, desk: &Desk) -> Option<Filing> {
    let request_id = request_id(fields, &it.request_id);
    let note = read_note(fields, Note::Optional(&it.note));
    let partner = fields.take("partner_state", State::new(&it.partner_state));
    let organisations = partner.and_then(|partner| {
        let found = desk.partner(partner);
        fields.take("partner_state", found.ok_or("must be a partner of this State"))
    });
    let agreement = fields.take("agreement", AgreementId::new(&it.agreement));
    let sealed = sealed(fields, it, Date::MAX);
    let category = fields.word("category", words::read_category(it.category));
    let evidence = evidence::read(fields, &it.evidence);
    let attachments = attached::read(fields, &it.attachments);
    let addressed_to = fields.take("addressed_to", Office::new(&it.addressed_to));
    let addressed_to = addressed_to.zip(organisations).and_then(|(office, known)| {
        let answers = known.has_duty(&office, Duty::Answers);
        let why = "must be an authority of the requested State that answers requests";
        fields.take("addressed_to", if answers { Ok(office) } else { Err(why) })
    });
    let known_on = person::optional_date(&it.irregular_stay_known_on);
    let known_on = fields.take("irregular_stay_known_on", known_on);
    let reference = Text::optional(&it.reference, REFERENCE_CHARS_MAX);
    let reference = fields.take("reference", reference);
    let enforceable = it.return_decision.as_ref().is_some_and(|it| it.enforceable);
    Some(Filing {
        request_id: request_id?,
        partner: partner?,
        agreement: agreement?,
        category: category?,
        evidence: evidence?,
        return_decision: if enforceable {
            ReturnDecision::Enforceable
        } else {
            ReturnDecision::NotEnforceable
        },
        addressed_to: addressed_to?,
        irregular_stay_known_on: known_on?,
        attachments: attachments?,
        particulars: Particulars {
            acting: None,
            note: note?,
            reference: reference?,
            detail: Detail::Request(Box::new(sealed?)),
            // Described by the ledger, which keeps them.
            attachments: Vec::new(),
        },
    })
}

/// The person and the return decision, held against a day that no date may be after.
fn sealed(fields: &mut Fields, it: &FileRequestRequest, today: Date) -> Option<sealed::Request> {
    let found = match it.persons.as_slice() {
        [one] => person::read(fields, "persons[0]", one, today),
        _ => {
            fields.wrong("persons", "must be exactly one: a return decision is individual");
            None
        }
    };
    let decision = fields.required("return_decision", it.return_decision.as_ref());
    let decision =
        decision.and_then(|it| person::read_decision(fields, "return_decision", it, today));
    Some(sealed::Request { person: found?, return_decision: decision? })
}

/// The latest version that both States have adopted.
fn latest<'a>(
    adopted: Vec<(AgreementReference, &'a Rules)>,
    agreement: &AgreementId,
) -> Result<(AgreementReference, &'a Rules), Failure> {
    let versions = adopted.into_iter().filter(|(reference, _)| reference.agreement == *agreement);
    if let Some(latest) = versions.max_by_key(|(reference, _)| reference.version) {
        return Ok(latest);
    }
    match agreements::agreement(agreement) {
        Some(_) => Err(Failure::rejected(Rejection::AgreementMustBeAdopted, None)),
        None => Err(Failure::field("agreement", "must be an agreement that is known here")),
    }
}

/// What the message says, held against the rules: dates against today, items against the lists.
fn check_against(
    it: &FileRequestRequest,
    filing: &Filing,
    rules: &Rules,
    reading: &OpeningReading,
) -> Result<(), Failure> {
    let today = today(Some(rules), reading.now, reading.own);
    let mut fields = Fields::default();
    let mut fits = sealed(&mut fields, it, today).map(|_| ());
    if let Some(day) = filing.irregular_stay_known_on {
        let past = fields.take("irregular_stay_known_on", person::past(day, today));
        fits = fits.and(past.map(|_| ()));
    }
    fields.done(fits)?;
    evidence::known(&filing.evidence, rules)
}

fn facts(
    official: &Official,
    filing: &Filing,
    under: AgreementReference,
    rules: &Rules,
    reading: &OpeningReading,
) -> Result<RequestFiled, Failure> {
    let today = clock::day_of(rules, reading.now, reading.own)
        .map_err(|why| Failure::rejected(Rejection::DeadlineMustBeComputable(why), Some(rules)))?;
    let year = u32::try_from(today.year())
        .map_err(|_| Failure::internal("the node's clock is before the year 0"))?;
    Ok(RequestFiled {
        under,
        category: filing.category,
        evidence: filing.evidence.clone(),
        return_decision: filing.return_decision,
        filed_by: official.office.clone(),
        addressed_to: filing.addressed_to.clone(),
        year,
        serial: reading.serial(year)?,
        irregular_stay_known_on: filing.irregular_stay_known_on,
    })
}
