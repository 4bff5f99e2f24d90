//! One State's node in a history: its ledger, what its disk and clock do, and what has been seen
//! of its logs. Whatever comes out of the ledger is held against what came out before.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use domain::chain::Chain;
use domain::identifier::{CaseId, Digest};
use domain::safeguard::Safeguards;
use domain::time::Instant;
use event_store::disk::Simulated;
use ledger::{Log, Logged, Stepped};

use super::chance::Chance;
use super::site::{self, Site};
use super::step::Party;

/// A node.
#[derive(Debug)]
pub struct Node {
    /// Whose.
    pub party: Party,
    /// Where it lives.
    pub site: Site,
    ledger: Option<Stepped>,
    /// How far its clock is from the true time, in milliseconds.
    pub offset_ms: i64,
    /// Its own log, as it has shown it.
    pub own: Chain,
    /// The partner's, as it has shown it.
    pub replica: Chain,
    /// What has left it under each number, ever.
    released: BTreeMap<u64, Digest>,
    /// A copy of its data folder.
    pub copy: Option<Simulated>,
    /// Bumped whenever its chains have changed.
    pub moved: bool,
}

/// What must be there after a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// All that was acknowledged.
    Everything,
    /// All that the node has said itself. An old copy may lack what the partner has said since: it
    /// is fetched again.
    OwnLog,
}

/// How a node came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// It runs.
    Running,
    /// It refuses to run on an old copy of its store.
    RefusesOldCopy,
}

impl Node {
    /// A node that runs on its site.
    ///
    /// # Errors
    /// It does not start.
    pub fn new(site: Site) -> Result<Self> {
        let party = site.party;
        let mut node = Self {
            party,
            ledger: Some(site.start()?),
            site,
            offset_ms: 0,
            own: Chain::new(party.state()),
            replica: Chain::new(party.other().state()),
            released: BTreeMap::new(),
            copy: None,
            moved: true,
        };
        node.look()?;
        Ok(node)
    }

    /// The ledger.
    ///
    /// # Errors
    /// The node is down.
    pub fn ledger(&mut self) -> Result<&mut Stepped> {
        self.ledger.as_mut().context("the node is down")
    }

    /// Number of the next own dispatch.
    #[must_use]
    pub fn own_next(&self) -> u64 {
        self.own.head().map_or(0, |head| head.number + 1)
    }

    /// Number of the next dispatch of the partner.
    #[must_use]
    pub fn partner_next(&self) -> u64 {
        self.replica.head().map_or(0, |head| head.number + 1)
    }

    /// Sets the clock by the true time.
    pub fn keep_time(&self, now: Instant) {
        let ms = i64::try_from(now.as_ms()).unwrap_or(i64::MAX).saturating_add(self.offset_ms);
        self.site.clock.set(Instant::from_ms(u64::try_from(ms).unwrap_or_default()));
    }

    /// The safeguards of a case on this side.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn safeguards(&mut self, case: CaseId) -> Result<Safeguards> {
        let local = self.ledger()?.local(case)?;
        Ok(Safeguards::of(&local))
    }

    /// Looks at what is new in both logs.
    ///
    /// # Errors
    /// What was seen before is not there any more, or is another (invariants 6 and 9).
    pub fn look(&mut self) -> Result<()> {
        let partner = self.party.other().state();
        let (own_next, partner_next) = (self.own_next(), self.partner_next());
        let ledger = self.ledger.as_ref().context("the node is down")?;
        let standing = ledger.standing(partner);
        ensure!(
            standing.own >= own_next && standing.partner >= partner_next,
            "invariant 9: {} has lost dispatches: own {} of {own_next}, the partner's {} of \
             {partner_next}",
            self.party,
            standing.own,
            standing.partner,
        );
        let own = ledger.log(partner, Log::Own, own_next)?;
        let replica = ledger.log(partner, Log::Partner, partner_next)?;
        self.moved |= !own.is_empty() || !replica.is_empty();
        for logged in &own {
            self.release(logged)?;
        }
        extend(&mut self.own, own);
        extend(&mut self.replica, replica);
        Ok(())
    }

    /// Holds a dispatch that can leave the node against what has left it.
    fn release(&mut self, logged: &Logged) -> Result<()> {
        let (number, digest) = (logged.dispatch.number, logged.dispatch.digest);
        let before = *self.released.entry(number).or_insert(digest);
        ensure!(
            before == digest,
            "invariant 9: {} has signed two dispatches under the number {number}",
            self.party
        );
        Ok(())
    }

    /// The power goes now and comes back; `chance` decides what the disk has kept. `marks` are
    /// those that the signer had before what is under way, where that is undone too.
    ///
    /// # Errors
    /// It does not start, or has lost or changed what it had acknowledged.
    pub fn lose_power(
        &mut self,
        chance: &mut Chance,
        marks: Option<&BTreeMap<PathBuf, Vec<u8>>>,
    ) -> Result<Up> {
        let survivor = self.site.disk.cut(&mut |end| chance.choose(end));
        self.stop();
        self.site.disk = survivor;
        if let Some(marks) = marks {
            self.site.put(marks)?;
        }
        self.start_again(Kept::Everything)
    }

    fn stop(&mut self) {
        if let Some(ledger) = self.ledger.take() {
            ledger.close();
        }
    }

    /// Starts on whatever its disk holds, and reads both logs from their beginning: they must
    /// begin with what was seen.
    fn start_again(&mut self, kept: Kept) -> Result<Up> {
        match self.site.start() {
            Ok(ledger) => self.ledger = Some(ledger),
            Err(error) => return Err(anyhow!(error).context("a node does not start again")),
        }
        let state = self.party.state();
        let partner = self.party.other().state();
        let ledger = self.ledger.as_ref().context("the node is down")?;
        if ledger.standing(partner).waits {
            ensure!(kept == Kept::OwnLog, "a node waits although it has lost nothing");
            return Ok(Up::RefusesOldCopy);
        }
        let mut own = Chain::new(state);
        let mut replica = Chain::new(partner);
        extend(&mut own, ledger.log(partner, Log::Own, 0)?);
        extend(&mut replica, ledger.log(partner, Log::Partner, 0)?);
        begins_with(&own, &self.own)?;
        match kept {
            Kept::Everything => begins_with(&replica, &self.replica)?,
            Kept::OwnLog => {
                begins_with(&self.replica, &replica)?;
                self.replica = replica;
                self.moved = true;
            }
        }
        self.look()?;
        Ok(Up::Running)
    }

    /// The last copy takes the place of the data folder; mark and keyring are as they are.
    /// Where the node refuses to run on it, the folder that it had is put back.
    ///
    /// # Errors
    /// The node does not start, or forks.
    pub fn restore(&mut self) -> Result<Option<Up>> {
        let Some(copied) = self.copy.as_ref().map(site::copy) else {
            return Ok(None);
        };
        self.stop();
        let marks = self.site.marks()?;
        let before = std::mem::replace(&mut self.site.disk, copied);
        let up = self.start_again(Kept::OwnLog)?;
        if up == Up::RefusesOldCopy {
            self.stop();
            self.site.put(&marks)?;
            self.site.disk = site::copy(&before);
            let again = self.start_again(Kept::Everything)?;
            ensure!(again == Up::Running, "a node does not start on its own store");
        }
        Ok(Some(up))
    }

    /// Copies the data folder, as from a snapshot of the running node.
    pub fn copy_folder(&mut self) {
        self.copy = Some(site::copy(&self.site.disk));
    }

    /// An own dispatch as it is sent.
    ///
    /// # Errors
    /// It is not there.
    pub fn sent(&mut self, number: u64) -> Result<Vec<u8>> {
        let partner = self.party.other().state();
        let bytes = self.ledger()?.dispatch(partner, Log::Own, number)?;
        bytes.with_context(|| format!("dispatch {number} is not there"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Adds what a log has shown.
fn extend(chain: &mut Chain, logged: Vec<Logged>) {
    for Logged { dispatch, entries } in logged {
        chain.dispatches.insert(dispatch.number, dispatch);
        chain.entries.extend(entries);
    }
}

/// Whether a log still begins with what was seen of it.
fn begins_with(now: &Chain, before: &Chain) -> Result<()> {
    let author = now.author;
    for (number, dispatch) in &before.dispatches {
        match now.dispatches.get(number) {
            Some(found) if found == dispatch => {}
            Some(_) => bail!("invariant 9: dispatch {number} of {author} is another after a start"),
            None => bail!("invariant 9: dispatch {number} of {author} is lost after a start"),
        }
    }
    let kept = now.entries.get(..before.entries.len());
    ensure!(
        kept == Some(before.entries.as_slice()),
        "invariant 9: entries of {author} are lost or changed after a start"
    );
    Ok(())
}
