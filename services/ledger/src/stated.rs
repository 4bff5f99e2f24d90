//! What a State states in one command, decided by whoever hands it in: for simulations and
//! measurements, which have no service before the ledger.

use domain::identifier::{CaseId, State};
use proto::command::v1::Purpose;
use proto::ledger::v1::AccessKind;
use runtime::caller::Caller;
use zeroize::Zeroizing;

use crate::access::{Asking, NewAccess};
use crate::read::Reader;
use crate::serial::YearSerial;
use crate::writer::{AppendJob, NewEntry, Opening, Subject};

/// What a State states in one command.
#[derive(Clone, Debug)]
pub struct Stated {
    /// To whom.
    pub partner: State,
    /// About what.
    pub about: About,
    /// The request id of the command.
    pub request_id: String,
    /// What it was decided on.
    pub revisions: Revisions,
    /// Facts and body of each entry for the State's own log; an empty body is none.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Facts and body of each local entry.
    pub local: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What entries are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The corridor.
    Corridor,
    /// A case that is there.
    Case(CaseId),
    /// A case that the first entry opens, with the year and the serial of its number.
    Opening(CaseId, u32, u32),
}

/// What a decision rested on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Records of the case; of the corridor, where that is what the decision was about.
    pub subject: u64,
    /// Records of the corridor.
    pub corridor: u64,
}

/// What a State states, for the writer.
pub(crate) fn job(reader: &Reader, caller: &Caller, stated: Stated) -> AppendJob {
    let identity = caller.identity();
    let subject = match stated.about {
        About::Corridor => Subject::Corridor,
        About::Case(case) => Subject::Case(case),
        About::Opening(case, year, serial) => {
            Subject::Opening(case, Opening { serial: YearSerial { year, serial } })
        }
    };
    let asking = Asking { caller: caller.clone(), purpose: Purpose::Unspecified };
    let case = subject.case().copied();
    let entries = |entries: Vec<(Vec<u8>, Vec<u8>)>| {
        let entry = |(facts, body)| NewEntry::new(facts, Zeroizing::new(body));
        entries.into_iter().map(entry).collect()
    };
    AppendJob {
        partner: stated.partner,
        subject,
        command: reader.secrets.command(&identity, &stated.request_id),
        payload_digest: record::digest::sha256(&[stated.request_id.as_bytes()]),
        expected_revision: stated.revisions.subject,
        expected_corridor_revision: stated.revisions.corridor,
        entries: entries(stated.entries),
        local: entries(stated.local),
        access: NewAccess { asking, case, kind: AccessKind::Write, vouched: Vec::new() },
    }
}
