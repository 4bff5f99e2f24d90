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

pub use agreement_file::{
    Agreement, AgreementFile, EvidenceList, Force, Form, Practice, ProtocolFile, Reported,
};
pub use compile::{CompileError, Order, compile, compile_order};
pub use display::{DISPLAY_ONLY, DisplayOnly, Kind, Shown};
pub use estimates::{EstimatedHoliday, deciding_estimates};
pub use fault::{Fault, FileError};
pub use library::{
    Listing, agreement, available, calendar, check, evidence_label, offsets, protocols,
};
pub use terms::{Clock, ClockKeys, INEXPRESSIBLE, Origin, Stated, Terms, Word};
