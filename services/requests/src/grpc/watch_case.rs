//! `CaseService.WatchCase`: what is there, then what comes; resumes from a token.
//!
//! The ledger's stream says that something was written; what it means is read from the case anew.

use domain::identifier::State;
use proto::command::v1::Purpose;
use proto::ledger::v1::{FollowCasesRequest, FollowCasesResponse, RecordKind};
use proto::requests::v1::{WatchCaseRequest, WatchCaseResponse};
use runtime::command::Reading;
use runtime::failure::Failure;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming};

use crate::desk::{Desk, Official};
use crate::purpose;
use crate::view::{chain, timeline, words};

/// The stream of one watcher.
pub(super) type Changes = ReceiverStream<Result<WatchCaseResponse, Status>>;

/// Changes that wait for a watcher who reads slowly; then the ledger's stream waits.
const WAITING_MAX: usize = 16;

pub(super) async fn watch_case(
    desk: &Desk,
    request: Request<WatchCaseRequest>,
) -> Result<Changes, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let purpose = purpose::read(it.purpose)?;
    let from_position = match it.after_token.as_str() {
        "" => 0,
        token => token
            .parse::<u64>()
            .ok()
            .and_then(|position| position.checked_add(1))
            .ok_or_else(|| Failure::field("after_token", "must be a token of this stream"))?,
    };
    // Read before anything is followed: a case that is not the caller's is not there.
    let reading = desk.read(&official, purpose, &it.case).await?;
    let follow = FollowCasesRequest {
        caller: Some(official.caller.context(Purpose::Unspecified)),
        from_position,
        case_id: reading.case.id.as_bytes().to_vec(),
        with_local: false,
        with_receipts: true,
    };
    let records = desk.ledger.clone().follow_cases(follow).await?.into_inner();
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let begun = if it.after_token.is_empty() { Begun::NotYet } else { Begun::Yes };
    let desk = desk.clone();
    let watcher = Watcher { desk, official, purpose, reading, begun, shown: None };
    tokio::spawn(watcher.run(records, sender));
    Ok(ReceiverStream::new(receiver))
}

struct Watcher {
    desk: Desk,
    official: Official,
    purpose: Purpose,
    /// The case as it was last read.
    reading: Reading,
    begun: Begun,
    /// Result, standing and etag as they were last sent.
    shown: Option<(i32, i32, String)>,
}

/// Whether an entry of the case has been sent; a receipt of before tells nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    NotYet,
    Yes,
}

impl Watcher {
    /// Sends what comes, until the watcher leaves, the ledger ends, or the shutdown begins.
    async fn run(
        mut self,
        mut records: Streaming<FollowCasesResponse>,
        sender: mpsc::Sender<Result<WatchCaseResponse, Status>>,
    ) {
        let shutdown = self.desk.shutdown.wait();
        tokio::pin!(shutdown);
        loop {
            let record = tokio::select! {
                () = &mut shutdown => return,
                () = sender.closed() => return,
                record = records.message() => record,
            };
            let change = match record {
                Ok(Some(record)) => self.change(&record).await,
                Ok(None) => return,
                Err(status) => Err(Failure::from(status)),
            };
            let ended = change.is_err();
            let change = change.map_err(Status::from).transpose();
            if let Some(change) = change
                && (sender.send(change).await.is_err() || ended)
            {
                return;
            }
        }
    }

    /// What a record means for the case; `None` where it changes nothing that is shown.
    async fn change(
        &mut self,
        record: &FollowCasesResponse,
    ) -> Result<Option<WatchCaseResponse>, Failure> {
        match RecordKind::try_from(record.kind) {
            Ok(RecordKind::Entry) => {
                if self.entry(record).is_none() {
                    self.read().await?;
                }
                let entry = self.entry(record);
                Ok(entry.map(|entry| self.show(record.position, Some(entry))))
            }
            Ok(RecordKind::Receipt)
                if self.begun == Begun::Yes
                    && record.partner_state == self.reading.partner.code() =>
            {
                if !self.has_seen(record) {
                    self.read().await?;
                }
                let change = self.shown.as_ref() != Some(&self.standing());
                Ok(change.then(|| self.show(record.position, None)))
            }
            Ok(RecordKind::Receipt | RecordKind::LocalEntry | RecordKind::Unspecified) | Err(_) => {
                Ok(None)
            }
        }
    }

    /// Whether the case was last read after a dispatch had been stored.
    fn has_seen(&self, record: &FollowCasesResponse) -> bool {
        let author = State::new(&record.author).ok();
        let head = author.and_then(|author| chain(&self.reading, author).head());
        head.is_some_and(|head| head.number >= record.dispatch)
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let case = self.reading.case.id.to_string();
        self.reading = self.desk.read(&self.official, self.purpose, &case).await?;
        Ok(())
    }

    /// The entry of a record, as the case stands now.
    fn entry(&self, record: &FollowCasesResponse) -> Option<proto::requests::v1::TimelineEntry> {
        let author = State::new(&record.author).ok()?;
        let mut history = self.reading.case.history.iter();
        let judged =
            history.find(|it| it.author == author && it.at.position == record.log_position)?;
        Some(timeline::entry(&self.reading, judged))
    }

    fn standing(&self) -> (i32, i32, String) {
        let case = &self.reading.case;
        let result = words::result(case.outcome).0;
        (result.into(), words::standing(case.standing).into(), case.etag().to_string())
    }

    fn show(
        &mut self,
        position: u64,
        entry: Option<proto::requests::v1::TimelineEntry>,
    ) -> WatchCaseResponse {
        let (result, standing, etag) = self.standing();
        self.begun = Begun::Yes;
        self.shown = Some((result, standing, etag.clone()));
        WatchCaseResponse { token: position.to_string(), entry, result, standing, etag }
    }
}
