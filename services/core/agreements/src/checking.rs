//! Checking one file that somebody wrote, of whatever kind, against the built-in data.

use std::collections::BTreeSet;

use domain::identifier::{AgreementId, State};
use domain::rules::Years;
use toml::de::DeTable;

use crate::agreement_file::{AgreementFile, ProtocolFile};
use crate::calendar_file::Calendars;
use crate::compile::{CompileError, check_contradictions};
use crate::fault::{Fault, FileError, nearest};
use crate::library::{BUILT_IN, Library, Names, Texts};
use crate::supplement_file::Supplement;
use crate::vocabulary::{Items, Unions};

/// A file without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// An agreement, with the number of keys that it establishes.
    Agreement(AgreementId, usize),
    /// A protocol that implements an agreement.
    Protocol(AgreementId, AgreementId),
    /// Values that complete an agreement.
    Supplement(AgreementId, Vec<String>),
    /// Calendars and time zones.
    Calendars(Vec<State>, Years),
    /// The vocabulary of evidence, with the number of items.
    Evidence(usize),
    /// Unions of States, by their codes.
    Unions(Vec<String>),
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Nothing in it says what kind of file it is.
    #[error("`{file}` must have one of the tables {}", tables())]
    KindMustBeKnown { file: String },
    /// A fault in the file.
    #[error(transparent)]
    File(FileError),
    /// A value that an agreement has already.
    #[error(transparent)]
    Supplement(CompileError),
}

impl CheckError {
    /// Whether the file is not even TOML of a kind that is known here.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        match self {
            Self::KindMustBeKnown { .. } => true,
            Self::File(FileError { fault, .. }) => matches!(fault, Fault::NotToml { .. }),
            Self::Supplement(_) => false,
        }
    }
}

/// The tables that tell one kind of file from another.
const KINDS: [&str; 8] = [
    "implementing_protocol",
    "supplied",
    "calendar",
    "zone",
    "evidence",
    "union",
    "territory",
    "agreement",
];

fn tables() -> String {
    let tables: Vec<String> = KINDS.iter().map(|kind| format!("`{kind}`")).collect();
    tables.join(", ")
}

/// Checks a file: an agreement, a protocol, a supplement, calendars, or a vocabulary.
///
/// # Errors
/// [`CheckError`] with the first fault, its line and what would be right.
pub fn check_any(file: &str, text: &str) -> Result<Checked, CheckError> {
    match kind(text) {
        Some("implementing_protocol") => protocol(file, text),
        Some("supplied") => supplement(file, text),
        Some("calendar" | "zone") => calendars(file, text),
        Some("evidence") => {
            let items = Items::read(file, text).map_err(CheckError::File)?;
            Ok(Checked::Evidence(items.0.len()))
        }
        Some("union" | "territory") => {
            let unions = Unions::read(file, text).map_err(CheckError::File)?;
            Ok(Checked::Unions(unions.codes().map(str::to_owned).collect()))
        }
        Some(_) => agreement(file, text),
        None => match DeTable::parse(text) {
            Ok(_) => Err(CheckError::KindMustBeKnown { file: file.to_owned() }),
            // Reading it as something says where it is broken.
            Err(_) => agreement(file, text),
        },
    }
}

/// Reads and checks all built-in files anew: the number of agreements and protocols.
///
/// # Errors
/// [`FileError`] with the first fault; a test holds that there is none.
pub fn check_built_in() -> Result<usize, FileError> {
    let library = Library::read(&Texts::built_in())?;
    Ok(library.agreements.len() + library.protocols.len())
}

fn kind(text: &str) -> Option<&'static str> {
    let root = DeTable::parse(text).ok()?;
    let root = root.get_ref();
    // In a supplement `agreement` is the name of one, and no table.
    KINDS.into_iter().find(|kind| root.contains_key(*kind))
}

fn agreement(file: &str, text: &str) -> Result<Checked, CheckError> {
    let read = crate::library::check(file, text).map_err(CheckError::File)?;
    let AgreementFile { agreement, .. } = read;
    Ok(Checked::Agreement(agreement.id, agreement.keys.len()))
}

fn protocol(file: &str, text: &str) -> Result<Checked, CheckError> {
    let read = ProtocolFile::read(file, text).map_err(CheckError::File)?;
    BUILT_IN.check_names(file, &Names::of_protocol(&read)).map_err(CheckError::File)?;
    BUILT_IN.check_references(file, &read).map_err(CheckError::File)?;
    Ok(Checked::Protocol(read.id, read.agreement))
}

fn supplement(file: &str, text: &str) -> Result<Checked, CheckError> {
    let read = Supplement::read(file, text).map_err(CheckError::File)?;
    let Some(known) = BUILT_IN.agreements.get(&read.agreement) else {
        let ids = BUILT_IN.agreements.keys().map(AgreementId::as_str);
        let nearest = nearest(read.agreement.as_str(), ids);
        return Err(CheckError::Supplement(CompileError::AgreementMustBeKnown {
            agreement: read.agreement,
            nearest,
        }));
    };
    let signed_on = known.agreement.force.signed_on;
    BUILT_IN.check_supplement(file, &read, signed_on).map_err(CheckError::File)?;
    let keys = known.agreement.keys.iter();
    check_contradictions(file, &read, keys).map_err(CheckError::Supplement)?;
    Ok(Checked::Supplement(read.agreement, read.keys.into_iter().map(|(key, _)| key).collect()))
}

fn calendars(file: &str, text: &str) -> Result<Checked, CheckError> {
    let read = Calendars::read(file, text).map_err(CheckError::File)?;
    let states: BTreeSet<State> = read.states();
    Ok(Checked::Calendars(states.into_iter().collect(), read.years))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_built_in_file_is_of_a_kind_and_sound() {
        let texts = Texts::built_in();
        assert_eq!(check_built_in(), Ok(texts.agreements.len() + texts.protocols.len()));
        for (file, text) in texts.agreements.iter().chain(&texts.protocols) {
            check_any(file, text).unwrap();
        }
        let evidence = check_any("evidence.toml", &texts.evidence).unwrap();
        assert!(matches!(evidence, Checked::Evidence(58)), "{evidence:?}");
        let Checked::Calendars(states, years) = check_any("c.toml", &texts.calendars).unwrap()
        else {
            panic!("calendars")
        };
        assert_eq!((states.len(), years.first, years.last), (38, 2024, 2030));
        let unions = check_any("unions.toml", &texts.unions).unwrap();
        assert_eq!(unions, Checked::Unions(vec!["BENELUX".to_owned(), "EU".to_owned()]));
    }

    #[test]
    fn each_fault_names_file_line_and_what_would_be_right() {
        let supplement =
            |lines: &str| format!("format_version = 1\nagreement = \"eu_armenia_2014\"\n{lines}");
        #[rustfmt::skip]
        let cases = [
            ("x = 1".to_owned(), "`f` must have one of the tables", true),
            ("[agreement".to_owned(), "`f`, line 1: not TOML", true),
            ("format_version = 1\n[agreement]\nid = \"x\"\n".to_owned(),
             "line 2: key `source` is missing", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\nreciprocal = true\n"),
             "`f`, line 6: `reciprocal` is established as `reciprocal` already", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\nreply_limit_day = 1\n"),
             "`f`, line 6: `reply_limit_day` must be `reply_limit_` with one of the units", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\nreply_limit_weeks = 0\n"),
             "`f`, line 6: `reply_limit_weeks` must be a whole number of at least 1", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\n\
                         travel_document_evidence_for_short_limit = [\"zzz\"]\n"),
             "`f`, line 6: `travel_document_evidence_for_short_limit` names `zzz`, which no data",
             false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\n\
                         protocol_in_force_from = 2020-01-01\n"),
             "`f`, line 6: `protocol_in_force_from` completes nothing: no protocol implements the \
              agreement", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\n\
                         in_force_from = 2013-04-18\n"),
             "`f`, line 6: `in_force_from` contradicts `signed_on`", false),
            (supplement("[[supplied]]\narticle = \"1\"\nsource = \"s\"\nreply_limit_weeks = 1\n\
                         [[supplied]]\narticle = \"2\"\nsource = \"s\"\nreply_limit_weeks = 2\n"),
             "`f`, line 10: `reply_limit_weeks` has `reply_limit_weeks` twice", false),
            (supplement("[[supplied]]\n").replace("armenia", "armonia"),
             "key `source` is missing", false),
            (supplement("supplied = []\n").replace("armenia", "armonia"),
             "`eu_armonia_2014` is not known; the nearest known is `eu_armenia_2014`", false),
        ];
        for (text, expected, unreadable) in cases {
            let error = check_any("f", &text).unwrap_err();
            assert!(error.to_string().contains(expected), "{expected}: {error}");
            assert_eq!(error.is_unreadable(), unreadable, "{error}");
        }
    }

    const PRECEDES: &str = "takes_precedence_over";

    #[test]
    fn a_protocol_of_an_unknown_agreement_names_the_nearest() {
        let texts = Texts::built_in();
        let (file, text) = texts.protocols.first().unwrap();
        let text =
            text.replace("agreement = \"eu_albania_2006\"", "agreement = \"eu_albania_2007\"");
        let error = check_any(file, &text).unwrap_err().to_string();
        assert!(error.contains("the nearest known is `eu_albania_2006`"), "{error}");
        let (file, text) = texts.protocols.iter().find(|(_, it)| it.contains(PRECEDES)).unwrap();
        let line = text.lines().position(|line| line.starts_with(PRECEDES)).unwrap() + 1;
        let text = text.replace(&format!("{PRECEDES} = \""), &format!("{PRECEDES} = \"x"));
        let error = check_any(file, &text).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line}: `{PRECEDES}` names `x")), "{error}");
    }
}
