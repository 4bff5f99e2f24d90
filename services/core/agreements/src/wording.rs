//! The words of the data for what compiled rules hold, and the words of people for a length.

use domain::rules::{
    Category, LateDocument, Length, Purpose, SilenceEffect, Start, Strength, Unit,
};

use crate::reading::UNITS;
use crate::terms::{STARTS, Word};

/// Every event that starts a clock of compiled rules, as the data and `--event` name it.
pub(crate) fn start_words() -> impl Iterator<Item = (&'static str, Start)> {
    STARTS.iter().filter_map(|(word, meaning)| match meaning {
        Word::Meaning(start) => Some((*word, *start)),
        Word::Inexpressible(_) => None,
    })
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
    }
}

/// The word for what silence means.
#[must_use]
pub const fn silence_word(effect: SilenceEffect) -> &'static str {
    match effect {
        SilenceEffect::DeemedAccepted => "deemed_accepted",
        SilenceEffect::DeemedRefused => "deemed_refused",
        SilenceEffect::NotStated => "not_stated",
    }
}

/// The word for what applies when a travel document is late.
#[must_use]
pub const fn late_word(late: LateDocument) -> &'static str {
    match late {
        LateDocument::RequestingPartyDocumentAccepted => "requesting_party_document_accepted",
    }
}
