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
    /// Everything that it has ever said: its own log at its longest.
    pub said: Chain,
    /// Whether it waits for its own words, after a restore.
    pub waits: bool,
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
    /// The same, and it waits for an operator: the signer's mark is lost.
    AllButTheMark,
    /// What an old copy has: a beginning of both logs. A node that lacks words of its own takes
    /// them back before it says another.
    Beginning,
}

/// How a node came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// It runs.
    Running,
    /// It runs, and writes nothing before it has taken its own words back.
    Waits,
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
            said: Chain::new(party.state()),
            waits: false,
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
        self.waits = standing.waits;
        for logged in &own {
            self.release(logged)?;
        }
        let new = self.said.head().map_or(0, |head| head.number + 1);
        extend(&mut self.said, own.iter().filter(|it| it.dispatch.number >= new).cloned());
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
        let partner = self.party.other().state();
        let ledger = self.ledger.as_ref().context("the node is down")?;
        let mut own = Chain::new(self.party.state());
        let mut replica = Chain::new(partner);
        let said = self.said.head().map_or(0, |head| head.number + 1);
        let stored = ledger.log(partner, Log::Own, 0)?;
        // What the start itself has said is looked at as anything that is new.
        extend(&mut own, stored.into_iter().filter(|it| it.dispatch.number < said));
        extend(&mut replica, ledger.log(partner, Log::Partner, 0)?);
        let waits = ledger.standing(partner).waits;
        match kept {
            Kept::Everything | Kept::AllButTheMark => {
                let may_wait = self.waits || kept == Kept::AllButTheMark;
                ensure!(!waits || may_wait, "a node waits although it has lost nothing");
                ensure!(
                    waits || kept == Kept::Everything,
                    "invariant 9: a node would write without its mark"
                );
                begins_with(&own, &self.own)?;
                begins_with(&replica, &self.replica)?;
            }
            Kept::Beginning => {
                begins_with(&self.own, &own)?;
                begins_with(&self.replica, &replica)?;
                let ends = |chain: &Chain| chain.head().map(|head| head.number);
                let lacks = ends(&own) < ends(&self.said);
                ensure!(waits || !lacks, "invariant 9: a node would write on an old copy");
                self.own = own;
                self.replica = replica;
                self.moved = true;
            }
        }
        self.look()?;
        Ok(if self.waits { Up::Waits } else { Up::Running })
    }

    /// The last copy takes the place of the data folder; mark and keyring are as they are.
    ///
    /// # Errors
    /// The node does not start, or forks.
    pub fn restore(&mut self) -> Result<Option<Up>> {
        let Some(copied) = self.copy.as_ref().map(site::copy) else {
            return Ok(None);
        };
        self.stop();
        self.site.disk = copied;
        Ok(Some(self.start_again(Kept::Beginning)?))
    }

    /// The signer's mark is lost, and nothing else. Only of a node that lacks nothing: whoever
    /// loses it together with words that nobody else holds has nothing to tell by, as the design
    /// says.
    ///
    /// # Errors
    /// The node does not start, or would write.
    pub fn lose_mark(&mut self) -> Result<bool> {
        if !self.is_whole() {
            return Ok(false);
        }
        self.stop();
        self.site.forget_marks()?;
        self.start_again(Kept::AllButTheMark)?;
        Ok(true)
    }

    /// Whether it holds everything that it has said, and all that it has said to have heard.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let heard = self.own.head().and_then(|head| head.heard).map(|heard| heard.number);
        !self.waits && heard <= self.replica.head().map(|head| head.number)
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
fn extend(chain: &mut Chain, logged: impl IntoIterator<Item = Logged>) {
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
