//! From an agreement file to the rules of one corridor.
//!
//! A value that the data does not establish is never filled in: where a rule needs it, the
//! agreement is refused for the corridor, naming the key that would establish it.

mod established;
mod pair;
mod refusal;
mod travel_document;
mod working_days;
#[cfg(test)]
mod worked_example;

use std::collections::BTreeSet;

use domain::identifier::{AgreementId, State};
use domain::rules::{Calendar, MEANING, Offsets, Rules, Start, Years};
use domain::time::Date;

use crate::agreement_file::{Agreement, AgreementFile};
use crate::estimates::ConfirmedHolidays;
use crate::fault::nearest;
use crate::library::{BUILT_IN, Library};
use crate::supplement_file::Supplement;
use crate::terms::value_of;
use established::{Established, cited, notice};
use working_days::counts_working_days;

pub use refusal::CompileError;

/// What is to be compiled.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The agreement.
    pub agreement: &'a AgreementId,
    /// Version of the compiled rules, from 1.
    pub version: u32,
    /// The two States; their order does not matter.
    pub pair: (State, State),
    /// The day on which it must be in force.
    pub on: Date,
    /// Keys that only secondary publications hold, and that an operator confirms by name.
    pub confirmed: &'a [String],
    /// Estimated holidays that an operator confirms by name.
    pub confirmed_holidays: &'a ConfirmedHolidays,
    /// A file with values that the data lacks: its name and its text.
    pub supplement: Option<(&'a str, &'a str)>,
}

impl<'a> Order<'a> {
    /// An order in which nothing is confirmed and nothing supplied.
    #[must_use]
    pub fn plain(agreement: &'a AgreementId, version: u32, pair: (State, State), on: Date) -> Self {
        static NONE: ConfirmedHolidays = ConfirmedHolidays::NONE;
        let (confirmed, confirmed_holidays) = (&[], &NONE);
        Self { agreement, version, pair, on, confirmed, confirmed_holidays, supplement: None }
    }
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
    compile_order(&Order::plain(agreement, version, pair, on))
}

/// The same, with what an operator confirms and supplies.
///
/// # Errors
/// [`CompileError`] names what is missing or does not fit; nothing is compiled in part.
pub fn compile_order(order: &Order<'_>) -> Result<Rules, CompileError> {
    BUILT_IN.compile(order)
}

impl Library {
    pub(crate) fn compile(&self, order: &Order<'_>) -> Result<Rules, CompileError> {
        let file = self.file(order)?;
        if order.version == 0 {
            return Err(CompileError::VersionMustBeAtLeastOne);
        }
        let supplement = self.supplement(order, &file.agreement)?;
        let states = self.bound(&file.agreement, order.pair)?;
        let in_force_from = in_force(&file.agreement, supplement.as_ref(), order.on)?;
        let protocol = self.protocol(order, supplement.as_ref())?;
        let text = Established::new(&file, protocol, supplement.as_ref(), order)?;
        text.check_members(&self.unions, &states)?;
        text.check_expressible()?;
        let terms = &text.terms;
        let reply = text.limit(&terms.reply, Start::precedes_reply)?;
        let reply = reply.ok_or_else(|| text.missing_length(&terms.reply))?;
        let mut rules = Rules {
            agreement: order.agreement.clone(),
            version: order.version,
            meaning: MEANING,
            title: file.agreement.title.clone(),
            in_force_from,
            directions: text.directions(&states)?,
            categories: text.categories()?,
            silence: text.silence(&reply)?,
            reply,
            reply_with_interview: terms.reply_with_interview.as_ref().map(cited),
            reply_extension: text.reply_extension()?,
            refusal_reasons: text.refusal_reasons(),
            register_check: text.register_check()?,
            interview: terms.interview_held_by.as_ref().map(|held_by| held_by.source.clone()),
            travel_document: text.travel_document()?,
            transfer: text.limit(&terms.transfer, starts_transfer)?,
            transfer_of_third_country_nationals: text
                .limit(&terms.transfer_of_third_country_nationals, starts_transfer)?,
            transfer_extension: text.transfer_extension(),
            transfer_notice: notice(&terms.transfer_notice),
            escorted_transfer_notice: notice(&terms.escorted_transfer_notice),
            written_communication: terms
                .written_communication
                .as_ref()
                .filter(|replaces| replaces.value)
                .map(|replaces| replaces.source.clone()),
            evidence: text.evidence(&self.unions, &states),
            calendars: Vec::new(),
            offsets: self.offsets_of(&states)?,
            years: self.calendars.years,
        };
        // Without a limit in working days no calendar is needed, and none narrows the years.
        let counted = if counts_working_days(&rules) { states } else { BTreeSet::new() };
        if let Some((state, day)) = order.confirmed_holidays.elsewhere(&counted) {
            return Err(CompileError::ConfirmedHolidayMustCount { state, day });
        }
        for (calendar, years) in self.calendars_of(&counted)? {
            rules.years.last = rules.years.last.min(years.last);
            rules.calendars.push(calendar.clone());
        }
        order.confirmed_holidays.confirm_in(&mut rules);
        Ok(rules)
    }

    /// The agreement file, read again where something reported is confirmed.
    pub(crate) fn file(&self, order: &Order<'_>) -> Result<AgreementFile, CompileError> {
        let agreement = order.agreement;
        let known = self.agreements.get(agreement).zip(self.texts.get(agreement));
        let Some((file, (name, text))) = known else {
            let known = self.agreements.keys().map(AgreementId::as_str);
            let nearest = nearest(agreement.as_str(), known);
            return Err(CompileError::AgreementMustBeKnown {
                agreement: agreement.clone(),
                nearest,
            });
        };
        let none = BTreeSet::new();
        let reported = file.agreement.reported.as_ref().map_or(&none, |reported| &reported.keys);
        if let Some(key) = order.confirmed.iter().find(|key| !reported.contains(*key)) {
            return Err(CompileError::ConfirmedMustBeReported {
                agreement: agreement.clone(),
                key: key.clone(),
                nearest: nearest(key, reported.iter().map(String::as_str)),
            });
        }
        if order.confirmed.is_empty() {
            return Ok(file.clone());
        }
        Ok(AgreementFile::read(name, text, &order.confirmed.iter().cloned().collect())?)
    }

    /// The supplement, if one is handed in.
    pub(crate) fn supplement(
        &self,
        order: &Order<'_>,
        agreement: &Agreement,
    ) -> Result<Option<Supplement>, CompileError> {
        let Some((file, text)) = order.supplement else {
            return Ok(None);
        };
        let supplement = Supplement::read(file, text)?;
        if supplement.agreement != *order.agreement {
            let (agreement, found) = (order.agreement.clone(), supplement.agreement);
            return Err(CompileError::SupplementMustFit { agreement, found });
        }
        self.check_supplement(file, &supplement, agreement.force.signed_on)?;
        Ok(Some(supplement))
    }

    fn calendars_of(
        &self,
        states: &BTreeSet<State>,
    ) -> Result<Vec<(&Calendar, Years)>, CompileError> {
        let years = self.calendars.years;
        let calendar = |state: &State| match self.calendars.calendar(*state) {
            Some(found) => Ok(found),
            None => Err(CompileError::CalendarMustBeThere { state: *state, years }),
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

fn in_force(
    agreement: &Agreement,
    supplement: Option<&Supplement>,
    on: Date,
) -> Result<Date, CompileError> {
    let supplied = supplement.and_then(|supplement| supplement.in_force_from);
    let id = || agreement.id.clone();
    let in_force_from = supplied.or(agreement.force.from).ok_or_else(|| {
        match agreement.force.known_in_2017_05 {
            Some(false) => CompileError::MustBeKnownInForce { agreement: id() },
            Some(true) | None => CompileError::ValueMustBeEstablished {
                agreement: id(),
                key: "in_force_from".to_owned(),
            },
        }
    })?;
    if in_force_from <= on {
        return Ok(in_force_from);
    }
    Err(CompileError::MustBeInForce { agreement: id(), in_force_from, on })
}

/// Whether a limit for the transfer can start with an event: one of the case.
const fn starts_transfer(start: Start) -> bool {
    !start.is_stated()
}

/// What is supplied must not be established, in whatever unit.
pub(crate) fn check_contradictions<'k>(
    file: &str,
    supplement: &Supplement,
    established: impl Iterator<Item = &'k String>,
) -> Result<(), CompileError> {
    for key in established {
        let same = |(supplied, _): &&(String, usize)| value_of(supplied) == value_of(key);
        if let Some((supplied, line)) = supplement.keys.iter().find(same) {
            return Err(CompileError::SupplementMustNotContradict {
                file: file.to_owned(),
                line: *line,
                key: supplied.clone(),
                established: key.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::fault::{Fault, FileError};
    use crate::library::Texts;
    use domain::rules::{Length, Source, Unit};

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
        Ok(library.compile(&Order::plain(&benelux_kosovo(), 1, (state("NL"), state("XK")), on)))
    }

    /// The agreement with one piece of its text replaced.
    fn with(from: &str, to: &str) -> Texts {
        let mut texts = Texts::built_in();
        let at = texts.agreements.iter().position(|(file, _)| file == FILE).unwrap();
        let text = &mut texts.agreements[at].1;
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
        let text = texts.agreements.iter().find(|(file, _)| file == FILE).unwrap();
        let last = to.lines().last().unwrap();
        let line = 1 + text.1.lines().take_while(|line| !line.contains(last)).count();
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
        let mut texts = Texts::built_in();
        let within = (
            "x.toml".to_owned(),
            "format_version = 1\n[agreement]\nid = \"within\"\n\
            title = \"made up\"\nsource = \"made up\"\nparties = [\"BENELUX\", \"NL\"]\n"
                .to_owned(),
        );
        texts.agreements.push(within);
        let library = Library::read(&texts).unwrap();
        let within = library.agreements.get(&AgreementId::new("within").unwrap()).unwrap();
        let bound = |pair| library.bound(&within.agreement, pair).is_ok();
        assert!(bound((state("BE"), state("NL"))));
        assert!(!bound((state("NL"), state("NL"))), "a State has no corridor with itself");
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
    fn a_second_protocol_for_the_pair_must_not_decide_by_chance() {
        let protocol = |id: &str, from: &str| {
            let text = format!(
                "format_version = 1\n[implementing_protocol]\nid = \"{id}\"\n\
                 agreement = \"benelux_kosovo_2011\"\nparties = [\"NL\", \"XK\"]\n\
                 source = \"made up for a test\"\nin_force_from = {from}\n\
                 reply_limit_calendar_days = 14\n"
            );
            (format!("{id}.toml"), text)
        };
        let with = |protocols: &[(String, String)]| {
            let mut texts = Texts::built_in();
            texts.protocols.extend_from_slice(protocols);
            outcome(&texts).unwrap()
        };
        let first = protocol("first", "2020-01-01");
        assert_eq!(with(std::slice::from_ref(&first)).unwrap().reply.length.count, 14);
        // One that is not in force yet changes nothing.
        let later = with(&[first.clone(), protocol("later", "2026-01-06")]);
        assert_eq!(later.unwrap().reply.length.count, 14);
        let error = with(&[first, protocol("second", "2026-01-05")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "protocols `first` and `second` both implement agreement `benelux_kosovo_2011` \
             between the two States, and which of them precedes is not established"
        );
    }

    #[test]
    fn the_text_goes_before_what_is_reported_of_it() {
        let list = "[[evidence_list]]\nid = \"benelux_kosovo_2011_nationality_proof\"";
        let reported = "[agreement.reported]\nreply_limit_calendar_days = 5\n\n";
        let library = Library::read(&with(list, &format!("{reported}{list}"))).unwrap();
        let (id, pair) = (benelux_kosovo(), (state("NL"), state("XK")));
        let rules = library.compile(&Order {
            confirmed: &["reply_limit_calendar_days".to_owned()],
            ..Order::plain(&id, 1, pair, "2026-01-05".parse().unwrap())
        });
        assert_eq!(rules.unwrap().reply.length.count, 28);
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
              `deemed_accepted_and_requesting_party_travel_document_accepted`, not `accepted`"),
            ("in_force_from = 2014-04-01", "in_force_from = 2011-05-11",
             "`in_force_from` contradicts `signed_on`"),
            ("in_force_from = 2014-04-01",
             "in_force_as_of_2017_05 = false\nin_force_from = 2014-04-01",
             "`in_force_from` contradicts `in_force_as_of_2017_05`"),
            ("in_force_from = 2014-04-01",
             "in_force_as_of_2017_05 = true\nin_force_from = 2017-06-01",
             "`in_force_from` contradicts `in_force_as_of_2017_05`"),
            ("reply_limit_calendar_days = 28", "reply_limit_days = 28",
             "`reply_limit_days` must be `reply_limit_` with one of the units `hours`, \
              `calendar_days`, `days_unqualified`, `weeks`, `calendar_months`, `years`, \
              `working_days`"),
            ("reply_limit_calendar_days = 28", "reply_limit_hours = -28",
             "`reply_limit_hours` must be a whole number of at least 1"),
            ("reply_limit_calendar_days = 28",
             "reply_limit_calendar_days = 28\ninvoice_payment_limit_days_unqualified = 3\n\
              invoice_payment_limit_working_days = 3",
             "`invoice_payment_limit_working_days` and `invoice_payment_limit_days_unqualified` \
              give one limit two units"),
            ("reply_limit_calendar_days = 28",
             "reply_limit_calendar_days = 28\n\
              travel_document_evidence_for_short_limit = [\"birth_certificat\"]",
             "`travel_document_evidence_for_short_limit` names `birth_certificat`, which no \
              data file defines; the nearest known is `birth_certificate`"),
            ("reply_limit_calendar_days = 28",
             "reply_limit_calendar_days = 28\ndisplaced_by = \"eu_serbia_2007\"",
             "`displaced_by` names `eu_serbia_2007`, which no data file defines; the nearest known \
              is `eu_serbia_2008`"),
            ("[\"BENELUX\", \"XK\"]", "[\"XK\", \"XK\"]", "`parties` has `XK` twice"),
            // An obligation that the strength of the list does not carry.
            ("strength = \"proof\"\neffect = \"recognised_without_further_enquiry\"\n\
              articles = [\"6(1)\"]",
             "articles = [\"6(1)\"]\nstrength = \"proof\"\neffect = \"starts_verification\"",
             "`effect` contradicts `strength`"),
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
        let list = |id: &str| format!("id = \"benelux_kosovo_2011_{id}\"");
        let error = outcome(&with(&list("conditions_proof"), &list("nationality_proof")));
        assert_eq!(
            error.unwrap_err().fault,
            Fault::Twice {
                key: "id".to_owned(),
                value: "benelux_kosovo_2011_nationality_proof".to_owned()
            }
        );
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
