//! From an agreement file to the rules of one corridor.
//!
//! A value that the data does not establish is never filled in: where a rule needs it, the
//! agreement is refused for the corridor, naming the key that would establish it.

use std::collections::BTreeSet;

use domain::identifier::{AgreementId, State};
use domain::rules::{
    Category, Cited, Coverage, Direction, Evidence, Limit, MEANING, Notice, Offsets, Requirement,
    Rules, Silence, Source, TravelDocument, Years,
};
use domain::time::Date;

use crate::agreement_file::{Agreement, AgreementFile, Clock, EvidenceList};
use crate::fault::nearest;
use crate::library::{BUILT_IN, Library};

/// Why an agreement does not compile for a corridor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// No built-in agreement has this id.
    #[error("agreement `{agreement}` is not known{}", hint(.nearest.as_deref()))]
    AgreementMustBeKnown { agreement: AgreementId, nearest: Option<String> },
    /// Versions count from 1.
    #[error("the version of compiled rules must be at least 1")]
    VersionMustBeAtLeastOne,
    /// The agreement does not stand between these two States.
    #[error(
        "agreement `{agreement}` binds `{}` and `{}`, not `{first}` and `{second}`",
        .parties[0],
        .parties[1]
    )]
    PairMustBeBound { agreement: AgreementId, parties: [String; 2], first: State, second: State },
    /// The agreement is not in force on the day.
    #[error("agreement `{agreement}` is in force from {in_force_from}, not on {on}")]
    MustBeInForce { agreement: AgreementId, in_force_from: Date, on: Date },
    /// A rule needs a value that the data does not establish.
    #[error("agreement `{agreement}` does not establish `{key}`")]
    ValueMustBeEstablished { agreement: AgreementId, key: String },
    /// A limit has a length, and nothing that starts it.
    #[error(
        "agreement `{agreement}` does not establish what starts the clock of `{limit}`: `{key}`"
    )]
    StartMustBeEstablished { agreement: AgreementId, limit: &'static str, key: &'static str },
    /// The agreement says what no compiled rule can express yet.
    #[error("agreement `{agreement}` has `{key}` = {value}, which the rules cannot express")]
    ValueMustBeExpressible { agreement: AgreementId, key: &'static str, value: &'static str },
    /// Without a calendar no working day can be counted.
    #[error("no calendar of `{state}` for the years {} to {}", .years.first, .years.last)]
    CalendarMustBeThere { state: State, years: Years },
    /// Without a time zone no day has a beginning.
    #[error("no time zone of `{state}`")]
    ZoneMustBeThere { state: State },
    /// The zone is not in the time zone database.
    #[error("time zone `{zone}` of `{state}` is not in the time zone database")]
    ZoneMustBeKnown { state: State, zone: String },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; the nearest known is `{nearest}`")).unwrap_or_default()
}

/// Compiles a built-in agreement for a pair of States, as it is in force on a day. The order of
/// the pair does not matter: the same rules, to the byte, come out.
///
/// # Errors
/// [`CompileError`] names what is missing or does not fit; nothing is compiled in part.
pub fn compile(
    agreement: &AgreementId,
    version: u32,
    pair: (State, State),
    on: Date,
) -> Result<Rules, CompileError> {
    BUILT_IN.compile(agreement, version, pair, on)
}

impl Library {
    pub(crate) fn compile(
        &self,
        agreement: &AgreementId,
        version: u32,
        pair: (State, State),
        on: Date,
    ) -> Result<Rules, CompileError> {
        let file = self.agreements.get(agreement).ok_or_else(|| {
            let known = self.agreements.keys().map(AgreementId::as_str);
            let nearest = nearest(agreement.as_str(), known);
            CompileError::AgreementMustBeKnown { agreement: agreement.clone(), nearest }
        })?;
        if version == 0 {
            return Err(CompileError::VersionMustBeAtLeastOne);
        }
        let states = self.bound(&file.agreement, pair)?;
        let text = Established { agreement: &file.agreement };
        let in_force_from = text.in_force(on)?;
        let reply = text.limit(&file.agreement.reply)?;
        let reply = reply.ok_or_else(|| text.missing_length(&file.agreement.reply))?;
        Ok(Rules {
            agreement: agreement.clone(),
            version,
            meaning: MEANING,
            title: file.agreement.title.clone(),
            in_force_from,
            directions: text.directions(&states)?,
            categories: text.categories()?,
            silence: text.silence(&reply)?,
            reply,
            refusal_reasons: text.refusal_reasons(),
            register_check: text.register_check()?,
            interview: text.established(file.agreement.interview_held_by.as_ref()),
            travel_document: text.travel_document()?,
            transfer: text.limit(&file.agreement.transfer)?,
            transfer_notice: text.transfer_notice(),
            written_communication: text
                .established(file.agreement.written_communication_replaces_application)
                .filter(|_| {
                    file.agreement.written_communication_replaces_application == Some(true)
                }),
            evidence: text.evidence(file),
            calendars: self.calendars_of(&states)?,
            offsets: self.offsets_of(&states)?,
            years: self.calendars.years,
        })
    }

    /// The two States, in order, if one stands on each side of the agreement.
    fn bound(
        &self,
        agreement: &Agreement,
        (first, second): (State, State),
    ) -> Result<BTreeSet<State>, CompileError> {
        let members = |party: &String| self.unions.members(party).unwrap_or_default();
        let [left, right] = agreement.parties.each_ref().map(members);
        let across = (left.contains(&first) && right.contains(&second))
            || (left.contains(&second) && right.contains(&first));
        if across && first != second {
            return Ok(BTreeSet::from([first, second]));
        }
        Err(CompileError::PairMustBeBound {
            agreement: agreement.id.clone(),
            parties: agreement.parties.clone(),
            first,
            second,
        })
    }

    fn calendars_of(
        &self,
        states: &BTreeSet<State>,
    ) -> Result<Vec<domain::rules::Calendar>, CompileError> {
        let years = self.calendars.years;
        let calendar = |state: &State| {
            let found = self.calendars.calendar(*state).map(|(calendar, _)| calendar.clone());
            found.ok_or(CompileError::CalendarMustBeThere { state: *state, years })
        };
        states.iter().map(calendar).collect()
    }

    fn offsets_of(&self, states: &BTreeSet<State>) -> Result<Vec<Offsets>, CompileError> {
        let offsets = |state: &State| {
            let state = *state;
            let zone = self.calendars.zone(state).ok_or(CompileError::ZoneMustBeThere { state })?;
            self.calendars
                .offsets(state, zone)
                .ok_or_else(|| CompileError::ZoneMustBeKnown { state, zone: zone.to_owned() })
        };
        states.iter().map(offsets).collect()
    }
}

/// What the text of an agreement establishes, each value with its source.
struct Established<'a> {
    agreement: &'a Agreement,
}

impl Established<'_> {
    fn in_force(&self, on: Date) -> Result<Date, CompileError> {
        let from = self.agreement.in_force_from;
        let in_force_from = from.ok_or_else(|| self.missing("in_force_from"))?;
        if in_force_from <= on {
            return Ok(in_force_from);
        }
        let agreement = self.agreement.id.clone();
        Err(CompileError::MustBeInForce { agreement, in_force_from, on })
    }

    fn directions(&self, states: &BTreeSet<State>) -> Result<Vec<Direction>, CompileError> {
        match self.agreement.reciprocal {
            None => Err(self.missing("reciprocal")),
            // The data does not say which direction a one-sided agreement has.
            Some(false) => Err(CompileError::ValueMustBeExpressible {
                agreement: self.agreement.id.clone(),
                key: "reciprocal",
                value: "false",
            }),
            Some(true) => {
                let directions = states.iter().flat_map(|&requesting| {
                    let others = states.iter().filter(move |&&other| other != requesting);
                    others.map(move |&requested| Direction { requesting, requested })
                });
                Ok(directions.collect())
            }
        }
    }

    /// The data states limits for own and for third-country nationals only. Former nationals are
    /// taken on the terms of the first, stateless persons on those of the second: a reading of
    /// the agreement, to be replaced by keys of their own where a text says otherwise.
    fn categories(&self) -> Result<Vec<Coverage>, CompileError> {
        let covers = [
            (Category::OwnNational, self.agreement.covers_own_nationals),
            (Category::FormerNational, self.agreement.covers_former_nationals),
            (Category::ThirdCountryNational, self.agreement.covers_third_country_nationals),
            (Category::Stateless, self.agreement.covers_stateless_persons),
        ];
        let covered = covers.into_iter().filter(|(_, covers)| *covers == Some(true));
        covered
            .map(|(category, _)| {
                let application = match category {
                    Category::OwnNational | Category::FormerNational => self.no_limit()?,
                    Category::ThirdCountryNational | Category::Stateless => {
                        let clock = &self.agreement.application_third_country_nationals;
                        Some(self.limit(clock)?.ok_or_else(|| self.missing_length(clock))?)
                    }
                };
                Ok(Coverage { category, application, source: self.source(None) })
            })
            .collect()
    }

    /// There is no limit for filing only where the text says that there is none.
    fn no_limit(&self) -> Result<Option<Limit>, CompileError> {
        match self.agreement.application_limit_own_nationals_none {
            Some(true) => Ok(None),
            Some(false) | None => Err(self.missing("application_limit_own_nationals_none")),
        }
    }

    /// Silence takes effect at the end of the reply limit; the data knows no other.
    fn silence(&self, reply: &Limit) -> Result<Silence, CompileError> {
        let effect = self.agreement.silence_effect;
        let effect = effect.ok_or_else(|| self.missing("silence_effect"))?;
        Ok(Silence { limit: reply.clone(), effect, source: self.source(None) })
    }

    fn refusal_reasons(&self) -> Option<Cited<Requirement>> {
        let value = match self.agreement.refusal_reasons_required? {
            true => Requirement::Required,
            false => Requirement::Optional,
        };
        Some(self.cite(value))
    }

    fn register_check(&self) -> Result<Option<Limit>, CompileError> {
        let clock = &self.agreement.register_check;
        match (self.agreement.register_check_available, self.limit(clock)?) {
            (Some(true), None) => Err(self.missing_length(clock)),
            (Some(true), limit) => Ok(limit),
            (Some(false) | None, Some(_)) => {
                Err(self.missing("population_register_check_available"))
            }
            (Some(false) | None, None) => Ok(None),
        }
    }

    fn travel_document(&self) -> Result<Option<TravelDocument>, CompileError> {
        let agreement = self.agreement;
        let clock = &agreement.travel_document;
        let Some(issue) = self.limit(clock)? else {
            // What depends on the limit must not be dropped in silence.
            let rest = agreement.travel_document_validity.is_some()
                || agreement.travel_document_reissue.is_some()
                || agreement.travel_document_late.is_some();
            return if rest { Err(self.missing_length(clock)) } else { Ok(None) };
        };
        let validity = agreement.travel_document_validity;
        let validity = validity.ok_or_else(|| self.missing("travel_document_validity_<unit>"))?;
        Ok(Some(TravelDocument {
            issue,
            validity: self.cite(validity),
            reissue: agreement.travel_document_reissue.map(|length| self.cite(length)),
            late: agreement.travel_document_late.map(|late| self.cite(late)),
        }))
    }

    fn transfer_notice(&self) -> Option<Notice> {
        let clock = &self.agreement.transfer_notice;
        let source = self.source(clock.article.as_deref());
        clock.length.map(|length| Notice { length, source })
    }

    fn evidence(&self, file: &AgreementFile) -> Vec<Evidence> {
        let of_list = |list: &EvidenceList| {
            let articles = (!list.articles.is_empty()).then(|| list.articles.join(", "));
            let source = self.source(articles.as_deref());
            let (purpose, strength) = (list.purpose, list.strength);
            let item = move |item: &domain::identifier::EvidenceItem| Evidence {
                item: item.clone(),
                purpose,
                strength,
                source: source.clone(),
            };
            list.items.iter().map(item).collect::<Vec<_>>()
        };
        let evidence: BTreeSet<Evidence> = file.evidence_lists.iter().flat_map(of_list).collect();
        evidence.into_iter().collect()
    }

    /// A limit, if the text has it; half of one is refused.
    fn limit(&self, clock: &Clock) -> Result<Option<Limit>, CompileError> {
        match (clock.length, clock.starts_on) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.missing_length(clock)),
            (Some(_), None) => Err(CompileError::StartMustBeEstablished {
                agreement: self.agreement.id.clone(),
                limit: clock.keys.length,
                key: clock.keys.starts_on,
            }),
            (Some(length), Some(starts_on)) => {
                let source = self.source(clock.article.as_deref());
                Ok(Some(Limit { length, starts_on, source }))
            }
        }
    }

    fn established<T>(&self, value: Option<T>) -> Option<Source> {
        value.map(|_| self.source(None))
    }

    fn cite<T>(&self, value: T) -> Cited<T> {
        Cited { value, source: self.source(None) }
    }

    /// With an article, the instrument by its number in the treaty series; without, the instrument
    /// and the range of its articles as the data has it.
    fn source(&self, article: Option<&str>) -> Source {
        let whole = &self.agreement.source;
        let series = self.agreement.treaty_series_id.as_ref().filter(|_| article.is_some());
        Source { instrument: series.unwrap_or(whole).clone(), article: article.map(str::to_owned) }
    }

    fn missing(&self, key: &str) -> CompileError {
        let agreement = self.agreement.id.clone();
        CompileError::ValueMustBeEstablished { agreement, key: key.to_owned() }
    }

    fn missing_length(&self, clock: &Clock) -> CompileError {
        self.missing(&format!("{}_<unit>", clock.keys.length))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::fault::FileError;
    use crate::library::Texts;
    use domain::rules::{Length, Unit};

    const FILE: &str = "benelux_kosovo_2011.toml";

    fn state(code: &str) -> State {
        State::new(code).unwrap()
    }

    fn benelux_kosovo() -> AgreementId {
        AgreementId::new("benelux_kosovo_2011").unwrap()
    }

    fn outcome(texts: &Texts) -> Result<Result<Rules, CompileError>, FileError> {
        let library = Library::read(texts)?;
        let on = "2026-01-05".parse().unwrap();
        Ok(library.compile(&benelux_kosovo(), 1, (state("NL"), state("XK")), on))
    }

    /// The agreement with one piece of its text replaced.
    fn with(from: &str, to: &str) -> Texts {
        let mut texts = Texts::built_in();
        let text = &mut texts.agreements[0].1;
        assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once");
        *text = text.replace(from, to);
        texts
    }

    fn check_refused(from: &str, to: &str, expected: &str) {
        let error = outcome(&with(from, to)).unwrap().unwrap_err();
        assert_eq!(error.to_string(), expected, "{from} -> {to}");
    }

    fn check_faulty(from: &str, to: &str, expected: &str) {
        let texts = with(from, to);
        let line = 1 + texts.agreements[0].1.lines().take_while(|line| !line.contains(to)).count();
        let error = outcome(&texts).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{FILE}`, line {line}: {expected}"),
            "{from} -> {to}"
        );
    }

    #[test]
    fn what_a_rule_needs_and_the_data_lacks_is_refused() {
        let lacks = |key| format!("agreement `benelux_kosovo_2011` does not establish `{key}`");
        #[rustfmt::skip]
        let cases = [
            ("in_force_from = 2014-04-01\n", "in_force_from"),
            ("reciprocal = true\n", "reciprocal"),
            ("reply_limit_calendar_days = 28\n", "reply_limit_<unit>"),
            ("silence_effect = \"deemed_accepted\"\n", "silence_effect"),
            ("application_limit_own_nationals_none = true\n",
             "application_limit_own_nationals_none"),
            ("application_limit_third_country_nationals_years = 1\n",
             "application_limit_third_country_nationals_<unit>"),
            ("population_register_check_available = true\n", "population_register_check_available"),
            ("population_register_check_limit_calendar_days = 7\n",
             "population_register_check_limit_<unit>"),
            ("travel_document_issue_limit_working_days = 3\n",
             "travel_document_issue_limit_<unit>"),
            ("travel_document_validity_calendar_months = 3\n", "travel_document_validity_<unit>"),
            ("transfer_limit_calendar_months = 3\n", "transfer_limit_<unit>"),
        ];
        for (line, key) in cases {
            check_refused(line, "", &lacks(key));
        }
        // A missing limit is not "no limit", and neither is a denial that there is none.
        check_refused(
            "application_limit_own_nationals_none = true",
            "application_limit_own_nationals_none = false",
            &lacks("application_limit_own_nationals_none"),
        );
        check_refused(
            "reciprocal = true",
            "reciprocal = false",
            "agreement `benelux_kosovo_2011` has `reciprocal` = false, \
             which the rules cannot express",
        );
    }

    #[test]
    fn a_limit_whose_start_is_not_established_is_refused() {
        for (line, limit, key) in [
            ("\"receipt_of_application\"", "reply_limit", "reply_clock_starts_on"),
            (
                "\"knowledge_of_irregular_stay\"",
                "application_limit_third_country_nationals",
                "application_limit_clock_starts_on",
            ),
            (
                "\"date_of_request\"",
                "population_register_check_limit",
                "population_register_check_clock_starts_on",
            ),
            (
                "\"receipt_of_travel_document_request\"",
                "travel_document_issue_limit",
                "travel_document_clock_starts_on",
            ),
            (
                "\"approval_or_expiry_of_reply_limit\"",
                "transfer_limit",
                "transfer_limit_clock_starts_on",
            ),
        ] {
            check_refused(
                &format!("{key} = {line}\n"),
                "",
                &format!(
                    "agreement `benelux_kosovo_2011` does not establish \
                     what starts the clock of `{limit}`: `{key}`"
                ),
            );
        }
    }

    #[test]
    fn pairs_days_versions_and_names_that_do_not_fit_are_refused() {
        let built_in = |id: &str, version, first: &str, second: &str, on: &str| {
            let id = AgreementId::new(id).unwrap();
            let pair = (state(first), state(second));
            compile(&id, version, pair, on.parse().unwrap()).map(|rules| rules.directions.len())
        };
        let refused = |id: &str, version, first: &str, second: &str, on: &str| {
            built_in(id, version, first, second, on).unwrap_err().to_string()
        };
        let id = "benelux_kosovo_2011";
        assert_eq!(built_in(id, 1, "NL", "XK", "2014-04-01"), Ok(2), "first day in force");
        #[rustfmt::skip]
        let cases = [
            (id, 1, "NL", "XK", "2014-03-31",
             "agreement `benelux_kosovo_2011` is in force from 2014-04-01, not on 2014-03-31"),
            (id, 0, "NL", "XK", "2026-01-05", "the version of compiled rules must be at least 1"),
            (id, 1, "NL", "AL", "2026-01-05",
             "agreement `benelux_kosovo_2011` binds `BENELUX` and `XK`, not `NL` and `AL`"),
            (id, 1, "NL", "BE", "2026-01-05",
             "agreement `benelux_kosovo_2011` binds `BENELUX` and `XK`, not `NL` and `BE`"),
            (id, 1, "XK", "XK", "2026-01-05",
             "agreement `benelux_kosovo_2011` binds `BENELUX` and `XK`, not `XK` and `XK`"),
            ("benelux_kosova_2011", 1, "NL", "XK", "2026-01-05",
             "agreement `benelux_kosova_2011` is not known; \
              the nearest known is `benelux_kosovo_2011`"),
            ("eu", 1, "NL", "XK", "2026-01-05", "agreement `eu` is not known"),
        ];
        for (id, version, first, second, on, expected) in cases {
            assert_eq!(refused(id, version, first, second, on), expected);
        }
    }

    #[test]
    fn both_orders_of_the_pair_give_the_same_rules() {
        let on = "2026-01-05".parse().unwrap();
        let pair = |first, second| {
            compile(&benelux_kosovo(), 3, (state(first), state(second)), on).unwrap()
        };
        assert_eq!(pair("NL", "XK"), pair("XK", "NL"));
        assert_eq!(pair("NL", "XK").version, 3);
    }

    #[test]
    fn calendars_and_zones_must_be_there() {
        let refused = |from: &str, to: &str| {
            let mut texts = Texts::built_in();
            assert!(texts.calendars.contains(from));
            texts.calendars = texts.calendars.replacen(from, to, 1);
            match outcome(&texts) {
                Ok(compiled) => compiled.unwrap_err().to_string(),
                Err(fault) => fault.to_string(),
            }
        };
        let zone = "[[zone]]\nstate = \"XK\"";
        assert_eq!(refused(zone, "[[zone]]\nstate = \"ZZ\""), "no time zone of `XK`");
        assert_eq!(
            refused("\"XK\"\nname = \"Europe/Belgrade\"", "\"XK\"\nname = \"Europe/Pristina\""),
            "time zone `Europe/Pristina` of `XK` is not in the time zone database"
        );
        assert_eq!(
            refused("[[calendar]]\nstate = \"XK\"", "[[calendar]]\nstate = \"ZZ\""),
            "no calendar of `XK` for the years 2024 to 2030"
        );
        for (from, to, expected) in [
            ("last = 2030", "last = 2031", "`holidays` and the covered years disagree on 2031"),
            ("first = 2024", "first = 2025", "`date` and the covered years disagree on 2024"),
            ("last = 2030", "last = 2020", "`last` contradicts `first`"),
            (zone, "[[zone]]\nstate = \"NL\"", "`state` has `NL` twice"),
            ("{ date = 2024-01-01,", "{ date = 2024-03-14,", "`date` has `2024-03-14` twice"),
            ("\"saturday\"", "\"saterday\"", "`weekend` must be one of `monday`, `tuesday`, "),
        ] {
            let error = refused(from, to);
            assert!(error.starts_with("`calendars.toml`, line "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn faults_of_the_agreement_file_name_line_key_and_what_would_be_right() {
        #[rustfmt::skip]
        let cases = [
            ("reply_limit_calendar_days", "reply_limit_calender_days",
             "unknown key `reply_limit_calender_days` in `agreement`; \
              the nearest known is `reply_limit_calendar_days`"),
            ("reply_limit_calendar_days = 28", "reply_limit_calendar_days = 0",
             "`reply_limit_calendar_days` must be a whole number of at least 1"),
            ("silence_effect = \"deemed_accepted\"", "silence_effect = \"accepted\"",
             "`silence_effect` must be one of `deemed_accepted`, `deemed_refused`, `not_stated`, \
              not `accepted`"),
            ("in_force_from = 2014-04-01", "in_force_from = 2011-05-11",
             "`in_force_from` contradicts `signed_on`"),
            ("transit_reply = \"immediately\"", "transit_reply = 2",
             "`transit_reply` must be a text"),
            ("[\"BENELUX\", \"XK\"]", "[\"BENELUCS\", \"XK\"]",
             "`parties` names `BENELUCS`, which no data file defines; \
              the nearest known is `BENELUX`"),
            ("[\"BENELUX\", \"XK\"]", "[\"XK\"]", "`parties` must be a list of two parties"),
            ("\"birth_certificate\"", "\"birth_certificat\"",
             "`items` names `birth_certificat`, which no data file defines; \
              the nearest known is `birth_certificate`"),
            ("\"company_card\"", "\"spoken_language\" , \"spoken_language\"",
             "`items` has `spoken_language` twice"),
        ];
        for (from, to, expected) in cases {
            check_faulty(from, to, expected);
        }
        let hit = "population_register_hit_counts_as = ";
        let error = outcome(&with(&format!("{hit}\"proof\""), &format!("{hit}\"prima_facie\"")));
        let error = error.unwrap_err().to_string();
        assert!(
            error.ends_with("`population_register_hit_counts_as` contradicts `items`"),
            "{error}"
        );
    }

    #[test]
    fn an_article_that_is_established_reaches_the_limit() {
        let texts = with(
            "reply_limit_calendar_days = 28\n",
            "reply_limit_working_days = 15\nreply_limit_article = \"7(1)\"\n",
        );
        let rules = outcome(&texts).unwrap().unwrap();
        assert_eq!(rules.reply.length, Length { count: 15, unit: Unit::WorkingDays });
        let source =
            Source { instrument: "BWBV0005360".to_owned(), article: Some("7(1)".to_owned()) };
        assert_eq!(rules.reply.source, source);
        assert_eq!(rules.silence.limit, rules.reply);
    }
}
