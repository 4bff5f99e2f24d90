//! The data files that are built in, read and checked together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{Calendar, Offsets, Years};
use domain::time::Date;

use crate::agreement_file::{AgreementFile, EvidenceList, ProtocolFile};
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

const AGREEMENTS: &[(&str, &str)] = &[
    ("benelux_armenia_2009.toml", include_str!("../data/agreements/benelux_armenia_2009.toml")),
    (
        "benelux_bosnia_herzegovina_2006.toml",
        include_str!("../data/agreements/benelux_bosnia_herzegovina_2006.toml"),
    ),
    (
        "benelux_fr_yugoslavia_2002.toml",
        include_str!("../data/agreements/benelux_fr_yugoslavia_2002.toml"),
    ),
    ("benelux_hungary_2002.toml", include_str!("../data/agreements/benelux_hungary_2002.toml")),
    (
        "benelux_kazakhstan_2015.toml",
        include_str!("../data/agreements/benelux_kazakhstan_2015.toml"),
    ),
    ("benelux_kosovo_2011.toml", include_str!("../data/agreements/benelux_kosovo_2011.toml")),
    ("benelux_lithuania_1999.toml", include_str!("../data/agreements/benelux_lithuania_1999.toml")),
    ("benelux_macedonia_2006.toml", include_str!("../data/agreements/benelux_macedonia_2006.toml")),
    ("benelux_romania_1995.toml", include_str!("../data/agreements/benelux_romania_1995.toml")),
    ("benelux_slovenia_1992.toml", include_str!("../data/agreements/benelux_slovenia_1992.toml")),
    (
        "benelux_switzerland_2003.toml",
        include_str!("../data/agreements/benelux_switzerland_2003.toml"),
    ),
    (
        "eu_afghanistan_joint_declaration_2021.toml",
        include_str!("../data/agreements/eu_afghanistan_joint_declaration_2021.toml"),
    ),
    (
        "eu_afghanistan_joint_way_forward_2016.toml",
        include_str!("../data/agreements/eu_afghanistan_joint_way_forward_2016.toml"),
    ),
    ("eu_albania_2006.toml", include_str!("../data/agreements/eu_albania_2006.toml")),
    ("eu_armenia_2014.toml", include_str!("../data/agreements/eu_armenia_2014.toml")),
    ("eu_azerbaijan_2014.toml", include_str!("../data/agreements/eu_azerbaijan_2014.toml")),
    ("eu_bangladesh_sop_2017.toml", include_str!("../data/agreements/eu_bangladesh_sop_2017.toml")),
    ("eu_belarus_2020.toml", include_str!("../data/agreements/eu_belarus_2020.toml")),
    (
        "eu_bosnia_herzegovina_2008.toml",
        include_str!("../data/agreements/eu_bosnia_herzegovina_2008.toml"),
    ),
    ("eu_cape_verde_2013.toml", include_str!("../data/agreements/eu_cape_verde_2013.toml")),
    (
        "eu_ethiopia_admission_procedures_2018.toml",
        include_str!("../data/agreements/eu_ethiopia_admission_procedures_2018.toml"),
    ),
    (
        "eu_gambia_good_practices_2018.toml",
        include_str!("../data/agreements/eu_gambia_good_practices_2018.toml"),
    ),
    ("eu_georgia_2011.toml", include_str!("../data/agreements/eu_georgia_2011.toml")),
    ("eu_hong_kong_2004.toml", include_str!("../data/agreements/eu_hong_kong_2004.toml")),
    ("eu_macao_2004.toml", include_str!("../data/agreements/eu_macao_2004.toml")),
    ("eu_moldova_2008.toml", include_str!("../data/agreements/eu_moldova_2008.toml")),
    ("eu_montenegro_2008.toml", include_str!("../data/agreements/eu_montenegro_2008.toml")),
    (
        "eu_north_macedonia_2008.toml",
        include_str!("../data/agreements/eu_north_macedonia_2008.toml"),
    ),
    ("eu_pakistan_2010.toml", include_str!("../data/agreements/eu_pakistan_2010.toml")),
    ("eu_russia_2007.toml", include_str!("../data/agreements/eu_russia_2007.toml")),
    ("eu_serbia_2008.toml", include_str!("../data/agreements/eu_serbia_2008.toml")),
    ("eu_sri_lanka_2005.toml", include_str!("../data/agreements/eu_sri_lanka_2005.toml")),
    ("eu_turkiye_2014.toml", include_str!("../data/agreements/eu_turkiye_2014.toml")),
    ("eu_ukraine_2008.toml", include_str!("../data/agreements/eu_ukraine_2008.toml")),
    (
        "russia_switzerland_2009.toml",
        include_str!("../data/agreements/russia_switzerland_2009.toml"),
    ),
];

const PROTOCOLS: &[(&str, &str)] = &[
    ("benelux_albania_2005.toml", include_str!("../data/protocols/benelux_albania_2005.toml")),
    (
        "benelux_bosnia_herzegovina_2013.toml",
        include_str!("../data/protocols/benelux_bosnia_herzegovina_2013.toml"),
    ),
    ("benelux_georgia_2013.toml", include_str!("../data/protocols/benelux_georgia_2013.toml")),
    ("benelux_moldova_2013.toml", include_str!("../data/protocols/benelux_moldova_2013.toml")),
    (
        "benelux_montenegro_2012.toml",
        include_str!("../data/protocols/benelux_montenegro_2012.toml"),
    ),
    (
        "benelux_north_macedonia_2012.toml",
        include_str!("../data/protocols/benelux_north_macedonia_2012.toml"),
    ),
    ("benelux_serbia_2013.toml", include_str!("../data/protocols/benelux_serbia_2013.toml")),
    (
        "netherlands_russia_2011.toml",
        include_str!("../data/protocols/netherlands_russia_2011.toml"),
    ),
];

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
        library.check_references(texts)?;
        Ok(library)
    }

    /// Every item of evidence and every party must be known.
    pub(crate) fn check_names(&self, file: &str, names: &Names<'_>) -> Result<(), FileError> {
        let items = &self.items.0;
        for list in names.lists {
            if let Some(item) = list.items.iter().find(|item| !items.contains_key(item)) {
                let known = items.keys().map(EvidenceItem::as_str);
                return Err(unknown(file, list.items_line, "items", item.as_str(), known));
            }
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

    /// Every agreement that another file names must be there.
    fn check_references(&self, texts: &Texts) -> Result<(), FileError> {
        let known = || self.agreements.keys().map(AgreementId::as_str);
        for (file, text) in &texts.protocols {
            let protocol = ProtocolFile::read(file, text)?;
            let named = [
                ("agreement", Some(&protocol.agreement)),
                ("takes_precedence_over", protocol.takes_precedence_over.as_ref()),
            ];
            for (key, id) in named {
                if let Some(id) = id.filter(|id| !self.agreements.contains_key(id)) {
                    let line = protocol.agreement_line;
                    return Err(unknown(file, line, key, id.as_str(), known()));
                }
            }
        }
        for file in self.agreements.values() {
            let by = file.agreement.displaced_by.as_ref();
            if let Some(id) = by.filter(|id| !self.agreements.contains_key(id)) {
                let (name, line) = (file.agreement.id.as_str(), file.agreement.parties_line);
                return Err(unknown(name, line, "displaced_by", id.as_str(), known()));
            }
        }
        Ok(())
    }
}

/// The names in a file that other files define.
pub(crate) struct Names<'a> {
    lists: &'a [EvidenceList],
    parties: &'a [String; 2],
    parties_line: usize,
}

impl<'a> Names<'a> {
    pub(crate) const fn of_agreement(file: &'a AgreementFile) -> Self {
        Self {
            lists: file.evidence_lists.as_slice(),
            parties: &file.agreement.parties,
            parties_line: file.agreement.parties_line,
        }
    }

    pub(crate) const fn of_protocol(file: &'a ProtocolFile) -> Self {
        Self {
            lists: file.evidence_lists.as_slice(),
            parties: &file.parties,
            parties_line: file.parties_line,
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
