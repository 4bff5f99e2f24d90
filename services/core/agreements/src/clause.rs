//! Everything that compiled rules say, as a list: each clock and each value with where it stands.
//!
//! The list is made by taking [`Rules`] apart whole: a part that is added to it, and that is
//! missing here, does not compile. What people are shown, and what is compared, is this list.

mod travel_document;

use domain::rules::{
    Calendar, Category, Cited, Coverage, Direction, Evidence, ExtensionCounts, Length, Limit,
    Notice, Offsets, Purpose, ReplyExtension, Requirement, Rules, Silence, Source, Start, Years,
};
use domain::time::Date;

use crate::topic::Topic;
use crate::wording::{
    category_word, extension_needs_word, length_words, purpose_word, silence_word, start_word,
    strength_word,
};

/// One thing that compiled rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// What it is called; no two of one set of rules are called alike.
    pub name: String,
    /// What it is about.
    pub topic: Topic,
    /// What it says.
    pub content: Content,
    /// Where it stands; `None` for what no article says.
    pub source: Option<Source>,
}

/// What a clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A clock.
    Clock(Timed),
    /// A value, in the words of the data.
    Value(String),
    /// Days.
    Days(Vec<Date>),
}

/// A clock of compiled rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// How long it runs.
    pub length: Length,
    /// How much longer, from its last day on.
    pub then: Option<Length>,
    /// The word for what starts it; `None` where no source establishes that.
    pub starts_on: Option<&'static str>,
    /// Whose clock and days count: the State that must act.
    pub acting: Party,
    /// What its end means.
    pub end: End,
}

/// A party to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The requesting State.
    Requesting,
    /// The requested State.
    Requested,
}

/// What the end of a period means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Until then something must be done.
    Latest,
    /// Before then something must not be done.
    Earliest,
    /// Until then something holds.
    Valid,
}

/// The event that starts the notice of a transfer; it is no start event of an agreement.
pub(crate) const TRANSFER_NOTICE: &str = "transfer_notice";
/// The event from which a travel document is valid.
pub(crate) const TRAVEL_DOCUMENT_ISSUE: &str = "issue_of_travel_document";

impl Timed {
    /// How long it runs, in words.
    #[must_use]
    pub fn length_words(&self) -> String {
        let then = self.then.map(|then| format!(" and {} more", length_words(then)));
        format!("{}{}", length_words(self.length), then.unwrap_or_default())
    }
}

impl Clause {
    /// What it says, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.content {
            Content::Value(value) => value.clone(),
            Content::Days(days) => {
                let days: Vec<String> = days.iter().map(Date::to_string).collect();
                days.join(", ")
            }
            Content::Clock(timed) => {
                let length = timed.length_words();
                match timed.starts_on {
                    Some(event) => format!("{length} from {event}"),
                    None => format!("{length}; its start is not established"),
                }
            }
        }
    }
}

/// Every clause of compiled rules, in the order in which a case meets them.
#[must_use]
pub fn clauses(rules: &Rules) -> Vec<Clause> {
    let Rules {
        agreement,
        version,
        meaning,
        title,
        in_force_from,
        directions,
        categories,
        reply,
        reply_with_interview,
        reply_extension,
        silence,
        refusal_reasons,
        register_check,
        interview,
        travel_document,
        transfer,
        transfer_of_third_country_nationals,
        transfer_extension,
        transfer_notice,
        escorted_transfer_notice,
        written_communication,
        evidence,
        calendars,
        offsets,
        years,
    } = rules;
    let Years { first, last } = years;
    let mut said = Said::default();
    said.value("agreement", Topic::Instrument, agreement.to_string());
    said.value("version", Topic::Instrument, version.to_string());
    said.value("meaning", Topic::Instrument, meaning.to_string());
    said.value("title", Topic::Instrument, title.clone());
    said.value("in force from", Topic::Instrument, in_force_from.to_string());
    directions.iter().for_each(|direction| said.direction(*direction));
    categories.iter().for_each(|coverage| said.coverage(coverage));
    said.presence("written communication", Topic::Application, written_communication.as_ref());
    said.limit("reply", Topic::Reply, reply, Party::Requested);
    said.reply_otherwise(reply, reply_with_interview.as_ref(), reply_extension.as_ref());
    said.refusal_reasons(refusal_reasons.as_ref());
    said.silence(silence, reply_with_interview.as_ref(), reply_extension.as_ref());
    if let Some(limit) = register_check {
        said.limit("register check", Topic::RegisterCheck, limit, Party::Requested);
    }
    said.presence("interview", Topic::Interview, interview.as_ref());
    said.travel_document(travel_document.as_ref());
    let third = transfer_of_third_country_nationals.as_ref();
    said.transfer(categories, transfer.as_ref(), third);
    if let Some(source) = transfer_extension {
        let days = "by the days for which an obstacle lasts that the requesting State states";
        said.cited("longer transfer", Topic::Transfer, days, source);
    }
    said.transfer_notice("transfer notice", transfer_notice.as_ref());
    said.transfer_notice("transfer notice with escort", escorted_transfer_notice.as_ref());
    evidence.iter().for_each(|evidence| said.evidence(evidence));
    said.value("years covered", Topic::Calendars, format!("{first} to {last}"));
    calendars.iter().for_each(|calendar| said.calendar(calendar));
    offsets.iter().for_each(|offsets| said.offsets(offsets));
    said.0
}

/// The clauses, while they are collected.
#[derive(Default)]
struct Said(Vec<Clause>);

impl Said {
    fn clause(&mut self, name: &str, topic: Topic, content: Content, source: Option<&Source>) {
        // Two lists may name one item; what is compared by name must have one of its own.
        let same = |clause: &&Clause| {
            clause
                .name
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        };
        let name = match self.0.iter().filter(same).count() {
            0 => name.to_owned(),
            earlier => format!("{name}#{}", earlier + 1),
        };
        self.0.push(Clause { name, topic, content, source: source.cloned() });
    }

    fn value(&mut self, name: &str, topic: Topic, value: String) {
        self.clause(name, topic, Content::Value(value), None);
    }

    fn cited(&mut self, name: &str, topic: Topic, value: &str, source: &Source) {
        self.clause(name, topic, Content::Value(value.to_owned()), Some(source));
    }

    fn presence(&mut self, name: &str, topic: Topic, source: Option<&Source>) {
        if let Some(source) = source {
            self.cited(name, topic, "provided for", source);
        }
    }

    fn limit(&mut self, name: &str, topic: Topic, limit: &Limit, acting: Party) {
        let Limit { length, starts_on, source } = limit;
        let starts_on = Some(start_word(*starts_on));
        let timed = Timed { length: *length, then: None, starts_on, acting, end: End::Latest };
        self.clause(name, topic, Content::Clock(timed), Some(source));
    }

    fn direction(&mut self, direction: Direction) {
        let Direction { requesting, requested } = direction;
        let name = format!("{requesting} may request {requested}");
        self.value(&name, Topic::Scope, "yes".to_owned());
    }

    fn coverage(&mut self, coverage: &Coverage) {
        let Coverage { category, application, source } = coverage;
        let category = category_word(*category);
        self.cited(&format!("covers {category}"), Topic::Scope, "yes", source);
        let name = format!("application for {category}");
        match application {
            Some(limit) => self.limit(&name, Topic::Application, limit, Party::Requesting),
            None => self.cited(&name, Topic::Application, "no limit for filing", source),
        }
    }

    fn refusal_reasons(&mut self, reasons: Option<&Cited<Requirement>>) {
        let Some(Cited { value, source }) = reasons else { return };
        let value = match value {
            Requirement::Required => "required",
            Requirement::Optional => "optional",
        };
        self.cited("reasons of a refusal", Topic::Reply, value, source);
    }

    /// The reply after an interview was asked for, and how much longer it may take.
    fn reply_otherwise(
        &mut self,
        reply: &Limit,
        interview: Option<&Cited<Start>>,
        extension: Option<&ReplyExtension>,
    ) {
        if let Some(Cited { value, source }) = interview {
            let limit = Limit { starts_on: *value, source: source.clone(), ..reply.clone() };
            self.limit("reply after an interview", Topic::Reply, &limit, Party::Requested);
        }
        let Some(extension) = extension else {
            return;
        };
        let ReplyExtension { longest, after_obstacle, needs, counts, source } = extension;
        let longest = match longest {
            Some(longest) => format!("up to {} more", length_words(*longest)),
            None => "until an obstacle is removed".to_owned(),
        };
        self.cited("longer reply", Topic::Reply, &longest, source);
        self.cited("longer reply needs", Topic::Reply, extension_needs_word(*needs), source);
        let counts = match counts {
            ExtensionCounts::Always => "always: no entry shows whether it was asked for",
            ExtensionCounts::WhenTaken => "when the requested State takes it on the record",
            ExtensionCounts::WhenObstacleStated => {
                "while an obstacle lasts that the requested State states on the record"
            }
        };
        self.cited("longer reply counts", Topic::Reply, counts, source);
        if let Some(after) = after_obstacle {
            let after = format!("{} once the obstacle is removed", length_words(*after));
            self.cited("longer reply ends", Topic::Reply, &after, source);
        }
    }

    /// Silence counts once the longest reply is over; where none is the longest, never. Where the
    /// longest is to be taken, both ends are shown; where an obstacle is to be stated, the end
    /// without one.
    fn silence(
        &mut self,
        silence: &Silence,
        interview: Option<&Cited<Start>>,
        extension: Option<&ReplyExtension>,
    ) {
        let Silence { limit, effect, source, exception } = silence;
        let mut due = |name: &str, starts_on: Start| match extension {
            Some(ReplyExtension { counts: ExtensionCounts::WhenObstacleStated, .. }) => {
                self.silence_limit(name, limit, starts_on, None);
                let delayed = format!("{name}, once an obstacle was stated");
                let ends = "not before the longer reply ends";
                self.cited(&delayed, Topic::Silence, ends, &limit.source);
            }
            Some(ReplyExtension { longest: None, .. }) => {
                self.cited(name, Topic::Silence, "never: a reply may be delayed", &limit.source);
            }
            Some(ReplyExtension { longest: then @ Some(_), counts, .. }) => match counts {
                ExtensionCounts::Always | ExtensionCounts::WhenObstacleStated => {
                    self.silence_limit(name, limit, starts_on, *then);
                }
                ExtensionCounts::WhenTaken => {
                    self.silence_limit(name, limit, starts_on, None);
                    let extended = format!("{name}, with the longest reply taken");
                    self.silence_limit(&extended, limit, starts_on, *then);
                }
            },
            None => self.silence_limit(name, limit, starts_on, None),
        };
        due("silence", limit.starts_on);
        if let Some(interview) = interview {
            due("silence after an interview", interview.value);
        }
        self.cited("effect of silence", Topic::Silence, silence_word(*effect), source);
        if let Some(Cited { value, source }) = exception {
            let value = format!("no effect on the record: {value}");
            self.cited("exception of silence", Topic::Silence, &value, source);
        }
    }

    fn silence_limit(&mut self, name: &str, limit: &Limit, starts_on: Start, then: Option<Length>) {
        let timed = Timed {
            length: limit.length,
            then,
            starts_on: Some(start_word(starts_on)),
            acting: Party::Requested,
            end: End::Latest,
        };
        self.clause(name, Topic::Silence, Content::Clock(timed), Some(&limit.source));
    }

    /// One limit for all, or one for each category where they are not the same.
    fn transfer(&mut self, covered: &[Coverage], all: Option<&Limit>, third: Option<&Limit>) {
        let Some(third) = third else {
            if let Some(limit) = all {
                self.limit("transfer", Topic::Transfer, limit, Party::Requesting);
            }
            return;
        };
        for Coverage { category, .. } in covered {
            let category: Category = *category;
            let limit = match category.purpose() {
                Purpose::ThirdCountryConditions => Some(third),
                Purpose::Nationality => all,
            };
            if let Some(limit) = limit {
                let name = format!("transfer for {}", category_word(category));
                self.limit(&name, Topic::Transfer, limit, Party::Requesting);
            }
        }
    }

    fn transfer_notice(&mut self, name: &str, notice: Option<&Notice>) {
        let Some(Notice { length, source }) = notice else { return };
        let timed = Timed {
            length: *length,
            then: None,
            starts_on: Some(TRANSFER_NOTICE),
            acting: Party::Requested,
            end: End::Earliest,
        };
        self.clause(name, Topic::Transfer, Content::Clock(timed), Some(source));
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let Evidence { item, purpose, strength, nationals_of, source } = evidence;
        let of = nationals_of.map(|of| format!(" for nationals of {of}")).unwrap_or_default();
        let name = format!("evidence of {}{of}: {item}", purpose_word(*purpose));
        self.cited(&name, Topic::Evidence, strength_word(*strength), source);
    }

    fn calendar(&mut self, calendar: &Calendar) {
        let Calendar { state, weekend, holidays, estimated } = calendar;
        let weekend: Vec<String> = weekend.iter().map(u8::to_string).collect();
        let name = format!("weekend of {state} (1 Monday to 7 Sunday)");
        self.value(&name, Topic::Calendars, weekend.join(", "));
        let days = Content::Days(holidays.clone());
        self.clause(&format!("holidays of {state}"), Topic::Calendars, days, None);
        let first: Vec<Date> = estimated.iter().map(|days| days.on).collect();
        let last: Vec<Date> = estimated.iter().map(|days| days.until).collect();
        let estimated = format!("holidays of {state} that are only estimated");
        if first != last {
            let name = format!("{estimated}, by their last days");
            self.clause(&name, Topic::Calendars, Content::Days(last), None);
        }
        if !first.is_empty() {
            self.clause(&estimated, Topic::Calendars, Content::Days(first), None);
        }
    }

    fn offsets(&mut self, offsets: &Offsets) {
        let Offsets { state, zone, changes } = offsets;
        self.value(&format!("time zone of {state}"), Topic::Calendars, zone.clone());
        for change in changes {
            let name = format!("offset of {state} from {}", change.from);
            self.value(&name, Topic::Calendars, format!("{} s east of UTC", change.seconds));
        }
    }
}
