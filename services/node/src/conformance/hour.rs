//! The plays that take an hour by the clock of the node under test: what stays missing is called
//! unreadable, and what is called unreadable is stated again.

use anyhow::{Context, bail, ensure};
use domain::case::event::{Opaque, Restated, Statement};
use proto::record::v1::WrappedCaseKey;
use record::digest::sha256;
use record::{canonical, wrap};

use super::author::Said;
use super::opened::{Asked, Opened};
use super::play::Stage;
use super::watch::Spoke;

/// The cases that are played with.
#[derive(Default)]
pub(super) struct Cases {
    /// In the order of the plays: a body that never comes, another body, a key that never comes,
    /// another key; then one that is whole.
    opened: Vec<Opened>,
}

impl Cases {
    fn get(&self, index: usize) -> anyhow::Result<&Opened> {
        self.opened.get(index).context("its case was not opened")
    }
}

/// Which case is which.
const NO_BODY: usize = 0;
const OTHER_BODY: usize = 1;
const NO_KEY: usize = 2;
const OTHER_KEY: usize = 3;
const WHOLE: usize = 4;

impl Stage<'_> {
    /// Adopts what the node has adopted.
    pub(super) async fn adoption(&mut self) -> anyhow::Result<()> {
        let adopted = self.watch.node.adopted().await?;
        let (adopted, facts) = adopted.context(
            "it has adopted no agreement: adopt one at the node under test before these plays",
        )?;
        self.adopted = Some(adopted);
        let dispatch = self.author.say(vec![Said { facts, ..Said::default() }])?;
        self.stored(dispatch).await
    }

    /// Opens the cases; what is missing of them keeps none from being stored and answered.
    pub(super) async fn cases_with_gaps(&mut self) -> anyhow::Result<()> {
        let adopted = self.adopted.clone().context("nothing is adopted by both")?;
        let recipient = self.watch.node.hpke_key(&self.author.genesis).await?;
        let addressed_to = self.addressed_to.clone();
        for (index, serial) in (NO_BODY..=WHOLE).zip(1..) {
            let asked = Asked {
                adopted: &adopted,
                addressed_to: &addressed_to,
                recipient: &recipient,
                serial,
            };
            let opened = self.author.open_case(&asked)?;
            let mut shown = opened.dispatch.clone();
            if index == NO_BODY || index == OTHER_BODY {
                shown.entries.iter_mut().for_each(|entry| entry.sealed_body = None);
            }
            if index == NO_KEY || index == OTHER_KEY {
                shown.case_keys.clear();
            }
            if index == OTHER_BODY {
                let other = opened.sealed_body.iter().rev().copied().collect();
                self.watch.door.give_body(opened.place.position, other);
            }
            if index == OTHER_KEY {
                // The key of another case, said to be of this one.
                let another = self.hour.get(NO_BODY)?;
                let posing =
                    WrappedCaseKey { position: opened.place.position, ..another.wrapped.clone() };
                self.watch.door.give_key(opened.case, canonical::encode(&posing));
            }
            self.hour.opened.push(opened);
            self.stored(shown).await?;
        }
        let said = self.watch.node.stated().await?;
        let early = said.iter().any(|it| matches!(it.statement, Statement::EntryUnreadable(_)));
        ensure!(!early, "it has called an entry unreadable before an hour was over");
        eprintln!("an hour has to pass by the clock of the node under test");
        Ok(())
    }

    pub(super) async fn no_body(&mut self) -> anyhow::Result<()> {
        self.called_unreadable(NO_BODY).await
    }

    pub(super) async fn other_body(&mut self) -> anyhow::Result<()> {
        self.called_unreadable(OTHER_BODY).await
    }

    pub(super) async fn no_key(&mut self) -> anyhow::Result<()> {
        self.called_unreadable(NO_KEY).await
    }

    pub(super) async fn other_key(&mut self) -> anyhow::Result<()> {
        self.called_unreadable(OTHER_KEY).await
    }

    async fn called_unreadable(&mut self, index: usize) -> anyhow::Result<()> {
        let position = self.hour.get(index)?.place.position;
        let wanted = Statement::EntryUnreadable(position);
        let says = |said: &Statement| *said == wanted;
        self.watch.until_it_states("it has not called the entry unreadable", says).await?;
        let times = self.watch.node.stated().await?;
        let times = times.iter().filter(|it| it.statement == wanted).count();
        ensure!(times == 1, "it has said so {times} times");
        // What is whole is not complained of.
        let whole = Statement::EntryUnreadable(self.hour.get(WHOLE)?.place.position);
        let said = self.watch.node.stated().await?;
        ensure!(said.iter().all(|it| it.statement != whole), "it cannot read what came whole");
        Ok(())
    }

    /// Hears everything that the node has said.
    async fn hear(&mut self) -> anyhow::Result<()> {
        let spoke = self.watch.node.spoke().await?;
        self.author.heard = spoke.last().map(Spoke::listening);
        Ok(())
    }

    /// States the body again that never came: the node asks for it no more.
    pub(super) async fn restated_body(&mut self) -> anyhow::Result<()> {
        self.hear().await?;
        let opened = self.hour.get(NO_BODY)?;
        let restated = Restated {
            entry: opened.place.position,
            sealed_body: Opaque(opened.sealed_body.clone()),
            case_key: Opaque(canonical::encode(&opened.wrapped)),
        };
        let said = Said::case(opened.case, &Statement::Restated(restated));
        let (again, other) = (opened.place.position, self.hour.get(OTHER_BODY)?.place.position);
        let dispatch = self.author.say(vec![said])?;
        self.stored(dispatch).await?;
        self.watch.until_it_asks_for_the_one_and_not_the_other(other, again).await
    }

    /// Calls an entry of the node's unreadable that has a body: it must be stated again, and open.
    pub(super) async fn called_unreadable_itself(&mut self) -> anyhow::Result<()> {
        let whole = self.hour.get(WHOLE)?;
        let (case, place, commitment) = (whole.case, whole.place, whole.commitment);
        eprintln!("say something in case {case} at the node under test (`answer ask`)");
        let in_case = |said: &Statement| !matches!(said, Statement::EntryUnreadable(_));
        let spoken = self.watch.until_it_has_a_body_in(case, in_case).await?;
        self.hear().await?;
        let entry = spoken.position;
        let said = Said::case(case, &Statement::EntryUnreadable(entry));
        let dispatch = self.author.say(vec![said])?;
        self.stored(dispatch).await?;
        let again = |said: &Statement| matches!(said, Statement::Restated(it) if it.entry == entry);
        let said = self.watch.until_it_states("it has not stated its entry again", again).await?;
        let Statement::Restated(restated) = said.statement else {
            bail!("it has not stated its entry again");
        };
        let digest = Some(sha256(&[&restated.sealed_body.0]));
        ensure!(digest == spoken.body_digest, "what it states again is another body");
        let wrapped: WrappedCaseKey = canonical::decode(&restated.case_key.0)?;
        let genesis = self.author.genesis.digest();
        let opened = wrap::unwrap(&wrapped, genesis, &place, &commitment, &self.author.opening)
            .context("the case key beside it does not open")?;
        ensure!(opened.fits(&place, &commitment), "the case key beside it is another one");
        Ok(())
    }
}
