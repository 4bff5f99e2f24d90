//! The plays, in the order in which they are given: what is put out, and what the node must do.
//!
//! Each row of the table "What arrives, and what is done" of DESIGN 4 that can be seen from
//! outside has one. What needs an hour (an entry that stays unreadable) is in [`super::hour`], and
//! played only where it is asked for.

use anyhow::{Context, bail, ensure};
use domain::case::event::{AgreementAdopted, Fault, Statement};
use domain::identifier::{CaseId, Office};
use domain::time::Instant;
use record::dispatch::Dispatch;
use record::era::Frozen;
use record::key::SigningKeyInMemory;
use record::random;

use super::author::{Author, HOUR, Said, now};
use super::hour::Cases;
use super::watch::Watch;

/// What came of a play.
pub(super) struct Result {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    /// What was wrong; `None` where all was right.
    pub(super) wrong: Option<String>,
}

impl Result {
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "play": self.name,
            "expected": self.expected,
            "right": self.wrong.is_none(),
            "wrong": self.wrong,
        })
    }
}

/// A stage: the author, and everything that stands of what it has put out.
pub(super) struct Stage<'a> {
    pub(super) author: Author,
    pub(super) watch: &'a mut Watch,
    standing: Vec<Dispatch>,
    /// The office of the node's State that requests are addressed to.
    pub(super) addressed_to: Office,
    /// What both have adopted.
    pub(super) adopted: Option<AgreementAdopted>,
    pub(super) hour: Cases,
}

/// Gives every play. What one leaves behind is what the next builds on, so the first that goes
/// wrong in a way that leaves nothing to build on ends the performance.
pub(super) async fn all(
    author: Author,
    watch: &mut Watch,
    addressed_to: Office,
) -> anyhow::Result<Vec<Result>> {
    let held = watch.node.holds().await?;
    ensure!(
        held.is_none(),
        "the node under test holds dispatches of this corridor already: found a fresh one"
    );
    let hour = Cases::default();
    let standing = Vec::new();
    let mut stage = Stage { author, watch, standing, addressed_to, adopted: None, hour };
    let mut results = Vec::new();
    macro_rules! play {
        ($name:literal, $expected:literal, $play:ident) => {
            eprint!("{} … ", $name);
            let wrong = stage.$play().await.err().map(|error| format!("{error:#}"));
            eprintln!("{}", wrong.as_deref().unwrap_or("right"));
            results.push(Result { name: $name, expected: $expected, wrong });
        };
    }
    play!("introduction", "stored and answered by a receipt", introduction);
    if results.iter().any(|result| result.wrong.is_some()) {
        return Ok(results);
    }
    play!("heartbeat", "a dispatch without entries is stored", heartbeat);
    play!("out of order", "parked, and stored once the gap is filled", out_of_order);
    play!("again", "what was stored before changes nothing", again);
    play!("a broken rule", "an entry that breaks a rule is stored and answered", breaks_a_rule);
    play!("not canonical", "facts that are not canonical are stored and answered", not_canonical);
    play!("bad signature", "not stored; the true one is", bad_signature);
    play!("unknown key", "not stored; the true one is", unknown_key);
    play!("another corridor", "not stored; the true one is", another_corridor);
    play!("entries withheld", "not stored; stored once they are there", withheld);
    play!("changed facts", "not stored; stored once they are right", changed_facts);
    if stage.watch.hour_patience.is_some() {
        play!("agreement", "adopted by both", adoption);
        play!("cases with gaps", "each is stored and answered", cases_with_gaps);
        play!("a body that never comes", "called unreadable once, after an hour", no_body);
        play!("another body", "not taken; called unreadable once", other_body);
        play!("a key that never comes", "called unreadable once, after an hour", no_key);
        play!("another key", "not taken; called unreadable once", other_key);
        play!("stated again", "what was missing is taken in", restated_body);
        play!("called unreadable", "stated again, with the key", called_unreadable_itself);
    }
    play!("future", "parked; released by the correction of the clock", future);
    play!("equivocation", "the fault is stated, and the log is frozen", equivocation);
    play!("succession", "the next era goes on after what was heard", succession);
    play!("broken chain", "the fault is stated, and the log is frozen", broken_chain);
    play!("second succession", "the next era goes on after what was heard", succession);
    play!("heard what was never said", "not stored, and nothing more is written", deluded);
    Ok(results)
}

impl Stage<'_> {
    async fn introduction(&mut self) -> anyhow::Result<()> {
        let introduction = self.author.introduction()?;
        self.stored(introduction).await
    }

    async fn heartbeat(&mut self) -> anyhow::Result<()> {
        let heartbeat = self.author.say(Vec::new())?;
        self.stand(vec![heartbeat]).await
    }

    async fn out_of_order(&mut self) -> anyhow::Result<()> {
        let first = self.author.say(vec![hold(1)])?;
        let second = self.author.say(vec![hold(2)])?;
        let shown: Vec<Dispatch> =
            self.standing.iter().cloned().chain([second.clone(), first.clone()]).collect();
        self.watch.door.put_out(shown);
        self.standing.extend([first, second]);
        self.held_and_heard().await
    }

    async fn again(&mut self) -> anyhow::Result<()> {
        let last = self.standing.last().context("something stands")?.clone();
        let next = self.author.say(vec![hold(3)])?;
        let shown = self.standing.iter().cloned().chain([last, next.clone()]).collect();
        self.watch.door.put_out(shown);
        self.standing.push(next);
        self.held_and_heard().await
    }

    async fn breaks_a_rule(&mut self) -> anyhow::Result<()> {
        // Nobody has opened this case.
        let accepted = Said::case(CaseId::new([5; 16]), &Statement::RequestAccepted);
        let dispatch = self.author.say(vec![accepted])?;
        self.stored(dispatch).await
    }

    async fn not_canonical(&mut self) -> anyhow::Result<()> {
        let mut said = hold(4);
        said.facts.extend([0xf8, 0x7f, 0x01]);
        let dispatch = self.author.say(vec![said])?;
        self.stored(dispatch).await
    }

    async fn bad_signature(&mut self) -> anyhow::Result<()> {
        let mut forged = self.author.fork().say(Vec::new())?;
        let mut bytes = forged.signed_header.bytes().to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        forged.signed_header =
            record::dispatch::SignedHeader::parse(&bytes).context("the form is kept")?;
        self.refused_and_then_the_true_one(forged).await
    }

    async fn unknown_key(&mut self) -> anyhow::Result<()> {
        let stranger = SigningKeyInMemory::generate(&mut random::operating_system());
        let genesis = *self.author.genesis.digest();
        let forged = self.author.signed_elsewhere(&genesis, &stranger)?;
        self.refused_and_then_the_true_one(forged).await
    }

    async fn another_corridor(&mut self) -> anyhow::Result<()> {
        let forged = self.author.for_another_corridor()?;
        self.refused_and_then_the_true_one(forged).await
    }

    async fn withheld(&mut self) -> anyhow::Result<()> {
        let whole = self.author.say(vec![hold(6)])?;
        let without = Dispatch { entries: Vec::new(), ..whole.clone() };
        self.refused(without).await?;
        self.stored(whole).await
    }

    async fn changed_facts(&mut self) -> anyhow::Result<()> {
        let whole = self.author.say(vec![hold(7)])?;
        let mut changed = whole.clone();
        for entry in &mut changed.entries {
            entry.facts.push(0);
        }
        self.refused(changed).await?;
        self.stored(whole).await
    }

    async fn future(&mut self) -> anyhow::Result<()> {
        let ahead = self.author.say_at(vec![hold(8)], now().plus(HOUR).plus(HOUR))?;
        self.refused(ahead.clone()).await?;
        let correction = self.author.correction()?;
        let corrected = self.author.say(vec![correction])?;
        self.stand(vec![ahead, corrected]).await
    }

    async fn equivocation(&mut self) -> anyhow::Result<()> {
        let mut other = self.author.fork();
        let one = self.author.say(vec![hold(9)])?;
        self.stored(one).await?;
        let rival = other.say(vec![hold(10)])?;
        // Under a number that the node has; it is only asked for with what comes after it.
        let next = other.say(Vec::new())?;
        self.frozen(vec![rival, next.clone()], &next, Fault::BrokenChain).await
    }

    async fn broken_chain(&mut self) -> anyhow::Result<()> {
        let broken = self.author.twisted(|header| header.time = Instant::from_ms(1))?;
        self.frozen(vec![broken.clone()], &broken, Fault::BrokenChain).await
    }

    async fn succession(&mut self) -> anyhow::Result<()> {
        let last = self.standing.last().context("something stands")?;
        let last = last.signed_header.as_heard();
        let spoke = self.watch.node.spoke().await?;
        let stated = spoke.iter().rev().find(|spoke| !spoke.faults.is_empty());
        let stated = stated.context("it has stated no fault")?;
        self.author.heard = spoke.last().map(super::watch::Spoke::listening);
        let stated_in = stated.signed_header.header().number;
        let era = self.author.succeed(Frozen { stated_in, last })?;
        self.stored(era).await
    }

    async fn deluded(&mut self) -> anyhow::Result<()> {
        let deluded = self.author.deluded()?;
        self.refused(deluded).await?;
        let before = self.watch.node.spoke().await?.len();
        // What would be answered by a receipt is not answered any more.
        let next = self.author.say(vec![hold(11)])?;
        let number = next.signed_header.header().number;
        self.standing.push(next);
        self.watch.door.put_out(self.standing.clone());
        self.watch.until_it_holds(number).await?;
        let after = self.watch.node.spoke().await?.len();
        ensure!(before == after, "it has written {} dispatches more", after - before);
        Ok(())
    }

    /// Puts a dispatch with entries out, which the node must store and answer.
    pub(super) async fn stored(&mut self, dispatch: Dispatch) -> anyhow::Result<()> {
        self.standing.push(dispatch);
        self.watch.door.put_out(self.standing.clone());
        self.held_and_heard().await
    }

    /// Puts dispatches out that the node must store.
    async fn stand(&mut self, dispatches: Vec<Dispatch>) -> anyhow::Result<()> {
        let last = dispatches.last().context("something is put out")?;
        let number = last.signed_header.header().number;
        self.standing.extend(dispatches);
        self.watch.door.put_out(self.standing.clone());
        self.watch.until_it_holds(number).await
    }

    /// Waits until the last that stands is held, and heard by a dispatch of the node.
    async fn held_and_heard(&mut self) -> anyhow::Result<()> {
        let last = self.standing.last().context("something stands")?;
        let said = last.signed_header.as_heard();
        self.watch.until_it_holds(said.number).await?;
        self.author.heard = Some(self.watch.until_it_has_heard(said).await?);
        Ok(())
    }

    /// Puts a dispatch out that the node must not store.
    async fn refused(&mut self, dispatch: Dispatch) -> anyhow::Result<()> {
        let number = dispatch.signed_header.header().number;
        let shown = self.standing.iter().cloned().chain([dispatch]).collect();
        self.watch.door.put_out(shown);
        let holds = self.watch.once_it_has_looked().await?;
        if holds >= Some(number) {
            bail!("it has stored dispatch {number}");
        }
        Ok(())
    }

    async fn refused_and_then_the_true_one(&mut self, forged: Dispatch) -> anyhow::Result<()> {
        self.refused(forged).await?;
        let dispatch = self.author.say(vec![hold(12)])?;
        self.stored(dispatch).await
    }

    /// Puts a fault out, which the node must state and then store nothing more.
    async fn frozen(
        &mut self,
        shown: Vec<Dispatch>,
        rival: &Dispatch,
        fault: Fault,
    ) -> anyhow::Result<()> {
        let all = self.standing.iter().cloned().chain(shown).collect();
        self.watch.door.put_out(all);
        let digest = rival.signed_header.digest();
        let (proved, spoke) = self.watch.until_it_states_the_fault(digest).await?;
        ensure!(proved.fault == fault, "it states {:?} and not {fault:?}", proved.fault);
        let last = self.standing.last().context("something stands")?;
        let heard = spoke.signed_header.header().heard;
        ensure!(
            heard == Some(last.signed_header.as_heard()),
            "the dispatch that states it has heard {heard:?}"
        );
        let next = self.author.fork().say(vec![hold(13)])?;
        self.refused(next).await
    }
}

/// A hold on a case of its own: stored, and without effect, since nobody has opened the case.
fn hold(case: u8) -> Said {
    Said::case(CaseId::new([case; 16]), &Statement::HoldPlaced)
}
