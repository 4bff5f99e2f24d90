//! The keys of the data files that no rule reads, each with the reason.
//!
//! A test takes every key of the data files away, and changes it: whatever changes neither the
//! compiled rules nor what is refused must be named here, and nothing else may be.

use domain::time::Date;

/// A key that is kept and shown, and that no rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayOnly {
    /// The table that it stands in.
    pub table: &'static str,
    /// The key.
    pub key: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Why no rule reads it.
    pub why: &'static str,
}

/// The kinds of values that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text or a coded word.
    Text,
    /// A list of texts.
    Words,
    /// A whole number of at least 1.
    Count,
    /// True or false.
    Flag,
    /// A civil day.
    Day,
}

/// A value that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A text or a coded word.
    Text(String),
    /// A list of texts.
    Words(Vec<String>),
    /// A whole number.
    Count(u32),
    /// True or false.
    Flag(bool),
    /// A civil day.
    Day(Date),
}

const JUDGED: &str = "a condition that officials judge; what they find is stated as an event";
const EXTENSION: &str = "before a request is filed there is no case in which an obstacle could be \
     stated: the limit ends without it, the earlier day";
const NO_LENGTH: &str = "names no length: no clock can be counted from it, and no transfer is late";
const NO_MISSION: &str =
    "no event states that there is no mission: the fallback waits until a document is late";
const INSTRUMENT: &str = "describes the instrument; changes no rule of a corridor";
const RIGHTS: &str = "binds the requested State after readmission, outside the case";
const TRANSIT: &str = "transit is not part of the shared vocabulary";
const ERROR: &str = "readmission in error is not part of the shared vocabulary";
const COSTS: &str = "invoices are settled outside the case";
const DATA: &str = "a duty of each State's own handling of data";
const TRAVEL: &str = "a preference; each transfer notice states its mode";
const PRACTICE: &str = "a practice note never feeds an outcome";
const LABEL: &str = "a name for people";
const ITEM: &str = LIST;
const ACCELERATED: &str = "the accelerated procedure is not part of the shared vocabulary";
const SHORT: &str = "the short re-application is not part of the shared vocabulary";
const QUOTA: &str = "a number for all persons together; no rule of one case";
const ANNEX: &str = "names a form that is kept outside the case";
const ARTICLE: &str = "says where in the text something stands that is not established here";
const CATEGORY: &str =
    "the category is not part of the shared vocabulary: nobody can file under it";
const NO_CLOCK: &str = "the rules hold no clock for it; shown to those who arrange it";
const VISA: &str = "what starts it is not established; the visa counts as the travel document";
const SUSPENSION: &str = "a suspension that is enacted is read; that it is possible is not a rule";
const NOTICE: &str = "says how a notice is given, not how long before";
const NORMAL: &str = "what is normal is no minimum: no transfer is notified too late by it";
const ADVANCED: &str =
    "no source says that the earlier day took effect: the day in the text counts until one does";
const HANDLING: &str =
    "how offices hand over papers; each entry on the record is handed over alike";
const NO_REQUEST: &str =
    "officials judge whether a request is needed; without one there is no case";
const FORM: &str = "a form on paper; what is filed is the request itself";
const LIST: &str = "officials judge whether a document meets it before they name the item";
const ORIGIN: &str = "says where the values come from";
/// Every key that no rule reads.
pub const DISPLAY_ONLY: &[DisplayOnly] = &[
    text("agreement", "accelerated_border_region_article", ACCELERATED),
    words("agreement", "accelerated_border_region_includes", ACCELERATED),
    count("agreement", "accelerated_border_region_km_from_common_land_border", ACCELERATED),
    count("agreement", "accelerated_border_region_km_from_ports_and_airports", ACCELERATED),
    text("agreement", "accelerated_procedure_article", ACCELERATED),
    words("agreement", "accelerated_procedure_articles", ACCELERATED),
    flag("agreement", "accelerated_procedure_available", ACCELERATED),
    count("agreement", "accelerated_submission_limit_working_days_after_apprehension", ACCELERATED),
    flag("agreement", "additional_evidence_beyond_annexes_allowed", JUDGED),
    words("agreement", "application_channels", HANDLING),
    words("agreement", "application_channels_if_both_agree", HANDLING),
    flag("agreement", "application_encloses_expired_documents", HANDLING),
    text("agreement", "application_form_annex", ANNEX),
    text("agreement", "application_limit_extension", EXTENSION),
    count("agreement", "application_limit_extension_calendar_days", EXTENSION),
    text(
        "agreement",
        "application_not_needed_additional_condition_for_third_country_nationals",
        NO_REQUEST,
    ),
    text("agreement", "application_not_needed_article", ARTICLE),
    words("agreement", "application_not_needed_when", NO_REQUEST),
    count("agreement", "application_photos_required", HANDLING),
    words("agreement", "application_required_attachments", HANDLING),
    text("agreement", "application_submitted_to", HANDLING),
    flag("agreement", "applies_only_to_entries_after_entry_into_force", JUDGED),
    flag("agreement", "applies_to_voluntary_and_enforced_return", JUDGED),
    flag("agreement", "approval_withdrawal_may_be_requested_on_new_evidence", JUDGED),
    words("agreement", "authentic_languages", INSTRUMENT),
    words("agreement", "border_points", TRAVEL),
    flag("agreement", "care_statement_needs_explicit_consent_of_person", HANDLING),
    text("agreement", "celex", INSTRUMENT),
    count("agreement", "child_photo_required_from_age_years", HANDLING),
    text("agreement", "competing_visas_rule", JUDGED),
    text("agreement", "conclusion_decision", INSTRUMENT),
    text("agreement", "costs_article", COSTS),
    text("agreement", "costs_borne_by", COSTS),
    flag("agreement", "costs_recoverable_from_person_or_third_parties", COSTS),
    text("agreement", "costs_up_to", COSTS),
    flag("agreement", "covers_minor_unmarried_children", CATEGORY),
    flag("agreement", "covers_permanent_residents", CATEGORY),
    flag("agreement", "covers_persons_of_other_jurisdictions", CATEGORY),
    flag("agreement", "covers_spouses", CATEGORY),
    text("agreement", "data_article", DATA),
    words("agreement", "data_categories_allowed", DATA),
    words("agreement", "data_duties", DATA),
    flag("agreement", "declaration_of_return_decision_required_per_person", JUDGED),
    flag("agreement", "delivery_report_is_proof_of_delivery", HANDLING),
    text("agreement", "direct_return_to_origin_article", ARTICLE),
    words("agreement", "direct_return_to_origin_effort_not_for", JUDGED),
    flag("agreement", "direct_return_to_origin_effort_required_first", JUDGED),
    words("agreement", "dispute_steps", INSTRUMENT),
    words("agreement", "document_languages", INSTRUMENT),
    text("agreement", "effective_rule", INSTRUMENT),
    text("agreement", "electronic_case_system_since", INSTRUMENT),
    flag("agreement", "electronic_case_system_used", INSTRUMENT),
    count("agreement", "entry_visa_issue_limit_working_days", VISA),
    count("agreement", "entry_visa_validity_days_unqualified", VISA),
    flag("agreement", "escort_carries_travel_documents", TRANSIT),
    words("agreement", "escort_details_in_application", TRANSIT),
    text("agreement", "escort_responsible_until", TRANSIT),
    words("agreement", "escort_rules", TRANSIT),
    flag("agreement", "expired_documents_establish_nationality", JUDGED),
    text("agreement", "family_members_condition", JUDGED),
    text("agreement", "fingerprints_with_application", HANDLING),
    text("agreement", "former_nationals_condition", JUDGED),
    text("agreement", "further_information_through", HANDLING),
    flag("agreement", "health_information_when_medical_follow_up_needed", HANDLING),
    text("agreement", "identification_mission_cost_borne_by", COSTS),
    text("agreement", "interview_clock_starts_on", NO_CLOCK),
    words("agreement", "interview_criteria", JUDGED),
    words("agreement", "interview_establishes", JUDGED),
    text("agreement", "interview_form", JUDGED),
    words("agreement", "interview_held_by_in_exceptional_cases", JUDGED),
    text("agreement", "interview_held_by_otherwise", JUDGED),
    text("agreement", "interview_limit", NO_CLOCK),
    count("agreement", "interview_limit_calendar_days", NO_CLOCK),
    count("agreement", "interview_limit_days_unqualified", NO_CLOCK),
    count("agreement", "interview_limit_working_days", NO_CLOCK),
    text("agreement", "interview_missed_for_practical_reasons", JUDGED),
    text("agreement", "interview_negative_or_not_presented_outcome", JUDGED),
    text("agreement", "interview_report_clock_starts_on", NO_CLOCK),
    count("agreement", "interview_report_limit_calendar_days", NO_CLOCK),
    count("agreement", "interview_report_limit_working_days", NO_CLOCK),
    text("agreement", "interview_requested_by", JUDGED),
    text("agreement", "interview_transport_and_cost_by", JUDGED),
    text("agreement", "interview_when", JUDGED),
    text("agreement", "invoice_currency", COSTS),
    count("agreement", "invoice_payment_limit_days_unqualified", COSTS),
    count("agreement", "invoice_payment_limit_working_days", COSTS),
    flag("agreement", "joint_charter_flights_open_to_all_member_states", JUDGED),
    text("agreement", "kind", INSTRUMENT),
    flag("agreement", "legally_binding", INSTRUMENT),
    text("agreement", "minor_children_condition", JUDGED),
    text("agreement", "nationality_standard", JUDGED),
    words("agreement", "non_affected_instruments", INSTRUMENT),
    text("agreement", "official_journal", INSTRUMENT),
    flag("agreement", "other_border_points_case_by_case", TRAVEL),
    words("agreement", "own_nationals_exclusions", JUDGED),
    words("agreement", "own_nationals_include_persons_eligible_for_citizenship", JUDGED),
    text("agreement", "population_register_check_when", JUDGED),
    text("agreement", "prevailing_language", INSTRUMENT),
    flag("agreement", "quota_changeable_by_consultation", QUOTA),
    count("agreement", "quota_non_voluntary_returnees_per_flight", QUOTA),
    count("agreement", "quota_non_voluntary_returnees_per_month", QUOTA),
    count("agreement", "quota_non_voluntary_returnees_per_month_first_12_months", QUOTA),
    text("agreement", "readmission_in_error_clock_starts_on", ERROR),
    text("agreement", "readmission_in_error_costs_borne_by", ERROR),
    flag("agreement", "readmission_in_error_documents_returned", ERROR),
    count("agreement", "readmission_in_error_limit_calendar_months", ERROR),
    count("agreement", "readmission_in_error_limit_days_unqualified", ERROR),
    flag("agreement", "readmission_in_error_limit_none", ERROR),
    words("agreement", "readmission_in_error_not_for", ERROR),
    words("agreement", "reply_channels", HANDLING),
    flag("agreement", "reply_copy_to_mission", HANDLING),
    flag("agreement", "reply_in_writing", HANDLING),
    words("agreement", "reply_limit_articles", ARTICLE),
    count("agreement", "reply_limit_working_days_accelerated", ACCELERATED),
    flag("agreement", "requested_party_must_report_obstacles_to_transfer", HANDLING),
    words("agreement", "requested_party_must_respect_towards_readmitted_person", RIGHTS),
    flag("agreement", "return_operations_coordinated_to_reception_capacity", JUDGED),
    text("agreement", "security_information_shared", HANDLING),
    words("agreement", "separate_authorities_for", HANDLING),
    words("agreement", "short_reapplication_fields", SHORT),
    count("agreement", "short_reapplication_reply_limit_working_days", SHORT),
    text("agreement", "short_reapplication_when", SHORT),
    flag("agreement", "signature_of_person_required_for_travel_document", HANDLING),
    flag("agreement", "simplified_procedure_at_airport_international_zone", TRAVEL),
    text("agreement", "spouses_condition", JUDGED),
    flag("agreement", "submission_record_drawn_up", HANDLING),
    flag("agreement", "supersedes_bilateral_agreements", INSTRUMENT),
    text("agreement", "suspension_article", ARTICLE),
    text("agreement", "suspension_effective_on", SUSPENSION),
    count("agreement", "suspension_effective_on_nth_day_after_notice", SUSPENSION),
    words("agreement", "suspension_grounds", SUSPENSION),
    text("agreement", "suspension_possible", SUSPENSION),
    flag("agreement", "suspension_requires_prior_committee_consultation", SUSPENSION),
    words("agreement", "third_country_national_bases", JUDGED),
    words("agreement", "third_country_national_bases_deferred", JUDGED),
    words("agreement", "third_country_national_bases_deferred_except", JUDGED),
    count(
        "agreement",
        "third_country_national_bases_deferred_years_after_entry_into_force",
        JUDGED,
    ),
    words("agreement", "third_country_national_exclusions", JUDGED),
    day("agreement", "third_country_national_obligations_advanced_to", ADVANCED),
    text("agreement", "time_limits_article", ARTICLE),
    flag("agreement", "transfer_arrangements_counter_proposal_possible", NO_CLOCK),
    count("agreement", "transfer_arrangements_reply_limit_working_days", NO_CLOCK),
    flag("agreement", "transfer_by_land_or_sea_must_be_justified", TRAVEL),
    words("agreement", "transfer_by_land_or_sea_only_for", TRAVEL),
    flag("agreement", "transfer_delay_must_be_reported", HANDLING),
    text("agreement", "transfer_limit_own_nationals", NO_LENGTH),
    flag("agreement", "transfer_notice_also_not_needed_in_that_case", NOTICE),
    text("agreement", "transfer_notice_before", NOTICE),
    words("agreement", "transfer_notice_contents", NOTICE),
    flag("agreement", "transfer_notice_copy_to_mission", NOTICE),
    count("agreement", "transfer_notice_normal_days_unqualified", NORMAL),
    text("agreement", "transfer_notice_through", NOTICE),
    words("agreement", "transfer_notice_to", NOTICE),
    words("agreement", "transit_application_extra_fields", TRANSIT),
    words("agreement", "transit_escort_details_after_positive_reply", TRANSIT),
    text("agreement", "transit_form_annex", TRANSIT),
    flag("agreement", "transit_guarantee_of_final_readmission_declaration", TRANSIT),
    text("agreement", "transit_mode_default", TRANSIT),
    words("agreement", "transit_refusal_grounds", TRANSIT),
    flag("agreement", "transit_refusal_reasons_required", TRANSIT),
    text("agreement", "transit_reply", TRANSIT),
    text("agreement", "transit_reply_clock_starts_on", TRANSIT),
    count("agreement", "transit_reply_limit_calendar_days", TRANSIT),
    count("agreement", "transit_reply_limit_days_unqualified", TRANSIT),
    count("agreement", "transit_reply_limit_working_days", TRANSIT),
    count("agreement", "transit_request_min_notice_calendar_days", TRANSIT),
    count("agreement", "transit_request_min_notice_days_unqualified", TRANSIT),
    count("agreement", "transit_request_min_notice_working_days", TRANSIT),
    count("agreement", "transit_request_min_notice_working_days_by_air", TRANSIT),
    count("agreement", "transit_request_min_notice_working_days_by_land", TRANSIT),
    flag("agreement", "transit_request_notice_is_preference_only", TRANSIT),
    flag("agreement", "transit_revocation_possible", TRANSIT),
    text("agreement", "transit_take_back", TRANSIT),
    words("agreement", "transit_take_back_when", TRANSIT),
    words("agreement", "transport_mode_by_land_only_for", TRAVEL),
    text("agreement", "transport_mode_chosen_by", TRAVEL),
    text("agreement", "transport_mode_default", TRAVEL),
    words("agreement", "transport_modes_allowed", TRAVEL),
    text("agreement", "transport_modes_article", TRAVEL),
    words("agreement", "transport_modes_prohibited", TRAVEL),
    text("agreement", "travel_document_fallback_form_annex", ANNEX),
    flag("agreement", "travel_document_late_fallback_also_when_no_mission", NO_MISSION),
    text("agreement", "unaccompanied_minor_condition", JUDGED),
    flag("agreement", "voluntary_return_preferred", JUDGED),
    text("agreement", "working_language", INSTRUMENT),
    words("agreement", "written_communication_conditions", JUDGED),
    text("agreement", "written_communication_lead_time", JUDGED),
    text("evidence_list", "additional_to_annex", LIST),
    text("evidence_list", "annex", LIST),
    flag("evidence_list", "complete", LIST),
    flag("evidence_list", "genuine_documents_only", LIST),
    text("evidence_list", "language_test_rule", LIST),
    flag("evidence_list", "open_ended", LIST),
    flag("evidence_list", "wrongly_issued_documents_count", LIST),
    text("form", "annex", FORM),
    flag("form", "covers_several_persons", FORM),
    words("form", "fields", FORM),
    words("form", "fields_only_in_1b", FORM),
    text("form", "purpose", FORM),
    flag("form", "reply_is_part_of_same_form", FORM),
    words("practice", "address_in_requesting_state_must_not_name", PRACTICE),
    flag("practice", "all_returns_must_be_announced", PRACTICE),
    text("practice", "application_channel", PRACTICE),
    words("practice", "application_languages", PRACTICE),
    text("practice", "application_per", PRACTICE),
    text("practice", "application_sent_to", PRACTICE),
    text("practice", "children_born_in_requesting_state_need", PRACTICE),
    flag("practice", "criminal_record_data_may_be_shared", PRACTICE),
    text("practice", "expired_passport_usable_with", PRACTICE),
    text("practice", "filing_advised_against_because", PRACTICE),
    text("practice", "fingerprints_with_application", PRACTICE),
    flag("practice", "new_travel_document_needs_new_application", PRACTICE),
    text("practice", "presentation_to_mission", PRACTICE),
    text("practice", "reapplication_after_refusal_needs", PRACTICE),
    text("practice", "source", PRACTICE),
    flag("practice", "travel_document_extendable", PRACTICE),
    text("practice", "travel_document_extension_condition", PRACTICE),
    text("practice", "travel_document_generated_by", PRACTICE),
    count("practice", "travel_document_validity_calendar_months", PRACTICE),
    count("practice", "travel_document_validity_days_unqualified", PRACTICE),
    text("evidence", "label", LABEL),
    text("evidence", "kind", ITEM),
    text("evidence", "condition", ITEM),
    count("evidence", "expired_at_most_years", ITEM),
    count("evidence", "expired_more_than_years", ITEM),
    day("evidence", "issued_after", ITEM),
    text("zone", "source", ORIGIN),
    text("calendar", "source", ORIGIN),
    text("holidays", "name", LABEL),
    text("union", "source", ORIGIN),
    text("territory", "source", ORIGIN),
];

const fn text(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Text, why }
}

const fn words(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Words, why }
}

const fn count(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Count, why }
}

const fn flag(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Flag, why }
}

const fn day(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Day, why }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::collections::BTreeSet;

    use domain::identifier::{AgreementId, State};
    use domain::rules::Rules;
    use toml::{Table, Value};

    use super::*;
    use crate::compile::{CompileError, Order};
    use crate::fault::FileError;
    use crate::library::{Library, Texts};
    use crate::terms::INEXPRESSIBLE;

    const FILE: &str = "benelux_kosovo_2011.toml";

    /// Only the agreement of the demo: reading all files anew for each key would take minutes.
    fn few_texts() -> Texts {
        let mut texts = Texts::built_in();
        texts.agreements.retain(|(file, _)| file == FILE);
        texts.protocols.clear();
        texts.calendars = few(&texts.calendars);
        texts
    }

    fn outcome(texts: &Texts) -> Result<Result<Rules, CompileError>, FileError> {
        let id = AgreementId::new("benelux_kosovo_2011").unwrap();
        let pair = (State::new("NL").unwrap(), State::new("XK").unwrap());
        let on = "2026-01-05".parse().unwrap();
        Ok(Library::read(texts)?.compile(&Order::plain(&id, 1, pair, on)))
    }

    /// A key of a data file: the tables on the way to it, with positions in arrays of tables.
    type Path = Vec<(String, usize)>;

    /// Puts the changed text of one file in its place.
    type Put<'a> = &'a dyn Fn(&mut Texts, String);

    /// Every key of a document, with the name of its table.
    fn keys(table: &Table, name: &str, path: &Path, found: &mut Vec<(String, Path, String)>) {
        for (key, value) in table {
            let below = |index| {
                let mut below = path.clone();
                below.push((key.clone(), index));
                below
            };
            match value {
                Value::Table(table) => keys(table, key, &below(0), found),
                Value::Array(items) if items.first().is_some_and(Value::is_table) => {
                    // Holidays are alike, as are items: the first, and those with more keys.
                    for (index, item) in items.iter().enumerate() {
                        let item = item.as_table().unwrap();
                        let alike = ["holidays", "evidence"].contains(&key.as_str());
                        let more = item.contains_key("estimated") || item.len() > 3;
                        if !alike || index == 0 || more {
                            keys(item, key, &below(index), found);
                        }
                    }
                }
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => found.push((name.to_owned(), path.clone(), key.clone())),
            }
        }
    }

    fn at<'t>(document: &'t mut Table, path: &Path) -> &'t mut Table {
        path.iter().fold(document, |table, (key, index)| {
            let value = table.get_mut(key).unwrap();
            let value = if value.is_array() { &mut value[*index] } else { value };
            value.as_table_mut().unwrap()
        })
    }

    fn changed(value: &Value) -> Value {
        match value {
            Value::String(_) => Value::String("something_else".to_owned()),
            Value::Integer(number) => Value::Integer(number + 1),
            Value::Float(number) => Value::Float(number + 1.0),
            Value::Boolean(flag) => Value::Boolean(!flag),
            Value::Datetime(_) => Value::Datetime("2099-01-01".parse().unwrap()),
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Table(_) => Value::Table(Table::new()),
        }
    }

    /// The calendars of the pair, one that ends early and one that is empty; with each, the first
    /// estimated holiday. The others have no other keys.
    fn few(calendars: &str) -> String {
        let mut document: Table = calendars.parse().unwrap();
        let of = |table: &Value| table["state"].as_str().unwrap().to_owned();
        for (tables, states) in [("zone", &["NL", "XK"][..]), ("calendar", &["NL", "XK", "LK"])] {
            let tables = document.get_mut(tables).unwrap().as_array_mut().unwrap();
            tables.retain(|table| states.contains(&of(table).as_str()));
        }
        toml::to_string(&document).unwrap()
    }

    #[test]
    fn what_is_listed_is_what_changes_nothing_for_the_corridor_of_the_demo() {
        let texts = few_texts();
        let whole = outcome(&texts);
        assert!(matches!(whole, Ok(Ok(_))), "{whole:?}");
        let put: [(&str, Put<'_>); 4] = [
            (&texts.agreements[0].1, &|texts, text| texts.agreements[0].1 = text),
            (&texts.evidence, &|texts, text| texts.evidence = text),
            (&texts.calendars, &|texts, text| texts.calendars = text),
            (&texts.unions, &|texts, text| texts.unions = text),
        ];
        let (mut read, mut shown) = (BTreeSet::new(), BTreeSet::new());
        for (text, put) in put {
            let document: Table = text.parse().unwrap();
            let mut found = Vec::new();
            keys(&document, "file", &Path::new(), &mut found);
            for (table, path, key) in found {
                let with = |edit: &dyn Fn(&mut Table)| {
                    let mut document = document.clone();
                    edit(at(&mut document, &path));
                    let mut texts = texts.clone();
                    put(&mut texts, toml::to_string(&document).unwrap());
                    outcome(&texts)
                };
                let without = with(&|table| drop(table.remove(&key)));
                let other = with(&|table| {
                    let value = changed(table.get(&key).unwrap());
                    table.insert(key.clone(), value);
                });
                let matters = without != whole || other != whole;
                let name = (table, key);
                if matters {
                    read.insert(name)
                } else {
                    shown.insert(name)
                };
            }
        }
        let listed = listed();
        let unlisted: Vec<_> = shown.difference(&listed).collect();
        // Of a union and a territory elsewhere, nothing reaches this corridor.
        let elsewhere = ["bound_only_if_stated", "of"];
        assert!(unlisted.iter().all(|(_, key)| elsewhere.contains(&key.as_str())), "{unlisted:?}");
        assert_eq!(read.intersection(&listed).next(), None, "listed, and yet it matters");
    }

    fn listed() -> BTreeSet<(String, String)> {
        let names = DISPLAY_ONLY.iter().map(|it| (it.table.to_owned(), it.key.to_owned()));
        names.collect()
    }

    #[test]
    fn every_key_of_the_data_is_read_by_a_rule_or_listed() {
        let texts = Texts::built_in();
        // That no file has a key which nothing asks for is what reading them shows.
        Library::read(&texts).unwrap();
        let mut occurring = BTreeSet::new();
        let files = texts.agreements.iter().chain(&texts.protocols).map(|(_, text)| text);
        for text in files.chain([&texts.evidence, &texts.calendars, &texts.unions]) {
            let mut found = Vec::new();
            keys(&text.parse().unwrap(), "file", &Path::new(), &mut found);
            occurring.extend(found.into_iter().map(|(table, _, key)| {
                let same = ["implementing_protocol", "reported"].contains(&table.as_str());
                (if same { "agreement".to_owned() } else { table }, key)
            }));
        }
        let listed = listed();
        assert_eq!(listed.len(), DISPLAY_ONLY.len(), "a key is listed twice");
        let absent: Vec<_> = listed.difference(&occurring).collect();
        assert!(absent.is_empty(), "listed, and in no data file: {absent:?}");
        for key in INEXPRESSIBLE {
            let name = ("agreement".to_owned(), key.to_owned());
            assert!(occurring.contains(&name), "`{key}` is in no data file");
            assert!(!listed.contains(&name), "`{key}` is listed for display only");
        }
        // The counts that the documentation gives.
        let read = occurring.len() - listed.len();
        assert_eq!((occurring.len(), read, INEXPRESSIBLE.len()), COUNTS);
    }

    /// Keys of the data files; those that rules read; of these, those that only ever refuse.
    const COUNTS: (usize, usize, usize) = (347, 116, 1);
}
