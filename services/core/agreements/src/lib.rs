//! Agreement files, read, checked and compiled into the domain's rules; the data is in `data/`.
//!
//! The canonical bytes of compiled rules and their digest are made by `record`. Offices, consulates
//! and agencies are configuration and are not here.

mod agreement_file;
mod calendar_file;
mod compile;
mod display;
mod fault;
mod library;
mod reading;
mod vocabulary;

pub use agreement_file::{Agreement, AgreementFile, Clock, ClockKeys, EvidenceList, Practice};
pub use compile::{CompileError, compile};
pub use display::{DISPLAY_ONLY, DisplayOnly, Kind, Shown};
pub use fault::{Fault, FileError};
pub use library::{Listing, agreement, available, calendar, check, evidence_label, offsets};
