//! The data files that are built in, read and checked together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{Calendar, Offsets, Years};
use domain::time::Date;

use crate::agreement_file::AgreementFile;
use crate::calendar_file::Calendars;
use crate::fault::{Fault, FileError, nearest};
use crate::vocabulary::{Items, Unions};

/// A built-in agreement, for help texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The agreement.
    pub id: AgreementId,
    /// Its title.
    pub title: String,
    /// Its parties as it names them: States, or unions of States.
    pub parties: [String; 2],
    /// First day in force, as far as it is established.
    pub in_force_from: Option<Date>,
}

/// Every built-in agreement.
#[must_use]
pub fn available() -> Vec<Listing> {
    let listing = |file: &AgreementFile| Listing {
        id: file.agreement.id.clone(),
        title: file.agreement.title.clone(),
        parties: file.agreement.parties.clone(),
        in_force_from: file.agreement.in_force_from,
    };
    BUILT_IN.agreements.values().map(listing).collect()
}

/// A built-in agreement file, with what is only shown.
#[must_use]
pub fn agreement(id: &AgreementId) -> Option<&'static AgreementFile> {
    BUILT_IN.agreements.get(id)
}

/// What people call an item of evidence.
#[must_use]
pub fn evidence_label(item: &EvidenceItem) -> Option<&'static str> {
    BUILT_IN.items.label(item)
}

/// The calendar of a State, with the years that it covers.
#[must_use]
pub fn calendar(state: State) -> Option<(&'static Calendar, Years)> {
    BUILT_IN.calendars.calendar(state)
}

/// The offsets of a State's clock from UTC, for the years that the calendars cover at most.
#[must_use]
pub fn offsets(state: State) -> Option<Offsets> {
    BUILT_IN.calendars.offsets(state, BUILT_IN.calendars.zone(state)?)
}

/// Reads and checks an agreement file against the built-in vocabulary.
///
/// # Errors
/// [`FileError`] with the first fault, its line and what would be right.
pub fn check(file: &str, text: &str) -> Result<AgreementFile, FileError> {
    let read = AgreementFile::read(file, text)?;
    check_names(file, &read, &BUILT_IN.items, &BUILT_IN.unions)?;
    Ok(read)
}

/// The texts of all data files, by name.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) agreements: Vec<(String, String)>,
    pub(crate) evidence: String,
    pub(crate) calendars: String,
    pub(crate) unions: String,
}

/// All data files, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) agreements: BTreeMap<AgreementId, AgreementFile>,
    pub(crate) items: Items,
    pub(crate) calendars: Calendars,
    pub(crate) unions: Unions,
}

pub(crate) static BUILT_IN: LazyLock<Library> = LazyLock::new(|| {
    Library::read(&Texts::built_in()).expect("a test reads the built-in data files without a fault")
});

impl Texts {
    pub(crate) fn built_in() -> Self {
        let agreements = [(
            "benelux_kosovo_2011.toml",
            include_str!("../data/agreements/benelux_kosovo_2011.toml"),
        )];
        Self {
            agreements: agreements.map(|(file, text)| (file.to_owned(), text.to_owned())).to_vec(),
            evidence: include_str!("../data/evidence.toml").to_owned(),
            calendars: include_str!("../data/calendars.toml").to_owned(),
            unions: include_str!("../data/unions.toml").to_owned(),
        }
    }
}

impl Library {
    pub(crate) fn read(texts: &Texts) -> Result<Self, FileError> {
        let items = Items::read("evidence.toml", &texts.evidence)?;
        let calendars = Calendars::read("calendars.toml", &texts.calendars)?;
        let unions = Unions::read("unions.toml", &texts.unions)?;
        let mut agreements = BTreeMap::new();
        for (file, text) in &texts.agreements {
            let read = AgreementFile::read(file, text)?;
            check_names(file, &read, &items, &unions)?;
            let id = read.agreement.id.clone();
            if agreements.insert(id.clone(), read).is_some() {
                let fault = Fault::Twice { key: "id".to_owned(), value: id.to_string() };
                return Err(FileError { file: file.clone(), line: 1, fault });
            }
        }
        Ok(Self { agreements, items, calendars, unions })
    }
}

/// Every item of evidence and every party must be known.
fn check_names(
    file: &str,
    read: &AgreementFile,
    items: &Items,
    unions: &Unions,
) -> Result<(), FileError> {
    let unknown = |line, key: &str, value: &str, nearest| FileError {
        file: file.to_owned(),
        line,
        fault: Fault::UnknownName { key: key.to_owned(), value: value.to_owned(), nearest },
    };
    for list in &read.evidence_lists {
        let missing = list.items.iter().find(|item| !items.0.contains_key(item));
        if let Some(item) = missing {
            let near = nearest(item.as_str(), items.0.keys().map(EvidenceItem::as_str));
            return Err(unknown(list.items_line, "items", item.as_str(), near));
        }
    }
    let unknown_party = read.agreement.parties.iter().find(|party| unions.members(party).is_none());
    match unknown_party {
        None => Ok(()),
        Some(party) => {
            let near = nearest(party, unions.codes());
            Err(unknown(read.agreement.parties_line, "parties", party, near))
        }
    }
}
