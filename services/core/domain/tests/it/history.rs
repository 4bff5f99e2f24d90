//! Two States, their logs, and what each has stored of the other's: histories, told step by step.
//!
//! There are no bytes and no keys here: a dispatch is its number, its time, its digest and what
//! its author had heard. The dates are made by the rule of DESIGN 4. The agreement is the one
//! between the Benelux and Kosovo of 2011, with small calendars. The decision tests of the crate
//! include this file too.

use std::sync::Arc;

use crate::case::Case;
use crate::case::dispute::is_proof_only;
use crate::case::event::{
    AgreementAdopted, AgreementReference, Fault, FaultProved, KeyPurpose, KeyRevoked, Kind,
    LogSucceeded, Opaque, RequestFiled, ReturnDecision, Speaker, Statement,
};
use crate::case::said::Side;
use crate::chain::{Chain, Content, Dispatch, Entry, Heard};
use crate::corridor::Corridor;
use crate::identifier::{AgreementId, CaseId, Digest, EvidenceItem, Office, State};
use crate::rules::{
    Calendar, Category, Cited, Coverage, Direction, Evidence, LateDocument, Length, Limit, MEANING,
    Notice, OffsetChange, Offsets, Purpose, Requirement, Rules, Silence, SilenceEffect, Source,
    Start, Strength, TravelDocument, Unit, Years,
};
use crate::time::{Date, Instant, Span};

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Monday, 2 March 2026, 09:00 in Amsterdam and Pristina.
pub(crate) const MORNING: Instant = Instant::from_ms(1_772_438_400_000);

/// The Netherlands ask, Kosovo is asked.
pub(crate) fn state(side: Side) -> State {
    State::new(match side {
        Side::Requesting => "NL",
        Side::Requested => "XK",
    })
    .unwrap()
}

/// The corridor of the two, with the defaults of DESIGN 4 and every kind understood.
pub(crate) fn corridor() -> Corridor {
    Corridor {
        genesis: Digest::new([7; 32]),
        first: state(Side::Requesting),
        second: state(Side::Requested),
        skew: Span::from_ms(5 * MINUTE),
        grace: Span::from_ms(24 * HOUR),
        kinds: Kind::ALL.into_iter().map(Kind::number).collect(),
    }
}

fn source(article: &str) -> Source {
    Source { instrument: "BWBV0005360".to_owned(), article: Some(article.to_owned()) }
}

fn limit(count: u32, unit: Unit, starts_on: Start, article: &str) -> Limit {
    Limit { length: Length { count, unit }, starts_on, source: source(article) }
}

pub(crate) fn item(word: &str) -> EvidenceItem {
    EvidenceItem::new(word).unwrap()
}

pub(crate) fn office(word: &str) -> Office {
    Office::new(word).unwrap()
}

/// The agreement of 2011: 28 calendar days and silence accepts, a register check in 7, a travel
/// document in 3 working days, valid for 3 months, a transfer within 3 months on 2 working days'
/// notice.
pub(crate) fn rules() -> Rules {
    let (asks, asked) = (state(Side::Requesting), state(Side::Requested));
    let coverage = |category, application| Coverage { category, application, source: source("2") };
    let year = limit(1, Unit::Years, Start::KnowledgeOfIrregularStay, "8");
    let evidence = |word, purpose, strength| Evidence {
        item: item(word),
        purpose,
        strength,
        nationals_of: None,
        source: source("5"),
    };
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
        agreement: AgreementId::new("benelux_kosovo_2011").unwrap(),
        version: 1,
        meaning: MEANING,
        title: "Agreement of 2011".to_owned(),
        in_force_from: Date::constant(2014, 4, 1),
        directions: vec![
            Direction { requesting: asks, requested: asked },
            Direction { requesting: asked, requested: asks },
        ],
        categories: vec![
            coverage(Category::OwnNational, None),
            coverage(Category::ThirdCountryNational, Some(year)),
        ],
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
        evidence: vec![
            evidence("own_statement", Purpose::Nationality, Strength::PrimaFacie),
            evidence("entry_exit_stamps", Purpose::ThirdCountryConditions, Strength::Proof),
        ],
        calendars: vec![
            calendar(asks, Date::constant(2026, 4, 27)),
            calendar(asked, Date::constant(2026, 4, 9)),
        ],
        offsets: vec![offsets(asks), offsets(asked)],
        years: Years { first: 2026, last: 2027 },
    }
}

/// What adopts rules. The digest stands for their bytes.
pub(crate) fn adoption(rules: &Rules) -> Statement {
    let AgreementReference { agreement, version, digest } = reference(rules);
    let rules = Some(Box::new(rules.clone()));
    Statement::AgreementAdopted(AgreementAdopted { agreement, version, digest, rules })
}

/// How a request names rules.
pub(crate) fn reference(rules: &Rules) -> AgreementReference {
    AgreementReference {
        agreement: rules.agreement.clone(),
        version: rules.version,
        digest: Digest::new([u8::try_from(rules.version).unwrap(); 32]),
    }
}

/// A request for an own national, with prima facie evidence.
pub(crate) fn request(rules: &Rules) -> RequestFiled {
    RequestFiled {
        under: reference(rules),
        category: Category::OwnNational,
        evidence: vec![item("own_statement")],
        return_decision: ReturnDecision::Enforceable,
        filed_by: office("return-office"),
        addressed_to: office("ministry"),
        year: 2026,
        serial: 1,
        irregular_stay_known_on: None,
    }
}

/// Bytes that the rules carry and do not read.
pub(crate) const fn opaque() -> Opaque {
    Opaque(Vec::new())
}

/// The partner's log contradicts itself at this number.
pub(crate) fn fault_of(number: u64) -> Statement {
    let fault = Fault::Equivocation;
    Statement::FaultProved(FaultProved {
        fault,
        number,
        stored: opaque(),
        rival: opaque(),
        announcement: None,
    })
}

/// The own log key is revoked, from the dispatch after this one on.
pub(crate) fn revocation(last_good: Option<u64>) -> Statement {
    let last_good = last_good.map(|number| Heard { era: 0, number, digest: Digest::new([0; 32]) });
    Statement::KeyRevoked(KeyRevoked {
        root_statement: opaque(),
        purpose: KeyPurpose::Log,
        key_id: [0; 16],
        last_good,
    })
}

/// One State's node: its own log, and what it has stored of its partner's.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) own: Chain,
    pub(crate) replica: Chain,
    /// The era of the own log.
    pub(crate) era: u32,
}

/// A log that its partner has proved to be faulty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frozen {
    /// The dispatch in which the partner says so.
    pub(crate) stated: u64,
    /// The last dispatch that the partner had heard by then: what counts of the log.
    pub(crate) last: u64,
}

/// Both States, one corridor, one case.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) corridor: Corridor,
    pub(crate) case: CaseId,
    pub(crate) now: Instant,
    pub(crate) asks: Node,
    pub(crate) answers: Node,
}

impl History {
    /// Two States that have said nothing yet.
    pub(crate) fn new(corridor: Corridor) -> Self {
        let node = |side: Side| Node {
            own: Chain::new(state(side)),
            replica: Chain::new(state(side.other())),
            era: 0,
        };
        Self {
            corridor,
            case: CaseId::new([1; 16]),
            now: MORNING,
            asks: node(Side::Requesting),
            answers: node(Side::Requested),
        }
    }

    pub(crate) const fn node(&self, side: Side) -> &Node {
        match side {
            Side::Requesting => &self.asks,
            Side::Requested => &self.answers,
        }
    }

    pub(crate) const fn node_mut(&mut self, side: Side) -> &mut Node {
        match side {
            Side::Requesting => &mut self.asks,
            Side::Requested => &mut self.answers,
        }
    }

    /// Time passes for both.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now = self.now.plus(Span::from_ms(ms));
    }

    /// A State states this, about the case or (corridor kinds) about no case, in one dispatch.
    pub(crate) fn says(&mut self, side: Side, said: impl IntoIterator<Item = Statement>) {
        let case = self.case;
        let said = said.into_iter().map(|statement| {
            let corridor = statement.kind().speaker() == Speaker::Corridor;
            ((!corridor).then_some(case), Content::Stated(Arc::new(statement)))
        });
        self.sends(side, self.now, self.heard(side), said);
    }

    /// What a State has heard: the last dispatch of the other that it has stored.
    pub(crate) fn heard(&self, side: Side) -> Option<Heard> {
        let head = self.node(side).replica.head()?;
        let era = self.node(side.other()).era;
        Some(Heard { era, number: head.number, digest: head.digest })
    }

    /// A State makes a dispatch of these entries that says to have heard `heard`. Its time is the
    /// latest of its author's clock, its author's last dispatch, and the time of what it has heard
    /// less the skew.
    pub(crate) fn sends(
        &mut self,
        side: Side,
        clock: Instant,
        heard: Option<Heard>,
        said: impl IntoIterator<Item = (Option<CaseId>, Content)>,
    ) {
        let skew = self.corridor.skew;
        let said: Vec<(Option<CaseId>, Content)> = said.into_iter().collect();
        // Only a dispatch that corrects the clock may be dated before the one before it.
        let corrects = said.first().is_some_and(|(_, content)| is_correction(content));
        let Node { own, replica, era } = self.node_mut(side);
        let last = own.head();
        let of = heard.and_then(|heard| replica.dispatches.get(&heard.number));
        let last_time = last.map(|last| last.time).filter(|_| !corrects);
        let time = [last_time, of.map(|of| of.time.less(skew))];
        let number = last.map_or(0, |last| last.number + 1);
        let dispatch = Dispatch {
            number,
            time: time.into_iter().flatten().fold(clock, Instant::max),
            digest: digest(side, *era, number),
            heard,
        };
        own.dispatches.insert(number, dispatch);
        for (case, content) in said {
            let position = u64::try_from(own.entries.len()).unwrap();
            own.entries.push(Entry { position, dispatch: number, case, content });
        }
    }

    /// Where this State has proved a fault of the other log that has not been succeeded since: it
    /// is frozen, and nothing more of it is stored.
    pub(crate) fn frozen(&self, accuser: Side) -> Option<Frozen> {
        let (own, accused) = (&self.node(accuser).own, &self.node(accuser.other()).own);
        let frozen = own.entries.iter().rev().find_map(|entry| {
            let Content::Stated(statement) = &entry.content else {
                return None;
            };
            let Statement::FaultProved(fault) = statement.as_ref() else {
                return None;
            };
            let last = own.dispatch_of(entry)?.heard?.number;
            let freezes = !is_proof_only(own, accused, entry, fault);
            freezes.then_some(Frozen { stated: entry.dispatch, last })
        })?;
        let succeeds =
            |entry: &Entry| entry.dispatch == frozen.last + 1 && is_succession(&entry.content);
        (!accused.entries.iter().any(succeeds)).then_some(frozen)
    }

    /// The last dispatch that counts of a State's log, where the other has proved a fault of it
    /// and the State has heard that.
    pub(crate) fn to_be_succeeded(&self, side: Side) -> Option<u64> {
        let frozen = self.frozen(side.other())?;
        let heard = self.node(side).replica.dispatches.contains_key(&frozen.stated);
        heard.then_some(frozen.last)
    }

    /// A State goes on in its next era, if it has to: what the other had not heard is void.
    pub(crate) fn succeeds(&mut self, side: Side) {
        let Some(last) = self.to_be_succeeded(side) else {
            return;
        };
        let Node { own, era, .. } = self.node_mut(side);
        let Some(kept) = own.dispatches.get(&last).copied() else {
            return;
        };
        let before = *era;
        own.dispatches.retain(|number, _| *number <= last);
        own.entries.retain(|entry| entry.dispatch <= last);
        *era += 1;
        self.says(side, [succession(before, &kept)]);
    }

    /// A State stores what the other has sent up to dispatch `until`, but for what is dated more
    /// than the skew after its clock: that is parked, until a correction of the clock takes it
    /// along. It says nothing of it yet. Whether there was something to be answered.
    pub(crate) fn stores(&mut self, side: Side, until: u64) -> bool {
        if self.frozen(side).is_some() {
            return false;
        }
        let latest = self.now.plus(self.corridor.skew);
        let from = &self.node(side.other()).own;
        let next = self.node(side).replica.head().map_or(0, |head| head.number + 1);
        let corrected = from.entries.iter().rfind(|entry| {
            let dated = from.dispatch_of(entry).is_some_and(|it| it.time <= latest);
            is_correction(&entry.content) && dated && entry.dispatch <= until
        });
        let corrected = corrected.map(|entry| entry.dispatch);
        let arrived: Vec<Dispatch> = from
            .dispatches
            .range(next..)
            .map(|(_, dispatch)| *dispatch)
            .take_while(|dispatch| {
                let dated = dispatch.time <= latest || Some(dispatch.number) <= corrected;
                dispatch.number <= until && dated
            })
            .collect();
        let Some(last) = arrived.last().map(|dispatch| dispatch.number) else {
            return false;
        };
        let known = self.node(side).replica.entries.len();
        let entries: Vec<Entry> = from.entries_up_to(last).skip(known).cloned().collect();
        let to_be_answered = !entries.is_empty();
        let replica = &mut self.node_mut(side).replica;
        replica.dispatches.extend(arrived.into_iter().map(|it| (it.number, it)));
        replica.entries.extend(entries);
        to_be_answered
    }

    /// A State stores everything that the other has sent, and receipts it where it holds entries.
    pub(crate) fn hears(&mut self, side: Side) {
        if self.stores(side, u64::MAX) {
            self.sends(side, self.now, self.heard(side), []);
        }
    }

    /// Both hear everything, and that it was heard.
    pub(crate) fn exchange(&mut self) {
        for side in [Side::Requesting, Side::Requested, Side::Requesting, Side::Requested] {
            self.hears(side);
        }
    }

    /// The case, as a State's node derives it.
    pub(crate) fn case(&self, side: Side) -> Option<Case> {
        let Node { own, replica, .. } = self.node(side);
        Case::of(&self.corridor, self.case, own, replica)
    }
}

fn is_correction(content: &Content) -> bool {
    matches!(content, Content::Stated(statement) if statement.kind() == Kind::ClockCorrected)
}

fn is_succession(content: &Content) -> bool {
    matches!(content, Content::Stated(statement) if statement.kind() == Kind::LogSucceeded)
}

/// A log goes on after its last dispatch that counts.
pub(crate) fn succession(era_before: u32, last: &Dispatch) -> Statement {
    Statement::LogSucceeded(LogSucceeded {
        root_statement: opaque(),
        era: era_before + 1,
        last: Heard { era: era_before, number: last.number, digest: last.digest },
    })
}

/// A digest that names one dispatch.
pub(crate) fn digest(side: Side, era: u32, number: u64) -> Digest {
    let mut bytes = [0; 32];
    bytes[0] = match side {
        Side::Requesting => 1,
        Side::Requested => 2,
    };
    bytes[20..24].copy_from_slice(&era.to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Digest::new(bytes)
}
