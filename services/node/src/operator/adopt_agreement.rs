//! `AdoptAgreement`: compiles an agreement for the corridor and adopts the rules on the record.
//!
//! What the operator confirms or supplies is compiled into the rules; that the operator vouched for
//! it goes to the access log of this State, never to the partner.

use agreements::{CompileError, ConfirmedHolidays, Order};
use domain::case::event::{AgreementAdopted, Statement};
use domain::clock::estimated;
use domain::identifier::AgreementId;
use proto::node::v1::{AdoptAgreementRequest, AdoptAgreementResponse};
use record::digest::sha256;
use runtime::caller::Caller;
use runtime::command::{
    CorridorReading, Effort, OnCorridor, Ordered, RequestId, payload_digest, run_on_corridor,
};
use runtime::failure::Failure;

use super::Operator;
use super::adopted::{adopts, differences, of_the_same_version};

/// Most keys that are confirmed at once.
const CONFIRMED_MAX: usize = 64;

/// Most characters of each: with the longest id of an agreement and the longest version, its
/// sentence has the 200 that the access log takes.
const KEY_CHARACTERS_MAX: usize = 95;

/// Most holidays that are confirmed at once.
const HOLIDAYS_MAX: usize = 256;

/// Most characters of each: State, day, and another day.
const HOLIDAY_CHARACTERS_MAX: usize = "XK=2026-03-20=2026-03-21".len();

/// The field that confirms holidays.
const HOLIDAYS: &str = "confirmed_holidays";

/// Most characters of a supplement.
const SUPPLEMENT_CHARACTERS_MAX: usize = 65_536;

/// What the messages call the supplement.
const SUPPLEMENT: &str = "supplement";

pub(super) async fn adopt_agreement(
    operator: &Operator,
    caller: &Caller,
    request: AdoptAgreementRequest,
) -> Result<AdoptAgreementResponse, Failure> {
    let command = OnCorridor {
        ordered: Ordered {
            caller: caller.clone(),
            request_id: RequestId::new(&request.request_id)?,
            payload_digest: payload_digest("AdoptAgreement", &request),
            effort: Effort::of(request.validate_only),
        },
        partner: operator.partner(&request.partner_state)?,
        vouched: vouched(&request)?,
    };
    let decide = |reading: &CorridorReading| {
        let adoption = compile(reading, &request)?;
        let adopted = adopts(&reading.agreed()?, reading.own, &adoption);
        let statement = Statement::AgreementAdopted(adoption);
        Ok(if adopted { Vec::new() } else { vec![statement] })
    };
    let receipt = run_on_corridor(&operator.ledger, &command, decide).await?;
    let reading =
        runtime::command::read_corridor(&operator.ledger, caller, command.partner).await?;
    let adoption = compile(&reading, &request)?;
    let agreed = reading.agreed()?;
    let by_partner = adopts(&agreed, reading.partner, &adoption);
    let rival = of_the_same_version(&reading.partner_chain, &adoption);
    let estimated = adoption.rules.iter().flat_map(|rules| estimated::of(rules));
    let estimated = estimated.map(|it| format!("{} {}", it.state, it.days.on)).collect();
    Ok(AdoptAgreementResponse {
        receipt: Some(receipt),
        digest: adoption.digest.as_bytes().to_vec(),
        adopted_by_both: adopts(&agreed, reading.own, &adoption) && by_partner,
        differences: match rival {
            Some(rival) if !by_partner => differences(&adoption, rival),
            Some(_) | None => Vec::new(),
        },
        estimated_holidays: estimated,
    })
}

/// What the operator vouches for, a sentence each.
fn vouched(request: &AdoptAgreementRequest) -> Result<Vec<String>, Failure> {
    let AdoptAgreementRequest { confirmed, confirmed_holidays: holidays, .. } = request;
    bounded("confirmed", confirmed, CONFIRMED_MAX, KEY_CHARACTERS_MAX)?;
    bounded(HOLIDAYS, holidays, HOLIDAYS_MAX, HOLIDAY_CHARACTERS_MAX)?;
    if request.supplement.chars().count() > SUPPLEMENT_CHARACTERS_MAX {
        let rule = format!("must have at most {SUPPLEMENT_CHARACTERS_MAX} characters");
        return Err(Failure::field(SUPPLEMENT, rule));
    }
    let confirmed = confirmed.iter().map(|key| format!("confirms {key}"));
    let holidays = holidays.iter().map(|holiday| format!("confirms the holiday {holiday}"));
    let supplied = supplement(request)
        .map(|text| format!("supplies a file with SHA-256 {}", sha256(&[text.as_bytes()])));
    let of =
        |what| format!("agreement {}, version {}: {what}", request.agreement, version(request));
    Ok(confirmed.chain(holidays).chain(supplied).map(of).collect())
}

/// Holds a list of texts to its limits.
fn bounded(
    field: &str,
    texts: &[String],
    count_max: usize,
    characters_max: usize,
) -> Result<(), Failure> {
    if texts.len() > count_max {
        return Err(Failure::field(field, format!("must name at most {count_max}")));
    }
    for (index, text) in texts.iter().enumerate() {
        if !(1..=characters_max).contains(&text.chars().count()) {
            let rule = format!("must have 1 to {characters_max} characters");
            return Err(Failure::field(format!("{field}[{index}]"), rule));
        }
    }
    Ok(())
}

const fn version(request: &AdoptAgreementRequest) -> u32 {
    if request.version == 0 { 1 } else { request.version }
}

fn supplement(request: &AdoptAgreementRequest) -> Option<&str> {
    Some(request.supplement.as_str()).filter(|text| !text.is_empty())
}

/// The adoption of the rules that an agreement compiles to, for this corridor, today.
fn compile(
    reading: &CorridorReading,
    request: &AdoptAgreementRequest,
) -> Result<AgreementAdopted, Failure> {
    let agreement =
        AgreementId::new(&request.agreement).map_err(|rule| Failure::field("agreement", rule))?;
    let holidays = request.confirmed_holidays.iter().map(String::as_str);
    let confirmed_holidays = ConfirmedHolidays::read(holidays)
        .map_err(|error| Failure::field(HOLIDAYS, error.to_string()).with_source(error))?;
    // In force is asked of the civil day in UTC: the rules that hold the local offsets are what
    // is being compiled.
    let order = Order {
        agreement: &agreement,
        version: version(request),
        pair: (reading.own, reading.partner),
        on: clock_day(reading)?,
        confirmed: &request.confirmed,
        confirmed_holidays: &confirmed_holidays,
        supplement: supplement(request).map(|text| (SUPPLEMENT, text)),
    };
    let rules = agreements::compile_order(&order).map_err(refused)?;
    Ok(record::rules::adoption(rules))
}

/// An agreement that does not compile, by the field that would mend it.
fn refused(error: CompileError) -> Failure {
    let of_supplement = matches!(
        error,
        CompileError::FileMustBeSound(_)
            | CompileError::SupplementMustFit { .. }
            | CompileError::SupplementMustNotContradict { .. }
    );
    let field = if of_supplement {
        SUPPLEMENT
    } else if matches!(error, CompileError::ConfirmedMustBeReported { .. }) {
        "confirmed"
    } else if matches!(error, CompileError::ConfirmedHolidayMustCount { .. }) {
        HOLIDAYS
    } else {
        "agreement"
    };
    let mut said = chain_of(&error);
    if matches!(error, CompileError::AgreementMustBeKnown { .. }) {
        let names = agreements::available().into_iter().map(|listing| listing.id.to_string());
        said = format!("{said} (known: {})", names.collect::<Vec<_>>().join(", "));
    }
    Failure::field(field, said).with_source(error)
}

/// An error with what is behind it: for a file, its line and key.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        said = format!("{said}: {source}");
        next = source.source();
    }
    said
}

fn clock_day(reading: &CorridorReading) -> Result<domain::time::Date, Failure> {
    let printed = reading.now.to_string();
    let day = printed.get(..10).and_then(|day| domain::person::full_date(day).ok());
    day.ok_or_else(|| Failure::internal("the clock shows a moment that has no date"))
}
