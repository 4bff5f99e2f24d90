//! The words of the data for what compiled rules hold, and the words of people for a length.

use domain::rules::{
    Category, Expected, ExtensionNeeds, LateDocument, LateWhen, Length, Purpose, SilenceEffect,
    Start, Strength, ThirdCountryDocument, Unit,
};

use crate::reading::UNITS;
use crate::terms::{INTERVIEW_STARTS, STARTS};

/// Every event that starts a clock of compiled rules, as the data and `--event` name it.
pub(crate) fn start_words() -> impl Iterator<Item = (&'static str, Start)> {
    STARTS.into_iter().chain(INTERVIEW_STARTS)
}

/// The word for what starts a clock.
#[must_use]
pub fn start_word(start: Start) -> &'static str {
    let named = start_words().find(|(_, known)| *known == start);
    named.map_or("an event that the data has no word for", |(word, _)| word)
}

/// The word for a unit: the end of the keys of the data.
#[must_use]
pub fn unit_word(unit: Unit) -> &'static str {
    let named = UNITS.iter().find(|(_, known)| *known == unit);
    named.map_or("units that the data has no word for", |(word, _)| word)
}

/// A length for people: what the text leaves unqualified is shown as such.
#[must_use]
pub fn length_words(length: Length) -> String {
    let Length { count, unit } = length;
    let plural = if count == 1 { "" } else { "s" };
    match unit {
        Unit::Hours => format!("{count} hour{plural}"),
        Unit::CalendarDays => format!("{count} calendar day{plural}"),
        Unit::DaysUnqualified => format!("{count} day{plural} (unqualified)"),
        Unit::Weeks => format!("{count} week{plural}"),
        Unit::CalendarMonths => format!("{count} calendar month{plural}"),
        Unit::Years => format!("{count} year{plural}"),
        Unit::WorkingDays => format!("{count} working day{plural}"),
    }
}

/// The word for a category of persons.
#[must_use]
pub const fn category_word(category: Category) -> &'static str {
    match category {
        Category::OwnNational => "own_national",
        Category::FormerNational => "former_national",
        Category::ThirdCountryNational => "third_country_national",
        Category::Stateless => "stateless",
    }
}

/// Every category, in the order of the rules.
pub const CATEGORIES: [Category; 4] = [
    Category::OwnNational,
    Category::FormerNational,
    Category::ThirdCountryNational,
    Category::Stateless,
];

/// The word for what evidence is for.
#[must_use]
pub const fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Nationality => "nationality",
        Purpose::ThirdCountryConditions => "third_country_conditions",
    }
}

/// The word for how strong evidence is.
#[must_use]
pub const fn strength_word(strength: Strength) -> &'static str {
    match strength {
        Strength::Proof => "proof",
        Strength::PrimaFacie => "prima_facie",
        Strength::ReasonToVerify => "initiates_verification",
        Strength::Supporting => "supporting",
    }
}

/// The word for what silence means.
#[must_use]
pub const fn silence_word(effect: SilenceEffect) -> &'static str {
    match effect {
        SilenceEffect::DeemedAccepted => "deemed_accepted",
        SilenceEffect::DeemedRefused => "deemed_refused",
        SilenceEffect::NotStated => "not_stated",
        SilenceEffect::DeemedAcceptedWithDocument => {
            "deemed_accepted_and_requesting_party_travel_document_accepted"
        }
    }
}

/// The word for what applies when a travel document is late.
#[must_use]
pub const fn late_word(late: LateDocument) -> &'static str {
    match late {
        LateDocument::RequestingPartyDocumentAccepted => "requesting_party_document_accepted",
        LateDocument::CommonProvisionalDocumentAccepted => {
            "common_provisional_travel_document_accepted"
        }
        LateDocument::UnionStandardDocumentAccepted => "eu_standard_travel_document_accepted",
        LateDocument::ExpiredDocumentAccepted => "expired_document_accepted",
        LateDocument::ReturnOnUnderlyingEvidence => "return_on_underlying_evidence",
    }
}

/// The word for what must have happened as well, for a travel document to be late.
#[must_use]
pub const fn late_when_word(when: LateWhen) -> &'static str {
    match when {
        LateWhen::ReceiptNotAcknowledged => "receipt_of_request_not_acknowledged",
    }
}

/// How soon a travel document is expected.
#[must_use]
pub fn expected_words(expected: Expected) -> String {
    match expected {
        Expected::WithoutDelay => "without_delay".to_owned(),
        Expected::ImmediatelyAfterPositiveReply => "immediately_after_positive_reply".to_owned(),
        Expected::Normally(length) => format!("normally within {}", length_words(length)),
    }
}

/// What third-country nationals and stateless persons travel on.
#[must_use]
pub const fn third_country_document_words(document: ThirdCountryDocument) -> &'static str {
    match document {
        ThirdCountryDocument::OfRequestingParty => "requesting_party",
        ThirdCountryDocument::OfRequestingPartyWithVisa => {
            "requesting_party, with an entry visa of the requested party"
        }
    }
}

/// The word for what a longer reply needs.
#[must_use]
pub const fn extension_needs_word(needs: ExtensionNeeds) -> &'static str {
    match needs {
        ExtensionNeeds::DulyMotivatedRequest => "duly_motivated_request",
        ExtensionNeeds::Reasons => "reasons",
    }
}
