//! The topics under which people look for the values of an agreement.

use std::fmt;

/// What a value is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Who is covered, between whom, in which direction.
    Scope,
    /// How and by when a request is made, and when none is needed.
    Application,
    /// The accelerated procedure near a border.
    Accelerated,
    /// By when and how a request is answered.
    Reply,
    /// What no answer means.
    Silence,
    /// What proves, and what must be verified.
    Evidence,
    /// The check of the population register.
    RegisterCheck,
    /// The interview with the person.
    Interview,
    /// The travel document.
    TravelDocument,
    /// When and how the person is transferred.
    Transfer,
    /// Passing through the other State.
    Transit,
    /// Readmission in error.
    Error,
    /// Who pays.
    Costs,
    /// Which data may be shared, and the duties with them.
    Data,
    /// Where the border is crossed.
    Borders,
    /// How the agreement can be suspended.
    Suspension,
    /// The forms on paper.
    Forms,
    /// Notes on how one State works.
    Practice,
    /// The instrument itself.
    Instrument,
    /// Calendars and offsets of compiled rules.
    Calendars,
}

/// Every topic, in the order in which they are shown, with its word.
pub const TOPICS: [(&str, Topic); 20] = [
    ("instrument", Topic::Instrument),
    ("scope", Topic::Scope),
    ("application", Topic::Application),
    ("accelerated", Topic::Accelerated),
    ("reply", Topic::Reply),
    ("silence", Topic::Silence),
    ("evidence", Topic::Evidence),
    ("register-check", Topic::RegisterCheck),
    ("interview", Topic::Interview),
    ("travel-document", Topic::TravelDocument),
    ("transfer", Topic::Transfer),
    ("borders", Topic::Borders),
    ("transit", Topic::Transit),
    ("error", Topic::Error),
    ("costs", Topic::Costs),
    ("data", Topic::Data),
    ("suspension", Topic::Suspension),
    ("forms", Topic::Forms),
    ("practice", Topic::Practice),
    ("calendars", Topic::Calendars),
];

/// How the keys of an agreement or protocol begin, by topic; the first that fits counts.
const BEGINNINGS: &[(&str, Topic)] = &[
    ("accelerated_", Topic::Accelerated),
    ("reply_limit_working_days_accelerated", Topic::Accelerated),
    ("simplified_procedure_", Topic::Accelerated),
    ("silence_", Topic::Silence),
    ("reply_", Topic::Reply),
    ("refusal_", Topic::Reply),
    ("time_limits_", Topic::Reply),
    ("approval_withdrawal_", Topic::Reply),
    ("population_register_", Topic::RegisterCheck),
    ("interview_", Topic::Interview),
    ("travel_document_", Topic::TravelDocument),
    ("signature_of_person_required_for_travel_document", Topic::TravelDocument),
    ("entry_visa_", Topic::TravelDocument),
    ("additional_evidence_", Topic::Evidence),
    ("expired_documents_", Topic::Evidence),
    ("nationality_standard", Topic::Evidence),
    ("transfer_", Topic::Transfer),
    ("transport_", Topic::Transfer),
    ("joint_charter_", Topic::Transfer),
    ("quota_", Topic::Transfer),
    ("return_operations_", Topic::Transfer),
    ("requested_party_must_report_obstacles_", Topic::Transfer),
    ("transit_", Topic::Transit),
    ("escort_", Topic::Transit),
    ("readmission_in_error_", Topic::Error),
    ("costs_", Topic::Costs),
    ("invoice_", Topic::Costs),
    ("identification_mission_cost_", Topic::Costs),
    ("data_", Topic::Data),
    ("security_information_", Topic::Data),
    ("border_points", Topic::Borders),
    ("other_border_points_", Topic::Borders),
    ("suspension_", Topic::Suspension),
    ("application_", Topic::Application),
    ("written_communication_", Topic::Application),
    ("short_reapplication_", Topic::Application),
    ("fingerprints_with_application", Topic::Application),
    ("child_photo_", Topic::Application),
    ("care_statement_", Topic::Application),
    ("health_information_", Topic::Application),
    ("delivery_report_", Topic::Application),
    ("submission_record_", Topic::Application),
    ("separate_authorities_", Topic::Application),
    ("further_information_", Topic::Application),
    ("electronic_case_system_", Topic::Application),
    ("document_languages", Topic::Application),
    ("declaration_of_return_decision_", Topic::Application),
    ("covers_", Topic::Scope),
    ("reciprocal", Topic::Scope),
    ("member_states_not_bound", Topic::Scope),
    ("remains_applicable_", Topic::Scope),
    ("displaced_by", Topic::Scope),
    ("takes_precedence_over", Topic::Scope),
    ("supersedes_", Topic::Scope),
    ("applies_", Topic::Scope),
    ("competing_visas_", Topic::Scope),
    ("direct_return_", Topic::Scope),
    ("family_members_", Topic::Scope),
    ("former_nationals_", Topic::Scope),
    ("minor_children_", Topic::Scope),
    ("own_nationals_", Topic::Scope),
    ("spouses_", Topic::Scope),
    ("third_country_national_", Topic::Scope),
    ("unaccompanied_minor_", Topic::Scope),
    ("voluntary_return_", Topic::Scope),
    ("requested_party_must_respect_", Topic::Scope),
    ("authentic_languages", Topic::Instrument),
    ("celex", Topic::Instrument),
    ("conclusion_decision", Topic::Instrument),
    ("dispute_steps", Topic::Instrument),
    ("effective_rule", Topic::Instrument),
    ("id", Topic::Instrument),
    ("in_force_", Topic::Instrument),
    ("protocol_in_force_from", Topic::Instrument),
    ("kind", Topic::Instrument),
    ("legally_binding", Topic::Instrument),
    ("non_affected_instruments", Topic::Instrument),
    ("official_journal", Topic::Instrument),
    ("parties", Topic::Instrument),
    ("prevailing_language", Topic::Instrument),
    ("signed_on", Topic::Instrument),
    ("source", Topic::Instrument),
    ("title", Topic::Instrument),
    ("treaty_series_id", Topic::Instrument),
    ("working_language", Topic::Instrument),
];

impl Topic {
    /// The topic of a word, as people type it.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        TOPICS.iter().find(|(known, _)| *known == word).map(|(_, topic)| *topic)
    }

    /// What a key of an agreement or a protocol is about; `None` for one that nothing here places.
    #[must_use]
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let placed = BEGINNINGS.iter().find(|(beginning, _)| key.starts_with(beginning));
        placed.map(|(_, topic)| *topic)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = TOPICS.iter().find(|(_, topic)| topic == self);
        f.write_str(named.map_or("instrument", |(word, _)| word))
    }
}
