//! Agreement files, read, checked and compiled into the domain's rules; the data is in `data/`.
//!
//! The canonical bytes of compiled rules and their digest are made by `record`. Offices, consulates
//! and agencies are configuration and are not here.

mod library;
mod agreement_file;
mod terms;
mod supplement_file;
mod calendar_file;
mod vocabulary;
mod reading;
mod fault;
mod display;
mod compile;
mod estimates;
mod wording;
mod topic;
mod clause;
mod catalogue;
mod evidence_classes;
mod provenance;
mod checking;
mod explanation;
mod readiness;
mod skipped;
mod timeline;
mod chart;
mod drawing;
mod difference;

pub use agreement_file::{
    Agreement, AgreementFile, EvidenceList, Force, Form, Practice, ProtocolFile, Reported,
};
pub use catalogue::{
    Document, Entry, Part, Reading, document, documents, members, printed, values,
};
pub use chart::chart;
pub use checking::{CheckError, Checked, check_any, check_built_in};
pub use clause::{Clause, Content, End, Party, Timed, clauses};
pub use compile::{CompileError, Order, compile, compile_order};
pub use difference::{Difference, SaidThere, differences};
pub use display::{DISPLAY_ONLY, DisplayOnly, Kind, Shown};
pub use drawing::svg;
pub use estimates::{ConfirmedHolidays, HolidayError};
pub use evidence_classes::{Completeness, EvidenceClass, Item, PURPOSES, evidence_classes};
pub use explanation::{Explained, Explanation, Standing, explain, explain_alone};
pub use fault::{Fault, FileError};
pub use library::{
    Listing, agreement, available, calendar, check, evidence_label, offsets, protocols,
};
pub use provenance::{Rests, SourceUse, sources};
pub use readiness::{Readiness, readiness, stand_in};
pub use skipped::{Off, Skipped, named};
pub use terms::{Clock, ClockKeys, INEXPRESSIBLE, Origin, Stated, Terms};
pub use timeline::{
    Ending, EventError, Events, Line, Question, QuestionError, Situation, began_words, end_words,
    event_words, timeline,
};
pub use topic::{TOPICS, Topic};
pub use wording::{
    CATEGORIES, category_word, expected_words, extension_needs_word, late_when_word, late_word,
    length_words, purpose_word, silence_word, start_word, strength_word,
    third_country_document_words, unit_word,
};
