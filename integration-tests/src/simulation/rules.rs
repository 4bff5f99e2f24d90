//! Where a history takes place: the rules that both States have adopted before it begins. A small
//! form of the agreement between the Benelux and Kosovo of 2011, and variants that are nobody's.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result};
use domain::identifier::{AgreementId, EvidenceItem};
use domain::rules::{
    Calendar, Category, Cited, Coverage, Direction, Evidence, LateDocument, Length, Limit, MEANING,
    Notice, OffsetChange, Offsets, Purpose, Requirement, Rules, Silence, SilenceEffect, Source,
    Start, Strength, TravelDocument, Unit, Years,
};
use domain::time::{Date, Instant};

use super::step::Party;

/// The rules of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// The agreement of 2011.
    Plain,
    /// The same, but silence refuses.
    Refusing,
    /// The same, but it does not say what silence means.
    Mute,
    /// The same, without register check, interview, travel document and notice.
    Bare,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Refusing, Self::Mute, Self::Bare];

    /// Its rules.
    #[must_use]
    pub fn rules(self) -> Rules {
        let mut rules = plain();
        match self {
            Self::Plain => {}
            Self::Refusing => rules.silence.effect = SilenceEffect::DeemedRefused,
            Self::Mute => rules.silence.effect = SilenceEffect::NotStated,
            Self::Bare => {
                rules.register_check = None;
                rules.interview = None;
                rules.travel_document = None;
                rules.transfer_notice = None;
            }
        }
        rules
    }
}

impl FromStr for World {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|world| format!("{world:?}") == text);
        found.with_context(|| format!("no such world: {text}"))
    }
}

fn source(article: &str) -> Source {
    Source { instrument: "BWBV0005360".to_owned(), article: Some(article.to_owned()) }
}

fn limit(count: u32, unit: Unit, starts_on: Start, article: &str) -> Limit {
    Limit { length: Length { count, unit }, starts_on, source: source(article) }
}

/// An item of evidence.
pub(super) fn item(word: &str) -> EvidenceItem {
    EvidenceItem::new(word).expect("a short word is an item of evidence")
}

fn plain() -> Rules {
    let [nl, xk] = Party::BOTH.map(Party::state);
    let calendar = |state, holiday| Calendar {
        state,
        weekend: vec![6, 7],
        holidays: vec![holiday, Date::constant(2026, 12, 25)],
        estimated: Vec::new(),
    };
    let offsets = |state| Offsets {
        state,
        zone: "Europe/Somewhere".to_owned(),
        changes: vec![OffsetChange { from: Instant::from_ms(0), seconds: 3600 }],
    };
    let reply = || limit(28, Unit::CalendarDays, Start::ReceiptOfApplication, "9");
    Rules {
        agreement: AgreementId::new("benelux_kosovo_2011").expect("a short word is an agreement"),
        version: 1,
        meaning: MEANING,
        title: "Agreement of 2011".to_owned(),
        in_force_from: Date::constant(2014, 4, 1),
        directions: vec![
            Direction { requesting: nl, requested: xk },
            Direction { requesting: xk, requested: nl },
        ],
        categories: vec![Coverage {
            category: Category::OwnNational,
            application: None,
            source: source("2"),
        }],
        reply: reply(),
        silence: Silence {
            limit: reply(),
            effect: SilenceEffect::DeemedAccepted,
            source: source("9"),
            exception: None,
        },
        refusal_reasons: Some(Cited { value: Requirement::Required, source: source("9") }),
        register_check: Some(limit(7, Unit::CalendarDays, Start::DateOfRequest, "5")),
        interview: Some(source("5")),
        travel_document: Some(TravelDocument {
            issue: Some(limit(3, Unit::WorkingDays, Start::ReceiptOfTravelDocumentRequest, "3")),
            expected: None,
            with_evidence: None,
            validity: Cited {
                value: Length { count: 3, unit: Unit::CalendarMonths },
                source: source("3"),
            },
            reissue: None,
            reissue_limit: None,
            reissue_expected: None,
            late: Some(Cited {
                value: LateDocument::RequestingPartyDocumentAccepted,
                source: source("3"),
            }),
            late_after: None,
            late_when: None,
            third_country_nationals: None,
        }),
        transfer: Some(limit(3, Unit::CalendarMonths, Start::ApprovalOrExpiryOfReplyLimit, "10")),
        transfer_notice: Some(Notice {
            length: Length { count: 2, unit: Unit::WorkingDays },
            source: source("10"),
        }),
        reply_with_interview: None,
        reply_extension: None,
        transfer_of_third_country_nationals: None,
        transfer_extension: None,
        escorted_transfer_notice: None,
        written_communication: None,
        evidence: vec![Evidence {
            item: item("own_statement"),
            purpose: Purpose::Nationality,
            strength: Strength::PrimaFacie,
            nationals_of: None,
            source: source("5"),
        }],
        calendars: vec![
            calendar(nl, Date::constant(2026, 4, 27)),
            calendar(xk, Date::constant(2026, 4, 9)),
        ],
        offsets: vec![offsets(nl), offsets(xk)],
        years: Years { first: 2026, last: 2029 },
    }
}
