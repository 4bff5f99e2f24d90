//! The data files that are built in, read and checked together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{Calendar, Offsets, Years};
use domain::time::Date;

use crate::agreement_file::{Agreement, AgreementFile, EvidenceList, ProtocolFile};
use crate::calendar_file::Calendars;
use crate::fault::{Fault, FileError, nearest};
use crate::supplement_file::{PROTOCOL_IN_FORCE, Supplement};
use crate::terms::{SHORT_EVIDENCE, Terms};
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

/// Every built-in agreement, in the order of their ids.
#[must_use]
pub fn available() -> Vec<Listing> {
    let listing = |file: &AgreementFile| Listing {
        id: file.agreement.id.clone(),
        title: file.agreement.title.clone(),
        parties: file.agreement.parties.clone(),
        in_force_from: file.agreement.force.from,
    };
    BUILT_IN.agreements.values().map(listing).collect()
}

/// A built-in agreement file, with what is only shown.
#[must_use]
pub fn agreement(id: &AgreementId) -> Option<&'static AgreementFile> {
    BUILT_IN.agreements.get(id)
}

/// The built-in protocols that implement an agreement.
pub fn protocols(agreement: &AgreementId) -> impl Iterator<Item = &'static ProtocolFile> {
    BUILT_IN.protocols.values().filter(move |protocol| protocol.agreement == *agreement)
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
    let read = AgreementFile::read(file, text, &BTreeSet::new())?;
    BUILT_IN.check_names(file, &Names::of_agreement(&read))?;
    BUILT_IN.check_displaced(file, &read.agreement)?;
    Ok(read)
}

/// The texts of all data files, by name.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) agreements: Vec<(String, String)>,
    pub(crate) protocols: Vec<(String, String)>,
    pub(crate) evidence: String,
    pub(crate) calendars: String,
    pub(crate) unions: String,
}

/// All data files, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) agreements: BTreeMap<AgreementId, AgreementFile>,
    pub(crate) protocols: BTreeMap<AgreementId, ProtocolFile>,
    /// The texts of the files of agreements and protocols, to read one again with what was
    /// confirmed, and to show it.
    pub(crate) texts: BTreeMap<AgreementId, (String, String)>,
    pub(crate) items: Items,
    pub(crate) calendars: Calendars,
    pub(crate) unions: Unions,
}

pub(crate) static BUILT_IN: LazyLock<Library> = LazyLock::new(|| {
    Library::read(&Texts::built_in()).expect("a test reads the built-in data files without a fault")
});

// `AGREEMENTS` and `PROTOCOLS`, listed by `build.rs`: the name and the text of every file.
include!(concat!(env!("OUT_DIR"), "/data.rs"));

impl Texts {
    pub(crate) fn built_in() -> Self {
        let owned = |files: &[(&str, &str)]| {
            files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
        };
        Self {
            agreements: owned(AGREEMENTS),
            protocols: owned(PROTOCOLS),
            evidence: include_str!("../data/evidence.toml").to_owned(),
            calendars: include_str!("../data/calendars.toml").to_owned(),
            unions: include_str!("../data/unions.toml").to_owned(),
        }
    }
}

impl Library {
    pub(crate) fn read(texts: &Texts) -> Result<Self, FileError> {
        let mut library = Self {
            agreements: BTreeMap::new(),
            protocols: BTreeMap::new(),
            texts: BTreeMap::new(),
            items: Items::read("evidence.toml", &texts.evidence)?,
            calendars: Calendars::read("calendars.toml", &texts.calendars)?,
            unions: Unions::read("unions.toml", &texts.unions)?,
        };
        for (file, text) in &texts.agreements {
            let read = AgreementFile::read(file, text, &BTreeSet::new())?;
            library.check_names(file, &Names::of_agreement(&read))?;
            let id = read.agreement.id.clone();
            library.texts.insert(id.clone(), (file.clone(), text.clone()));
            once(file, text, &id, library.agreements.insert(id.clone(), read).is_some())?;
        }
        for (file, text) in &texts.protocols {
            let read = ProtocolFile::read(file, text)?;
            library.check_names(file, &Names::of_protocol(&read))?;
            let id = read.id.clone();
            let taken = library.agreements.contains_key(&id);
            library.texts.insert(id.clone(), (file.clone(), text.clone()));
            once(file, text, &id, library.protocols.insert(id.clone(), read).is_some() || taken)?;
        }
        for (id, protocol) in &library.protocols {
            library.check_references(library.file_of(id), protocol)?;
        }
        for (id, read) in &library.agreements {
            library.check_displaced(library.file_of(id), &read.agreement)?;
        }
        Ok(library)
    }

    /// The name of the file that has an agreement or a protocol.
    fn file_of(&self, id: &AgreementId) -> &str {
        self.texts.get(id).map(|(file, _)| file.as_str()).unwrap_or_default()
    }

    /// Every item of evidence and every party must be known.
    pub(crate) fn check_names(&self, file: &str, names: &Names<'_>) -> Result<(), FileError> {
        self.check_items(file, names.short_line, SHORT_EVIDENCE, names.short_evidence())?;
        for list in names.lists {
            self.check_items(file, list.items_line, "items", &list.items)?;
            let of = list.nationals_of.iter().find(|of| self.unions.members(of).is_none());
            if let Some(party) = of {
                let known = self.unions.codes();
                return Err(unknown(file, list.items_line, "nationals_of", party, known));
            }
        }
        let party = names.parties.iter().find(|party| self.unions.members(party).is_none());
        match party {
            None => Ok(()),
            Some(party) => {
                let known = self.unions.codes();
                Err(unknown(file, names.parties_line, "parties", party, known))
            }
        }
    }

    /// What a supplement says must be about something that is known, and not before the signature.
    pub(crate) fn check_supplement(
        &self,
        file: &str,
        supplement: &Supplement,
        signed_on: Option<Date>,
    ) -> Result<(), FileError> {
        let line_of = |key: &str| {
            supplement.keys.iter().find(|(known, _)| known == key).map_or(1, |(_, line)| *line)
        };
        let fault =
            |key: &str, fault| FileError { file: file.to_owned(), line: line_of(key), fault };
        let items =
            supplement.terms.as_ref().and_then(|it| it.travel_document_short_evidence.as_ref());
        let items = items.map(|items| items.value.as_slice()).unwrap_or_default();
        self.check_items(file, line_of(SHORT_EVIDENCE), SHORT_EVIDENCE, items)?;
        let early = supplement.in_force_from.zip(signed_on).is_some_and(|(from, on)| from < on);
        if early {
            let (key, other) = ("in_force_from".to_owned(), "signed_on".to_owned());
            return Err(fault("in_force_from", Fault::Contradiction { key, other }));
        }
        let mut protocols = self.protocols.values();
        let any = protocols.any(|protocol| protocol.agreement == supplement.agreement);
        match supplement.protocol_in_force_from {
            Some(_) if !any => {
                let why = "no protocol implements the agreement";
                let key = PROTOCOL_IN_FORCE.to_owned();
                Err(fault(PROTOCOL_IN_FORCE, Fault::CompletesNothing { key, why }))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_items(
        &self,
        file: &str,
        line: usize,
        key: &str,
        items: &[EvidenceItem],
    ) -> Result<(), FileError> {
        let known = &self.items.0;
        match items.iter().find(|item| !known.contains_key(item)) {
            None => Ok(()),
            Some(item) => {
                let known = known.keys().map(EvidenceItem::as_str);
                Err(unknown(file, line, key, item.as_str(), known))
            }
        }
    }

    /// Every agreement that a protocol names must be there.
    pub(crate) fn check_references(
        &self,
        file: &str,
        protocol: &ProtocolFile,
    ) -> Result<(), FileError> {
        match protocol.references().find(|(_, _, id)| !self.agreements.contains_key(id)) {
            None => Ok(()),
            Some((key, line, id)) => {
                let known = self.agreements.keys().map(AgreementId::as_str);
                Err(unknown(file, line, key, id.as_str(), known))
            }
        }
    }

    /// Every agreement that displaces another must be there.
    pub(crate) fn check_displaced(&self, file: &str, read: &Agreement) -> Result<(), FileError> {
        match read.displaced_by.as_ref().filter(|id| !self.agreements.contains_key(id)) {
            None => Ok(()),
            Some(id) => {
                let known = self.agreements.keys().map(AgreementId::as_str);
                Err(unknown(file, read.displaced_line, "displaced_by", id.as_str(), known))
            }
        }
    }
}

/// The names in a file that other files define.
pub(crate) struct Names<'a> {
    lists: &'a [EvidenceList],
    parties: &'a [String; 2],
    parties_line: usize,
    terms: &'a Terms,
    short_line: usize,
}

impl<'a> Names<'a> {
    /// The items on which a shorter limit counts.
    fn short_evidence(&self) -> &'a [EvidenceItem] {
        let items = self.terms.travel_document_short_evidence.as_ref();
        items.map(|items| items.value.as_slice()).unwrap_or_default()
    }

    pub(crate) const fn of_agreement(file: &'a AgreementFile) -> Self {
        Self {
            lists: file.evidence_lists.as_slice(),
            parties: &file.agreement.parties,
            parties_line: file.agreement.parties_line,
            terms: &file.agreement.terms,
            short_line: file.agreement.short_line,
        }
    }

    pub(crate) const fn of_protocol(file: &'a ProtocolFile) -> Self {
        Self {
            lists: file.evidence_lists.as_slice(),
            parties: &file.parties,
            parties_line: file.parties_line,
            terms: &file.terms,
            short_line: file.short_line,
        }
    }
}

pub(crate) fn unknown<'a>(
    file: &str,
    line: usize,
    key: &str,
    value: &str,
    known: impl Iterator<Item = &'a str>,
) -> FileError {
    let nearest = nearest(value, known);
    let fault = Fault::UnknownName { key: key.to_owned(), value: value.to_owned(), nearest };
    FileError { file: file.to_owned(), line, fault }
}

fn once(file: &str, text: &str, id: &AgreementId, taken: bool) -> Result<(), FileError> {
    if !taken {
        return Ok(());
    }
    let fault = Fault::Twice { key: "id".to_owned(), value: id.to_string() };
    let stands = |line: &str| line.trim_start().starts_with("id") && line.contains(id.as_str());
    let line = text.lines().position(stands).map_or(1, |at| at + 1);
    Err(FileError { file: file.to_owned(), line, fault })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_files_of_one_id_are_refused_with_the_line_of_the_second() {
        let mut texts = Texts::built_in();
        let (_, first) = texts.agreements.first().unwrap().clone();
        texts.agreements.push(("again.toml".to_owned(), first.clone()));
        let error = Library::read(&texts).unwrap_err();
        let expected = "`again.toml`, line 6: `id` has `benelux_armenia_2009` twice";
        assert_eq!(error.to_string(), expected);
        // A protocol must not take the id of an agreement either.
        let mut texts = Texts::built_in();
        let (_, protocol) = texts.protocols.first().unwrap().clone();
        let taken = protocol.replace("\"benelux_albania_2005\"", "\"eu_albania_2006\"");
        texts.protocols = vec![("taken.toml".to_owned(), taken)];
        let error = Library::read(&texts).unwrap_err();
        let expected = "`taken.toml`, line 6: `id` has `eu_albania_2006` twice";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_data_file_is_built_in_and_named_after_its_id() {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        for (folder, built_in) in [("agreements", AGREEMENTS), ("protocols", PROTOCOLS)] {
            let files = std::fs::read_dir(data.join(folder)).unwrap();
            let files: BTreeSet<String> =
                files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            let named = built_in.iter().map(|(file, _)| (*file).to_owned()).collect();
            assert_eq!(files, named, "{folder}");
        }
        let ids = BUILT_IN.agreements.keys().chain(BUILT_IN.protocols.keys());
        let files = AGREEMENTS.iter().chain(PROTOCOLS).map(|(file, _)| (*file).to_owned());
        assert_eq!(
            ids.map(|id| format!("{id}.toml")).collect::<Vec<_>>(),
            files.collect::<Vec<_>>()
        );
    }
}
