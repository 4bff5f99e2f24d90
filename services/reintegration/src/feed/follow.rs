//! Filling the feed: the store from its first position on, and what each agency hears of a record.
//!
//! Of the local log an agency hears what is said of its own referral while it may see the case; of
//! the exchanged logs what concerns the person's journey, if the rules let it stand. Whether it
//! stands is fixed by what its author knew, so that a feed that is built again is the same.

use std::collections::BTreeMap;

use domain::case::event::{Kind, Statement};
use domain::identifier::{Agency, CaseId, State};
use domain::referral::course::{Access, Referral};
use domain::referral::{LocalKind, LocalStatement};
use domain::time::Instant;
use prost::Message;
use proto::command::v1::Purpose;
use proto::ledger::v1::{FollowCasesRequest, FollowCasesResponse, RecordKind};
use proto::record::v1::{Facts, LocalFacts};
use proto::reintegration::v1::CaseEventType;
use runtime::caller::Caller;
use runtime::command::{self, Ledger, Reading};
use runtime::failure::{Class, Failure};
use runtime::shutdown::Shutdown;
use std::time::Duration;

use super::Feed;
use super::event::Event;

/// How long to wait before the ledger is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What of the exchanged logs concerns an agency.
const JOURNEY: [(Kind, CaseEventType); 5] = [
    (Kind::TransferNotified, CaseEventType::TransferNotified),
    (Kind::TransferCancelled, CaseEventType::TransferCancelled),
    (Kind::PersonDeparted, CaseEventType::PersonDeparted),
    (Kind::PersonNotDeparted, CaseEventType::PersonNotDeparted),
    (Kind::PersonArrived, CaseEventType::PersonArrived),
];

/// The task that fills the feed.
pub(crate) struct Following {
    pub(crate) feed: Feed,
    pub(crate) ledger: Ledger,
    pub(crate) caller: Caller,
}

/// The cases of which something was said to or of an agency.
type Cases = BTreeMap<CaseId, Referred>;

/// What is remembered of a case.
#[derive(Default)]
struct Referred {
    /// The number that people use; asked for with the first referral.
    number: Option<String>,
    referrals: BTreeMap<Agency, Referral>,
}

impl Following {
    /// Follows until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut cases = Cases::new();
        loop {
            let ended = tokio::select! {
                ended = self.follow(&mut cases) => ended,
                () = shutdown.wait() => return,
            };
            if let Err(failure) = ended {
                match failure.class() {
                    Class::Corrupt | Class::Internal => {
                        tracing::error!(%failure, next = self.feed.next(), "feed stands still");
                    }
                    Class::Invalid
                    | Class::Refused
                    | Class::Conflict
                    | Class::NotFound
                    | Class::NotIdentified
                    | Class::NotAllowed
                    | Class::Busy
                    | Class::Unavailable => {
                        tracing::warn!(%failure, next = self.feed.next(), "feed waits");
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_AFTER) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Follows until the ledger's answer ends.
    async fn follow(&self, cases: &mut Cases) -> Result<(), Failure> {
        let request = FollowCasesRequest {
            caller: Some(self.caller.context(Purpose::Unspecified)),
            from_position: self.feed.next(),
            case_id: Vec::new(),
            with_local: true,
            with_receipts: false,
        };
        let mut records = self.ledger.clone().follow_cases(request).await?.into_inner();
        while let Some(record) = records.message().await? {
            let heard = match record.kind() {
                RecordKind::LocalEntry => self.local(cases, &record).await?,
                RecordKind::Entry => self.exchanged(cases, &record).await?,
                RecordKind::Receipt | RecordKind::Unspecified => Vec::new(),
            };
            self.feed.take(record.position, heard);
        }
        Ok(())
    }

    /// What is heard of an entry of the local log. The case is changed only when nothing can fail
    /// any more, as a record that failed is taken again.
    async fn local(
        &self,
        cases: &mut Cases,
        record: &FollowCasesResponse,
    ) -> Result<Vec<(Agency, Event)>, Failure> {
        let facts = LocalFacts::decode(record.facts.as_slice());
        let facts = facts.map_err(|why| corrupt(record).with_source(why))?;
        let (case, statement) = <(CaseId, LocalStatement)>::try_from(facts)
            .map_err(|why| corrupt(record).with_source(why))?;
        let Some(agency) = statement.agency().cloned() else { return Ok(Vec::new()) };
        let referred = cases.entry(case).or_default();
        let referral = referred.referrals.get(&agency);
        let mut referral = referral.cloned().unwrap_or_else(|| Referral::new(agency.clone()));
        let fits = referral.fits(&statement);
        let before = referral.access();
        referral.add(&statement);
        let concerns = fits && (before, referral.access()) != (Access::Refused, Access::Refused);
        let what = local_type(statement.kind()).filter(|_| concerns);
        if what.is_some() && referred.number.is_none() {
            let number = self.read(case).await?.case.number;
            referred.number = Some(number.map(|number| number.to_string()).unwrap_or_default());
        }
        referred.referrals.insert(agency.clone(), referral);
        let number = referred.number.clone().unwrap_or_default();
        let id = format!("{}-local-{}", log(record), record.log_position);
        Ok(what.map(|what| (agency, event(record, id, what, case, number))).into_iter().collect())
    }

    /// What is heard of an entry of an exchanged log.
    async fn exchanged(
        &self,
        cases: &Cases,
        record: &FollowCasesResponse,
    ) -> Result<Vec<(Agency, Event)>, Failure> {
        let Ok(case) = CaseId::from_slice(&record.case_id) else { return Ok(Vec::new()) };
        let Some(referred) = cases.get(&case) else { return Ok(Vec::new()) };
        let granted = |referral: &&Referral| referral.access() == Access::Granted;
        let mut hearing = referred.referrals.values().filter(granted).peekable();
        if !record.understood || hearing.peek().is_none() {
            return Ok(Vec::new());
        }
        let facts = Facts::decode(record.facts.as_slice());
        let facts = facts.map_err(|why| corrupt(record).with_source(why))?;
        let (_, statement) = <(Option<CaseId>, Statement)>::try_from(facts)
            .map_err(|why| corrupt(record).with_source(why))?;
        let found = JOURNEY.iter().find(|(kind, _)| *kind == statement.kind());
        let Some((_, what)) = found else { return Ok(Vec::new()) };
        if !self.stands(case, record).await? {
            return Ok(Vec::new());
        }
        let id = format!("{}-{}", log(record), record.log_position);
        let number = referred.number.clone().unwrap_or_default();
        let heard = |referral: &Referral| {
            (referral.agency.clone(), event(record, id.clone(), *what, case, number.clone()))
        };
        Ok(hearing.map(heard).collect())
    }

    /// Whether the rules let an entry stand.
    async fn stands(&self, case: CaseId, record: &FollowCasesResponse) -> Result<bool, Failure> {
        let author = State::new(&record.author).map_err(|_| corrupt(record))?;
        let reading = self.read(case).await?;
        let mut history = reading.case.history.iter();
        let judged =
            history.find(|it| it.author == author && it.at.position == record.log_position);
        Ok(judged.is_some_and(|judged| judged.verdict.stands()))
    }

    async fn read(&self, case: CaseId) -> Result<Reading, Failure> {
        command::read(&self.ledger, &self.caller, Purpose::Unspecified, &case.to_string()).await
    }
}

fn event(
    record: &FollowCasesResponse,
    id: String,
    what: CaseEventType,
    case: CaseId,
    number: String,
) -> Event {
    let time = Instant::from_ms(record.time_ms);
    Event { position: record.position, id, what, case, number, time }
}

/// Which log a record is of, as ids name it: `nl-xk` is what NL says to XK.
fn log(record: &FollowCasesResponse) -> String {
    format!("{}-{}", record.author, record.partner_state).to_ascii_lowercase()
}

/// What an agency is told of a local statement; `None` where it is told nothing.
pub(crate) const fn local_type(kind: LocalKind) -> Option<CaseEventType> {
    match kind {
        LocalKind::Referred => Some(CaseEventType::Referred),
        LocalKind::ConsentWithdrawn => Some(CaseEventType::ConsentWithdrawn),
        LocalKind::ReferralAnswered => Some(CaseEventType::ReferralAnswered),
        LocalKind::PlanAgreed => Some(CaseEventType::PlanAgreed),
        LocalKind::AssistanceReported => Some(CaseEventType::AssistanceReported),
        LocalKind::FollowUpReported => Some(CaseEventType::FollowUpReported),
        LocalKind::ReferralClosed => Some(CaseEventType::ReferralClosed),
        LocalKind::SafeguardOpened | LocalKind::SafeguardMet | LocalKind::ConsentRecorded => None,
    }
}

fn corrupt(record: &FollowCasesResponse) -> Failure {
    Failure::corrupt(format!("the record at position {} cannot be read", record.position))
}
