//! Everything that compiled rules say, as a list: each clock and each value with where it stands.
//!
//! The list is made by taking [`Rules`] apart whole: a part that is added to it, and that is
//! missing here, does not compile. What people are shown, and what is compared, is this list.

use domain::rules::{
    Calendar, Cited, Coverage, Direction, Evidence, LateDocument, Length, Limit, Notice, Offsets,
    Requirement, Rules, Silence, Source, TravelDocument, Years,
};
use domain::time::Date;

use crate::topic::Topic;
use crate::wording::{
    category_word, late_word, length_words, purpose_word, silence_word, start_word, strength_word,
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
            Content::Clock(Timed { length, starts_on, .. }) => match starts_on {
                Some(event) => format!("{} from {event}", length_words(*length)),
                None => format!("{}; its start is not established", length_words(*length)),
            },
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
        silence,
        refusal_reasons,
        register_check,
        interview,
        travel_document,
        transfer,
        transfer_notice,
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
    said.refusal_reasons(refusal_reasons.as_ref());
    said.silence(silence);
    if let Some(limit) = register_check {
        said.limit("register check", Topic::RegisterCheck, limit, Party::Requested);
    }
    said.presence("interview", Topic::Interview, interview.as_ref());
    said.travel_document(travel_document.as_ref());
    if let Some(limit) = transfer {
        said.limit("transfer", Topic::Transfer, limit, Party::Requesting);
    }
    said.transfer_notice(transfer_notice.as_ref());
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
        let timed = Timed { length: *length, starts_on, acting, end: End::Latest };
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

    fn silence(&mut self, silence: &Silence) {
        let Silence { limit, effect, source } = silence;
        self.limit("silence", Topic::Silence, limit, Party::Requested);
        self.cited("effect of silence", Topic::Silence, silence_word(*effect), source);
    }

    fn travel_document(&mut self, document: Option<&TravelDocument>) {
        let Some(TravelDocument { issue, validity, reissue, late }) = document else { return };
        let topic = Topic::TravelDocument;
        self.limit("travel document", topic, issue, Party::Requested);
        let period = |length, starts_on, end| {
            Content::Clock(Timed { length, starts_on, acting: Party::Requested, end })
        };
        let Cited { value, source } = validity;
        let valid = period(*value, Some(TRAVEL_DOCUMENT_ISSUE), End::Valid);
        self.clause("travel document validity", topic, valid, Some(source));
        if let Some(Cited { value, source }) = reissue {
            let again = period(*value, None, End::Latest);
            self.clause("travel document reissue", topic, again, Some(source));
        }
        if let Some(Cited { value, source }) = late {
            let late: LateDocument = *value;
            self.cited("travel document late", topic, late_word(late), source);
        }
    }

    fn transfer_notice(&mut self, notice: Option<&Notice>) {
        let Some(Notice { length, source }) = notice else { return };
        let timed = Timed {
            length: *length,
            starts_on: Some(TRANSFER_NOTICE),
            acting: Party::Requested,
            end: End::Earliest,
        };
        self.clause("transfer notice", Topic::Transfer, Content::Clock(timed), Some(source));
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let Evidence { item, purpose, strength, source } = evidence;
        let name = format!("evidence of {}: {item}", purpose_word(*purpose));
        self.cited(&name, Topic::Evidence, strength_word(*strength), source);
    }

    fn calendar(&mut self, calendar: &Calendar) {
        let Calendar { state, weekend, holidays } = calendar;
        let weekend: Vec<String> = weekend.iter().map(u8::to_string).collect();
        let name = format!("weekend of {state} (1 Monday to 7 Sunday)");
        self.value(&name, Topic::Calendars, weekend.join(", "));
        let days = Content::Days(holidays.clone());
        self.clause(&format!("holidays of {state}"), Topic::Calendars, days, None);
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
