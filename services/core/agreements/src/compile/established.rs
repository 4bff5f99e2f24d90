//! What the texts of an agreement establish together, made into rules part by part.

use std::collections::BTreeSet;

use domain::identifier::{AgreementId, State};
use domain::rules::{
    Category, Cited, Coverage, Direction, Evidence, ExtensionCounts, ExtensionNeeds, Length, Limit,
    Notice, ReplyExtension, Requirement, Silence, Source, Start, Unit,
};
use domain::time::Date;

use super::{CompileError, Order, check_contradictions};
use crate::agreement_file::{AgreementFile, EvidenceList, ProtocolFile};
use crate::supplement_file::Supplement;
use crate::terms::{Clock, LongerTransfer, Origin, Stated, Terms, value_of};
use crate::vocabulary::Unions;
use crate::wording::start_word;

/// The key of a separate end for silence.
const REPORTED_SILENCE: &str = "silence_effect_after_<unit>";

/// What the texts of an agreement establish together, each value with its source.
pub(super) struct Established<'a> {
    file: &'a AgreementFile,
    pub(super) lists: Vec<(&'a EvidenceList, Origin)>,
    /// What is supplied over the protocol over the agreement over what is confirmed.
    pub(super) terms: Terms,
    on: Date,
}

impl<'a> Established<'a> {
    pub(super) fn new(
        file: &'a AgreementFile,
        protocol: Option<&'a ProtocolFile>,
        supplement: Option<&Supplement>,
        order: &Order<'_>,
    ) -> Result<Self, CompileError> {
        let agreement = &file.agreement;
        if let (Some(supplement), Some((name, _))) = (supplement, order.supplement) {
            // The day from which a protocol is in force is not that of its agreement.
            let of_protocol = protocol.iter().flat_map(|protocol| &protocol.keys);
            let of_protocol = of_protocol.filter(|key| *key != "in_force_from");
            let keys = agreement.keys.iter().chain(of_protocol).chain(order.confirmed);
            check_contradictions(name, supplement, keys)?;
        }
        let mut terms = agreement.terms.clone();
        if let Some(reported) = &agreement.reported {
            terms = terms.over(reported.confirmed.clone());
        }
        if let Some(protocol) = protocol {
            terms = protocol.terms.clone().over(terms);
        }
        if let Some(supplied) = supplement.and_then(|supplement| supplement.terms.clone()) {
            terms = supplied.over(terms);
        }
        let own = Origin {
            whole: agreement.source.clone(),
            series: agreement.treaty_series_id.clone(),
            article: None,
        };
        let mut lists: Vec<_> =
            file.evidence_lists.iter().map(|list| (list, own.clone())).collect();
        if let Some(protocol) = protocol {
            let list = |list| (list, protocol.origin.clone());
            lists.extend(protocol.evidence_lists.iter().map(list));
        }
        Ok(Self { file, lists, terms, on: order.on })
    }

    /// A member of a union that it does not bind is refused; so is one of which that is not known.
    pub(super) fn check_members(
        &self,
        unions: &Unions,
        states: &BTreeSet<State>,
    ) -> Result<(), CompileError> {
        let not_bound = self.terms.member_states_not_bound.as_ref();
        for &member in states {
            let stated = not_bound.is_some_and(|not_bound| not_bound.value.contains(&member));
            if stated {
                return Err(CompileError::MemberMustBeBound { agreement: self.id(), member });
            }
            let parties = &self.file.agreement.parties;
            let must = parties.iter().any(|party| unions.must_be_stated(party, member));
            if must && not_bound.is_none() {
                return Err(self.missing("member_states_not_bound"));
            }
        }
        Ok(())
    }

    pub(super) fn check_expressible(&self) -> Result<(), CompileError> {
        match self.terms.inexpressible.first() {
            None => Ok(()),
            Some(key) => Err(CompileError::KeyMustBeExpressible { agreement: self.id(), key }),
        }
    }

    pub(super) fn directions(
        &self,
        states: &BTreeSet<State>,
    ) -> Result<Vec<Direction>, CompileError> {
        let reciprocal = self.terms.reciprocal.as_ref();
        if !reciprocal.ok_or_else(|| self.missing("reciprocal"))?.value {
            // The data does not say which direction a one-sided agreement has.
            return Err(CompileError::ValueMustBeExpressible {
                agreement: self.id(),
                key: "reciprocal",
                value: "false",
            });
        }
        let directions = states.iter().flat_map(|&requesting| {
            let others = states.iter().filter(move |&&other| other != requesting);
            others.map(move |&requested| Direction { requesting, requested })
        });
        Ok(directions.collect())
    }

    /// The data states limits for own and for third-country nationals only. Former nationals are
    /// taken on the terms of the first, stateless persons on those of the second: a reading of
    /// the agreement, to be replaced by keys of their own where a text says otherwise.
    pub(super) fn categories(&self) -> Result<Vec<Coverage>, CompileError> {
        let terms = &self.terms;
        let covers = [
            (Category::OwnNational, &terms.covers_own_nationals),
            (Category::FormerNational, &terms.covers_former_nationals),
            (Category::ThirdCountryNational, &terms.covers_third_country_nationals),
            (Category::Stateless, &terms.covers_stateless_persons),
        ];
        let from = self.file.agreement.third_country_nationals_from;
        let mut categories = Vec::new();
        for (category, covers) in covers {
            let Some(covers) = covers.as_ref().filter(|covers| covers.value) else { continue };
            let application = match category {
                Category::OwnNational | Category::FormerNational => self.no_limit()?,
                Category::ThirdCountryNational | Category::Stateless => {
                    if from.is_some_and(|from| self.on < from) {
                        continue;
                    }
                    let clock = &terms.application_third_country_nationals;
                    let limit = self.limit(clock, Start::is_stated)?;
                    Some(limit.ok_or_else(|| self.missing_length(clock))?)
                }
            };
            categories.push(Coverage { category, application, source: covers.source.clone() });
        }
        if categories.is_empty() {
            return Err(self.missing("covers_own_nationals"));
        }
        Ok(categories)
    }

    /// There is no limit for filing only where the text says that there is none.
    fn no_limit(&self) -> Result<Option<Limit>, CompileError> {
        match &self.terms.application_limit_own_nationals_none {
            Some(none) if none.value => Ok(None),
            Some(_) | None => Err(self.missing("application_limit_own_nationals_none")),
        }
    }

    /// A longer reply: by a length at most, or until an obstacle is removed.
    pub(super) fn reply_extension(&self) -> Result<Option<ReplyExtension>, CompileError> {
        let terms = &self.terms;
        let longest = terms.reply_extension.length.as_ref();
        let after_obstacle = terms.reply_after_obstacle.length.as_ref();
        let delay = terms.reply_delay_with_reasons.as_ref().filter(|delay| delay.value);
        let needs = terms.reply_extension_needs.as_ref();
        let (source, needs, counts) = match (longest, delay, needs) {
            (None, None, None) => {
                return match after_obstacle {
                    Some(_) => Err(self.missing("reply_delay_allowed_with_reasons")),
                    None => Ok(None),
                };
            }
            (None, None, Some(_)) => return Err(self.missing_length(&terms.reply_extension)),
            (Some(_), None, None) => return Err(self.missing("reply_limit_extension_requires")),
            // "Requires": where nobody asks, there is no longer reply.
            (Some(longest), None, Some(needs)) => {
                (&longest.source, needs.value, ExtensionCounts::WhenTaken)
            }
            (_, Some(delay), needs) => {
                let reasons = ExtensionNeeds::Reasons;
                let needs = needs.map_or(reasons, |needs| needs.value);
                // Without a time after the obstacle, nothing says when the reply is due then.
                let counts = match after_obstacle {
                    Some(_) => ExtensionCounts::WhenObstacleStated,
                    None => ExtensionCounts::Always,
                };
                (&delay.source, needs, counts)
            }
        };
        Ok(Some(ReplyExtension {
            longest: longest.filter(|_| delay.is_none()).map(|longest| longest.value),
            after_obstacle: after_obstacle.map(|after| after.value),
            needs,
            counts,
            source: source.clone(),
        }))
    }

    /// Where obstacles make the limit for the transfer longer.
    pub(super) fn transfer_extension(&self) -> Option<Source> {
        let longer = self.terms.transfer_extension.as_ref()?;
        match longer.value {
            LongerTransfer::Obstacles => Some(longer.source.clone()),
            LongerTransfer::Application => None,
        }
    }

    /// Silence takes effect at the end of the reply limit, unless a later end is stated.
    pub(super) fn silence(&self, reply: &Limit) -> Result<Silence, CompileError> {
        let effect = self.terms.silence_effect.as_ref();
        let effect = effect.ok_or_else(|| self.missing("silence_effect"))?;
        let limit = match (&self.terms.silence.length, self.reported(REPORTED_SILENCE)) {
            (Some(_), _) => self.limit(&self.terms.silence, Start::precedes_reply)?,
            // A later end that is only reported must not be taken for an earlier one.
            (None, Some(error)) => return Err(error),
            (None, None) => None,
        };
        let limit = limit.unwrap_or_else(|| reply.clone());
        if limit.starts_on == reply.starts_on && is_shorter(limit.length, reply.length) {
            let (agreement, silence, reply) = (self.id(), limit.length, reply.length);
            return Err(CompileError::SilenceMustNotPrecedeReply { agreement, silence, reply });
        }
        Ok(Silence {
            limit,
            effect: effect.value,
            source: effect.source.clone(),
            exception: self.terms.silence_exception.as_ref().map(cited),
        })
    }

    pub(super) fn refusal_reasons(&self) -> Option<Cited<Requirement>> {
        let required = self.terms.refusal_reasons_required.as_ref()?;
        let value = match required.value {
            true => Requirement::Required,
            false => Requirement::Optional,
        };
        Some(Cited { value, source: required.source.clone() })
    }

    pub(super) fn register_check(&self) -> Result<Option<Limit>, CompileError> {
        let clock = &self.terms.register_check;
        let available = self.terms.register_check_available.as_ref();
        let limit = self.limit(clock, Start::precedes_reply)?;
        match (available.is_some_and(|available| available.value), limit) {
            (true, None) => Err(self.missing_length(clock)),
            (true, limit) => Ok(limit),
            (false, Some(_)) => Err(self.missing("population_register_check_available")),
            (false, None) => Ok(None),
        }
    }

    /// Every item of the lists. What is for the nationals of a party counts in requests to the
    /// State of that party; what is for those of a third member counts for neither.
    pub(super) fn evidence(&self, unions: &Unions, states: &BTreeSet<State>) -> Vec<Evidence> {
        let mut evidence = BTreeSet::new();
        for (list, origin) in &self.lists {
            let members = list.nationals_of.as_ref().map(|party| unions.members(party));
            let of = match members {
                None => None,
                Some(members) => {
                    let members = members.unwrap_or_default();
                    let Some(of) = states.iter().find(|state| members.contains(state)) else {
                        continue;
                    };
                    Some(*of)
                }
            };
            let articles = (!list.articles.is_empty()).then(|| list.articles.join(", "));
            let source = origin.source(articles);
            evidence.extend(list.items.iter().map(|item| Evidence {
                item: item.clone(),
                purpose: list.purpose,
                strength: list.strength,
                nationals_of: of,
                source: source.clone(),
            }));
        }
        evidence.into_iter().collect()
    }

    /// A limit, if the text has it; half of one is refused, and so is a start that does not fit.
    pub(super) fn limit(
        &self,
        clock: &Clock,
        fits: impl Fn(Start) -> bool,
    ) -> Result<Option<Limit>, CompileError> {
        match (&clock.length, &clock.starts_on) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.missing_length(clock)),
            (Some(length), starts_on) => {
                let starts_on = self.start(clock, starts_on.as_ref(), fits)?;
                let source = length.source.clone();
                Ok(Some(Limit { length: length.value, starts_on, source }))
            }
        }
    }

    /// What starts a clock that has a length.
    pub(super) fn start(
        &self,
        clock: &Clock,
        starts_on: Option<&Stated<Start>>,
        fits: impl Fn(Start) -> bool,
    ) -> Result<Start, CompileError> {
        let (key, limit) = (clock.keys.starts_on, clock.keys.length);
        let starts_on = starts_on.ok_or_else(|| {
            self.reported(key).unwrap_or_else(|| {
                let agreement = self.id();
                CompileError::StartMustBeEstablished { agreement, limit, key }
            })
        })?;
        if fits(starts_on.value) {
            return Ok(starts_on.value);
        }
        let (agreement, value) = (self.id(), start_word(starts_on.value));
        Err(CompileError::StartMustFit { agreement, limit, key, value })
    }

    pub(super) fn id(&self) -> AgreementId {
        self.file.agreement.id.clone()
    }

    pub(super) fn missing(&self, key: &str) -> CompileError {
        self.reported(key).unwrap_or_else(|| {
            let key = key.to_owned();
            CompileError::ValueMustBeEstablished { agreement: self.id(), key }
        })
    }

    pub(super) fn missing_length(&self, clock: &Clock) -> CompileError {
        self.missing(&format!("{}_<unit>{}", clock.keys.length, clock.keys.suffix))
    }

    /// That a value which is missing is reported, and may be confirmed.
    fn reported(&self, key: &str) -> Option<CompileError> {
        let prefix = key.replace("_<unit>", "");
        let reported = self.file.agreement.reported.as_ref()?;
        let found = reported.keys.iter().find(|found| value_of(found) == value_of(&prefix))?;
        let (agreement, key) = (self.id(), found.clone());
        Some(CompileError::ValueMustBeConfirmed { agreement, key })
    }
}

/// Whether one length is over before another in any case, whatever days they run over.
fn is_shorter(first: Length, second: Length) -> bool {
    let (_, longest) = hours(first);
    let (shortest, _) = hours(second);
    let same_unit = first.unit == second.unit && first.count < second.count;
    same_unit || longest.is_some_and(|longest| longest < shortest)
}

/// The fewest and the most hours of a length, a day at both ends and changes of the clock apart:
/// the first day is never counted, and the last is counted whole. However many days lie between
/// two working days, no number of theirs has a most.
fn hours(length: Length) -> (u64, Option<u64>) {
    let (least, most) = match length.unit {
        Unit::Hours => (1, Some(1)),
        Unit::CalendarDays | Unit::DaysUnqualified => (24, Some(24)),
        Unit::Weeks => (7 * 24, Some(7 * 24)),
        Unit::CalendarMonths => (28 * 24, Some(31 * 24)),
        Unit::Years => (365 * 24, Some(366 * 24)),
        Unit::WorkingDays => (24, None),
    };
    let count = u64::from(length.count);
    let partial_day = if length.unit == Unit::Hours { 0 } else { 24 };
    (count * least, most.map(|most| count * most + partial_day))
}

pub(super) fn cited<T: Clone>(stated: &Stated<T>) -> Cited<T> {
    Cited { value: stated.value.clone(), source: stated.source.clone() }
}

pub(super) fn notice(clock: &Clock) -> Option<Notice> {
    let length = clock.length.as_ref()?;
    Some(Notice { length: length.value, source: length.source.clone() })
}
