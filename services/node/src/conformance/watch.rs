//! What the node under test does, as its own door and its own dispatches show it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use domain::case::event::{AgreementAdopted, FaultProved, Statement};
use domain::chain::{Content, Heard};
use domain::identifier::{CaseId, Digest, State};
use domain::time::Instant;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{GetHeadRequest, StreamDispatchesRequest};
use record::dispatch::{Dispatch, SignedHeader};
use record::entry::{Entry, Head};
use record::genesis::SignedGenesis;
use record::key_directory::root_statement;
use record::log::Listening;
use record::root_statement::{AnnouncedKey, Root, RootStatement};
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;

use super::door::Door;

/// How often the node is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Both sides of a play.
pub(super) struct Watch {
    pub(super) door: Door,
    pub(super) node: Node,
    pub(super) patience: Duration,
    /// How long what takes an hour by the node's clock is waited for; `None` where it is not
    /// played.
    pub(super) hour_patience: Option<Duration>,
}

/// The node under test.
pub(super) struct Node {
    client: PartnerServiceClient<Channel>,
    genesis: Vec<u8>,
    state: State,
}

/// A dispatch of the node.
pub(super) struct Spoke {
    pub(super) signed_header: SignedHeader,
    /// Faults that it states.
    pub(super) faults: Vec<FaultProved>,
    /// All that it states.
    stated: Vec<Stated>,
}

/// An entry of the node, as far as it is understood.
#[derive(Clone)]
pub(super) struct Stated {
    pub(super) position: u64,
    pub(super) case: Option<CaseId>,
    pub(super) statement: Statement,
    pub(super) facts: Vec<u8>,
    pub(super) body_digest: Option<Digest>,
}

impl Node {
    pub(super) fn new(
        channel: Channel,
        genesis: &SignedGenesis,
        state: State,
    ) -> anyhow::Result<Self> {
        genesis.genesis().party(state).context("the genesis does not name the node's State")?;
        let client = PartnerServiceClient::new(channel);
        Ok(Self { client, genesis: genesis.digest().as_bytes().to_vec(), state })
    }

    /// The number of the last dispatch that it says to hold of the played State.
    pub(super) async fn holds(&mut self) -> anyhow::Result<Option<u64>> {
        let request = GetHeadRequest { genesis: self.genesis.clone(), wait_for_number: None };
        let head = self.client.get_head(request).await;
        let head = head.context("ask the node under test at its door")?.into_inner();
        Ok(head.held.map(|held| held.number))
    }

    /// The agreement that it has adopted last, and how it said so.
    pub(super) async fn adopted(&mut self) -> anyhow::Result<Option<(AgreementAdopted, Vec<u8>)>> {
        let said = self.stated().await?.into_iter().rev();
        let mut adoptions = said.filter_map(|it| {
            let Statement::AgreementAdopted(adopted) = it.statement else { return None };
            Some((adopted, it.facts))
        });
        Ok(adoptions.next())
    }

    /// The HPKE key that it has announced last.
    pub(super) async fn hpke_key(&mut self, genesis: &SignedGenesis) -> anyhow::Result<[u8; 32]> {
        let party = genesis.genesis().party(self.state).context("the genesis names the node")?;
        let root = Root { genesis: *genesis.digest(), author: self.state, key: party.root_key };
        let mut found = None;
        for said in self.stated().await? {
            let statement = root_statement(&said.statement);
            let statement = statement.and_then(|it| RootStatement::verify(it, &root).ok());
            if let Some(AnnouncedKey::Hpke(key)) = statement.and_then(|it| it.announced()) {
                found = Some(key);
            }
        }
        found.context("it has announced no HPKE key")
    }

    /// Everything that it has stated and that is understood, in order.
    pub(super) async fn stated(&mut self) -> anyhow::Result<Vec<Stated>> {
        let spoke = self.spoke().await?;
        Ok(spoke.into_iter().flat_map(|spoke| spoke.stated).collect())
    }

    /// Everything that it has said.
    pub(super) async fn spoke(&mut self) -> anyhow::Result<Vec<Spoke>> {
        let request = StreamDispatchesRequest {
            genesis: self.genesis.clone(),
            author: self.state.code().to_owned(),
            era: 0,
            from_number: 0,
            to_number: None,
        };
        let mut stream = self.client.stream_dispatches(request).await?.into_inner();
        let mut spoke = Vec::new();
        while let Some(sent) = stream.next().await {
            let dispatch = Dispatch::decode(&sent?.dispatch).context("read the node's dispatch")?;
            let faults = dispatch.entries.iter().filter_map(|entry| fault(&entry.facts));
            let faults = faults.collect();
            let stated = dispatch.entries.iter().filter_map(stated).collect();
            spoke.push(Spoke { signed_header: dispatch.signed_header, faults, stated });
        }
        Ok(spoke)
    }
}

fn stated(entry: &Entry) -> Option<Stated> {
    let head = Head::decode(&entry.head)?;
    let Content::Stated(statement) = record::facts::read(&entry.facts) else {
        return None;
    };
    Some(Stated {
        position: head.position,
        case: record::facts::claimed_case(&entry.facts),
        statement: Arc::unwrap_or_clone(statement),
        facts: entry.facts.clone(),
        body_digest: head.body_digest,
    })
}

fn fault(facts: &[u8]) -> Option<FaultProved> {
    let Content::Stated(statement) = record::facts::read(facts) else {
        return None;
    };
    let Statement::FaultProved(proved) = Arc::unwrap_or_clone(statement) else {
        return None;
    };
    Some(proved)
}

impl Spoke {
    /// As a dispatch names it, with its time.
    pub(super) fn listening(&self) -> Listening {
        Listening { heard: self.signed_header.as_heard(), time: self.time() }
    }

    fn time(&self) -> Instant {
        self.signed_header.header().time
    }
}

impl Watch {
    /// Waits until the node holds a dispatch of this number.
    pub(super) async fn until_it_holds(&mut self, number: u64) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + self.patience;
        loop {
            let holds = self.node.holds().await?;
            if holds >= Some(number) {
                return Ok(());
            }
            if tokio::time::Instant::now() > until {
                let held = holds.map_or("nothing".to_owned(), |held| format!("dispatch {held}"));
                bail!("it holds {held} and not dispatch {number}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until the node has taken what lies out, and says what it holds then.
    pub(super) async fn once_it_has_looked(&mut self) -> anyhow::Result<Option<u64>> {
        let until = tokio::time::Instant::now() + self.patience;
        while !self.door.was_taken() {
            if tokio::time::Instant::now() > until {
                bail!("it did not ask for what lies out");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        self.node.holds().await
    }

    /// Waits until a dispatch of the node has heard this one; returns the last that it has said.
    pub(super) async fn until_it_has_heard(&mut self, said: Heard) -> anyhow::Result<Listening> {
        let until = tokio::time::Instant::now() + self.patience;
        loop {
            let spoke = self.node.spoke().await?;
            let heard = |it: &Spoke| it.signed_header.header().heard;
            if spoke.iter().any(|it| heard(it) == Some(said)) {
                return spoke.last().map(Spoke::listening).context("it has spoken");
            }
            if tokio::time::Instant::now() > until {
                bail!("no dispatch of it has heard dispatch {}", said.number);
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until the node has stated a fault that the dispatch of this digest shows; returns
    /// where, and what that dispatch had heard.
    pub(super) async fn until_it_states_the_fault(
        &mut self,
        rival: &Digest,
    ) -> anyhow::Result<(FaultProved, Spoke)> {
        let until = tokio::time::Instant::now() + self.patience;
        loop {
            for spoke in self.node.spoke().await? {
                let shows = |proved: &&FaultProved| {
                    SignedHeader::parse(&proved.rival.0).is_some_and(|it| it.digest() == rival)
                };
                if let Some(proved) = spoke.faults.iter().find(shows).cloned() {
                    return Ok((proved, spoke));
                }
            }
            if tokio::time::Instant::now() > until {
                bail!("it has not stated the fault");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits, for an hour by the node's clock, until the node has stated something.
    pub(super) async fn until_it_states(
        &mut self,
        otherwise: &'static str,
        wanted: impl Fn(&Statement) -> bool,
    ) -> anyhow::Result<Stated> {
        self.until_one(otherwise, |it| wanted(&it.statement)).await
    }

    /// Waits until somebody at the node has said something in a case that has a body.
    pub(super) async fn until_it_has_a_body_in(
        &mut self,
        case: CaseId,
        wanted: impl Fn(&Statement) -> bool,
    ) -> anyhow::Result<Stated> {
        let said = |it: &Stated| {
            it.case == Some(case) && it.body_digest.is_some() && wanted(&it.statement)
        };
        self.until_one("nobody has said anything in that case", said).await
    }

    async fn until_one(
        &mut self,
        otherwise: &'static str,
        wanted: impl Fn(&Stated) -> bool,
    ) -> anyhow::Result<Stated> {
        let patience = self.hour_patience.unwrap_or(self.patience);
        let until = tokio::time::Instant::now() + patience;
        loop {
            if let Some(found) = self.node.stated().await?.into_iter().find(&wanted) {
                return Ok(found);
            }
            if tokio::time::Instant::now() > until {
                bail!("{otherwise}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until the node has asked for one body twice more, and shows that it did not ask for
    /// the other in between: whatever is missing is asked for in one round.
    pub(super) async fn until_it_asks_for_the_one_and_not_the_other(
        &mut self,
        one: u64,
        other: u64,
    ) -> anyhow::Result<()> {
        let from = self.door.bodies_asked().len();
        let until = tokio::time::Instant::now() + self.patience * 2;
        loop {
            let asked = self.door.bodies_asked().split_off(from);
            let mut rounds = asked.split(|position| *position == one);
            let (_before, round) = (rounds.next(), rounds.next());
            if let (Some(round), Some(_)) = (round, rounds.next()) {
                anyhow::ensure!(!round.contains(&other), "it still asks for what it was given");
                return Ok(());
            }
            if tokio::time::Instant::now() > until {
                bail!("it has not asked twice for what is missing");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}
