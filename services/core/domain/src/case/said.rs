//! What each State has said so far: a fold of its own effective entries, in the order of its log.
//!
//! Each State's entries change its own half only, so two concurrent entries commute by
//! construction; what follows from both halves together is in [`super::crossing`] and
//! [`super::outcome`].

use super::event::{
    NonDeparture, Position, Rectified, RefusalReason, RegisterFinding, RequestFiled, ReturnReason,
    Statement, TransferNotified, TravelDocumentIssued,
};
use crate::chain::Heard;
use crate::identifier::{EvidenceItem, Office};
use crate::time::Instant;

/// Where an entry stands: enough to ask who has heard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Position in its author's log.
    pub position: Position,
    /// Number of the dispatch that it travelled in.
    pub dispatch: u64,
    /// The time of that dispatch.
    pub time: Instant,
}

/// What the requesting State has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requesting {
    /// The request itself.
    pub filed: Option<(At, RequestFiled)>,
    /// Evidence added later.
    pub evidence: Vec<EvidenceItem>,
    /// Questions answered, by their position in the partner's log.
    pub clarified: Vec<Position>,
    /// When a register check was asked for.
    pub register_check: Option<At>,
    /// The consulates asked for an interview.
    pub interviews: Vec<(At, Office)>,
    /// The consulates asked for a travel document.
    pub document_requests: Vec<(At, Office)>,
    /// When the partner was told of its silence; the last counts.
    pub notice: Option<At>,
    /// The first valid claim.
    pub claim: Option<(At, Heard)>,
    /// The first withdrawal.
    pub withdrawn: Option<At>,
    /// Transfers, in the order of their notices.
    pub transfers: Vec<Transfer>,
    /// The first departure, and the notice that it names. A departure is a report: it stands
    /// even where no such transfer was pending.
    pub departed: Option<(At, Position)>,
    /// When the person was taken back.
    pub taken_back: Option<At>,
}

/// A transfer, from its notice on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The notice.
    pub notice: At,
    /// What it says.
    pub notified: TransferNotified,
    /// What became of it, by the word of the State that notified it.
    pub course: Course,
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Nothing yet.
    Pending,
    /// Cancelled.
    Cancelled(At),
    /// The person has left.
    Departed(At),
    /// The person has not left.
    NotDeparted(At, NonDeparture),
}

/// What the requested State has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// When the request was admitted.
    pub admitted: Option<At>,
    /// Questions asked.
    pub questions: Vec<At>,
    /// The longer reply that was taken: by so many of the agreement's unit.
    pub extension: Option<(At, u32)>,
    /// What the population register says.
    pub register: Option<(At, RegisterFinding)>,
    /// The interview.
    pub interview: Interview,
    /// The first interview that was held.
    pub interview_result: Option<At>,
    /// A named official's verdict on identity.
    pub identity: Identity,
    /// The first answer.
    pub answer: Option<(At, Answer)>,
    /// Acceptances: the answer, and those renewed for a person who was rectified.
    pub acceptances: Vec<At>,
    /// Travel documents, in the order of their issue.
    pub documents: Vec<Document>,
    /// Notices objected to, by their position in the partner's log.
    pub objections: Vec<(At, Position)>,
    /// When the person arrived.
    pub arrived: Option<At>,
}

/// The interview, by the word of the State that holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interview {
    /// Nothing is arranged.
    #[default]
    NotArranged,
    /// A date is set.
    Arranged(At),
    /// It took place.
    Held(At),
    /// The person did not appear.
    Missed(At),
}

/// A named official's verdict on identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Nobody has decided.
    #[default]
    Undecided,
    /// Neither confirmed nor denied.
    Inconclusive(At),
    /// Confirmed.
    Confirmed(At),
    /// Denied.
    Denied(At),
}

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepted.
    Accepted,
    /// Refused.
    Refused(Vec<RefusalReason>),
    /// Sent back unconsidered.
    Returned(Vec<ReturnReason>),
}

/// A travel document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its issue.
    pub at: At,
    /// Its validity.
    pub issued: TravelDocumentIssued,
    /// When it was revoked.
    pub revoked: Option<At>,
}

/// What either State may say, said by one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Either {
    /// Holds of this State: placed, and lifted.
    pub holds: Vec<(At, Option<At>)>,
    /// Obstacles that keep this State from acting in time: stated, and removed. At most the last
    /// one lasts.
    pub obstacles: Vec<(At, Option<At>)>,
    /// Corrections.
    pub rectified: Vec<(At, Rectified)>,
    /// Entries of the partner that this State could not read, by position; the first for each
    /// counts.
    pub unreadable: Vec<(At, Position)>,
    /// Entries of the partner that this State contested, by position; the first for each counts.
    pub contested: Vec<(At, Position)>,
    /// Own entries that this State said again, by position.
    pub restated: Vec<(At, Position)>,
    /// When this State took the case as it stood, knowing what was in dispute.
    pub settled: Vec<At>,
    /// When this State ordered the erasure of its copies.
    pub erasure_ordered: Option<At>,
    /// When it had destroyed them.
    pub erasure_done: Option<At>,
    /// When this State closed its part.
    pub closed: Option<At>,
}

impl Either {
    /// Whether a hold of this State is in place.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.holds.last().is_some_and(|(_, lifted)| lifted.is_none())
    }

    /// Where the obstacle was stated that lasts, if one does.
    #[must_use]
    pub fn obstacle(&self) -> Option<At> {
        let (stated, removed) = self.obstacles.last()?;
        removed.is_none().then_some(*stated)
    }
}

impl Requesting {
    /// The transfer that is pending, if one is.
    #[must_use]
    pub fn pending(&self) -> Option<&Transfer> {
        self.transfers.last().filter(|transfer| transfer.course == Course::Pending)
    }

    /// The transfer with this notice, whatever became of it.
    #[must_use]
    pub fn transfer(&self, notice: Position) -> Option<&Transfer> {
        self.transfers.iter().find(|transfer| transfer.notice.position == notice)
    }
}

impl Requested {
    /// The last travel document that is not revoked.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.documents.iter().rev().find(|document| document.revoked.is_none())
    }
}

/// Everything that was said, by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// By the requesting State.
    pub requesting: Requesting,
    /// By the requested State.
    pub requested: Requested,
    /// By the requesting State, of what either may say.
    pub by_requesting: Either,
    /// By the requested State, of what either may say.
    pub by_requested: Either,
}

/// Which side of a case a State is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The State that asks.
    Requesting,
    /// The State that is asked.
    Requested,
}

impl Said {
    /// What one side said of what either may say.
    #[must_use]
    pub const fn either(&self, side: Side) -> &Either {
        match side {
            Side::Requesting => &self.by_requesting,
            Side::Requested => &self.by_requested,
        }
    }

    /// Whether a hold of either State is in place.
    #[must_use]
    pub fn held(&self) -> bool {
        self.by_requesting.holds() || self.by_requested.holds()
    }

    /// Adds one effective entry of `side`.
    pub(crate) fn add(&mut self, side: Side, at: At, statement: &Statement) {
        let either = match side {
            Side::Requesting => &mut self.by_requesting,
            Side::Requested => &mut self.by_requested,
        };
        let asks = &mut self.requesting;
        let answers = &mut self.requested;
        match statement {
            Statement::KeyAnnounced(_)
            | Statement::CapabilitiesStated(_)
            | Statement::AgreementAdopted(_)
            | Statement::KeyRevoked(_)
            | Statement::ClockCorrected(_)
            | Statement::LogSucceeded(_)
            | Statement::FaultProved(_)
            | Statement::WritingResumed(_)
            | Statement::AgreementEnded(_) => {}
            Statement::RequestFiled(filed) => asks.filed = Some((at, filed.clone())),
            Statement::EvidenceAdded(items) => asks.evidence.extend(items.iter().cloned()),
            Statement::ClarificationGiven(question) => asks.clarified.push(*question),
            Statement::RegisterCheckRequested => asks.register_check = Some(at),
            Statement::InterviewRequested(office) => asks.interviews.push((at, office.clone())),
            Statement::TravelDocumentRequested(office) => {
                asks.document_requests.push((at, office.clone()));
            }
            Statement::SilenceNoticed => asks.notice = Some(at),
            Statement::SilenceClaimed(cited) => asks.claim = Some((at, *cited)),
            Statement::RequestWithdrawn => asks.withdrawn = Some(at),
            Statement::TransferNotified(notified) => asks.transfers.push(Transfer {
                notice: at,
                notified: *notified,
                course: Course::Pending,
            }),
            Statement::TransferCancelled(notice) => asks.run(*notice, Course::Cancelled(at)),
            Statement::PersonDeparted(notice) => {
                asks.departed.get_or_insert((at, *notice));
                asks.run(*notice, Course::Departed(at));
            }
            Statement::PersonNotDeparted(notice, why) => {
                asks.run(*notice, Course::NotDeparted(at, *why));
            }
            Statement::TakenBack => asks.taken_back = Some(at),
            Statement::RequestAdmitted => answers.admitted = Some(at),
            Statement::ClarificationAsked => answers.questions.push(at),
            Statement::ExtensionTaken(count) => {
                answers.extension.get_or_insert((at, *count));
            }
            Statement::RegisterChecked(finding) => answers.register = Some((at, *finding)),
            Statement::InterviewArranged => answers.interview = Interview::Arranged(at),
            Statement::InterviewHeld => {
                answers.interview = Interview::Held(at);
                answers.interview_result.get_or_insert(at);
            }
            Statement::InterviewMissed => answers.interview = Interview::Missed(at),
            Statement::IdentityConfirmed => answers.identity = Identity::Confirmed(at),
            Statement::IdentityNotConfirmed => answers.identity = Identity::Denied(at),
            Statement::IdentityInconclusive => answers.identity = Identity::Inconclusive(at),
            Statement::RequestAccepted => {
                answers.acceptances.push(at);
                answers.answer.get_or_insert((at, Answer::Accepted));
            }
            Statement::RequestRefused(why) => {
                answers.answer = Some((at, Answer::Refused(why.clone())));
            }
            Statement::ReturnedUnconsidered(why) => {
                answers.answer = Some((at, Answer::Returned(why.clone())));
            }
            Statement::TravelDocumentIssued(issued) => {
                answers.documents.push(Document { at, issued: *issued, revoked: None });
            }
            Statement::TravelDocumentRevoked(issue) => {
                if let Some(document) =
                    answers.documents.iter_mut().find(|document| document.at.position == *issue)
                {
                    document.revoked = Some(at);
                }
            }
            Statement::TransferObjected(notice) => answers.objections.push((at, *notice)),
            Statement::PersonArrived => answers.arrived = Some(at),
            Statement::HoldPlaced => either.holds.push((at, None)),
            Statement::HoldLifted => {
                if let Some((_, lifted)) = either.holds.last_mut() {
                    *lifted = Some(at);
                }
            }
            Statement::ObstacleReported => either.obstacles.push((at, None)),
            Statement::ObstacleRemoved => {
                if let Some((_, removed)) = either.obstacles.last_mut() {
                    *removed = Some(at);
                }
            }
            Statement::Rectified(what) => either.rectified.push((at, *what)),
            Statement::EntryUnreadable(entry) => either.unreadable.push((at, *entry)),
            Statement::EntryContested(entry) => either.contested.push((at, *entry)),
            Statement::Restated(it) => either.restated.push((at, it.entry)),
            Statement::DisputeSettled => either.settled.push(at),
            Statement::ErasureOrdered(_) => {
                either.erasure_ordered.get_or_insert(at);
            }
            Statement::CaseClosed => either.closed = Some(at),
            Statement::ErasureDone => {
                either.erasure_done.get_or_insert(at);
            }
        }
    }
}

impl Requesting {
    /// Sets the course of the pending transfer with this notice. A report about a transfer that
    /// is not pending changes nothing; it stands in the history, marked.
    fn run(&mut self, notice: Position, course: Course) {
        let pending = self.transfers.iter_mut().find(|transfer| {
            transfer.notice.position == notice && transfer.course == Course::Pending
        });
        if let Some(transfer) = pending {
            transfer.course = course;
        }
    }
}
