//! `readmit store heal`: from what is left, from a backup, or from what partners hold of the logs
//! between States.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use domain::identifier::State;
use event_store::{MendError, Progress};
use ledger::{Damage, HealError, Wanted};
use proto::exchange::v1::StreamDispatchesRequest;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use runtime::config::Config;

use super::{Said, attachments};
use crate::exit::Exit;
use crate::wiring;

/// Where what is lost comes from; without any, what follows from the rest of the store is put back.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Heal {
    /// The folder of a backup: puts back every log, and the attachments
    #[arg(long)]
    from: Option<PathBuf>,
    /// A partner, by its code: puts back what it holds of the logs between the two States, each
    /// byte held to signed roots. May be given several times
    #[arg(long, value_name = "STATE", value_parser = State::new)]
    from_partner: Vec<State>,
}

/// Longest answer of a door: a dispatch with its wrapped keys.
const DISPATCH_BYTES_MAX: usize = 4 << 20;

/// How long a door may keep silent.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// What may be done about a damaged store.
pub(super) const WAYS: &str = "`readmit store heal` puts back what follows from the rest of the \
                               store, `readmit store heal --from-partner STATE` what a partner \
                               holds of the logs between the two States, `readmit store heal \
                               --from BACKUP` what a backup holds of every log, `readmit store \
                               rebuild` makes the index anew (docs/operations.md, \"A damaged \
                               store\")";

/// What is said where a partner cannot help.
const WAY_OUT: &str = "`readmit store heal --from BACKUP` puts back every log; without a backup \
                       that reaches so far, move `data/store` away: `readmit store restore --from \
                       BACKUP` makes the store from the latest one, and the partner brings back \
                       what is newer of the logs between States (docs/operations.md, \"A damaged \
                       store\")";

/// What is said where there is no store.
const RESTORE: &str = "`readmit store restore --from BACKUP` makes it from the latest backup, and \
                       the partner brings back what is newer of the logs between States \
                       (docs/operations.md, \"After a restore\")";

impl Heal {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &Path,
        said: &mut Said,
    ) -> anyhow::Result<Exit> {
        let start = Instant::now();
        let mut progress = |now: Progress| said.bytes(now.bytes, now.bytes_total);
        let Some(from) = &self.from else {
            let heads = event_store::mend_heads(store).map_err(HealError::from);
            let heads = heads.map_err(with_way_out).context("heal the heads of segments")?;
            for file in &heads {
                eprintln!("healed: the head of `{file}`, from what is left around it");
            }
            return self
                .ask_partners((config, store), !heads.is_empty(), &mut progress, start)
                .await;
        };
        let made = event_store::heal(store, from, &mut progress).context("heal the store")?;
        for number in &made.heads {
            eprintln!("healed: the head of segment {number}, from what is left around it");
        }
        eprintln!(
            "healed: {} segments put back; {} records are sound, {:.1?}",
            made.segments.len(),
            made.verified.records,
            start.elapsed()
        );
        attachments::put_back(from, &config.data_folder, made.upto.0, said)
    }

    async fn ask_partners(
        &self,
        (config, store): (&Config, &Path),
        has_healed_heads: bool,
        progress: &mut (dyn FnMut(Progress) + Send),
        start: Instant,
    ) -> anyhow::Result<Exit> {
        let found = ledger::find_damage(&config.data_folder, config.state);
        let Some(damage) = found.map_err(with_way_out).context("read the damaged store")? else {
            if has_healed_heads {
                let verified = event_store::verify(store).context("verify the healed store")?;
                eprintln!("{} records are sound, {:.1?}", verified.records, start.elapsed());
                return Ok(Exit::Success);
            }
            bail!("no frame of the journal is damaged: `readmit store verify` says what else is");
        };
        for place in damage.places() {
            eprintln!("damaged: {place}");
        }
        check_logs(&damage)?;
        let mut sent = Vec::new();
        for wanted in damage.wanted() {
            if !self.from_partner.contains(&wanted.partner) {
                bail!(
                    "dispatches between this State and {} are needed too: add `--from-partner {}`",
                    wanted.partner,
                    wanted.partner
                );
            }
            let dispatches = fetch(config, &wanted).await.with_context(|| {
                format!("fetch dispatches of {} at the door of {}", wanted.author, wanted.partner)
            })?;
            eprintln!(
                "fetched: {} dispatches of {} from number {} on, held by {}",
                dispatches.len(),
                wanted.author,
                wanted.from_number,
                wanted.partner
            );
            sent.push((wanted, dispatches));
        }
        let made = damage.heal(&sent, progress);
        let made = made.map_err(with_way_out).context(match has_healed_heads {
            true => "heal the store; nothing else was changed",
            false => "heal the store; nothing was changed",
        })?;
        eprintln!(
            "healed: {} records in {} frames put back, as they were signed; {} records are sound, \
             {:.1?}",
            made.records,
            made.frames,
            made.verified.records,
            start.elapsed()
        );
        Ok(Exit::Success)
    }
}

/// Refuses where something has perished that no partner has.
fn check_logs(damage: &Damage) -> anyhow::Result<()> {
    let lost = damage.only_in_backups();
    if lost.is_empty() {
        return Ok(());
    }
    for lost in lost {
        let (first, end) = lost.indexes;
        eprintln!("lost: records {first} to {} of log `{}`", end.saturating_sub(1), lost.log);
    }
    bail!("no partner has what this State keeps to itself: {WAY_OUT}")
}

fn with_way_out(error: HealError) -> anyhow::Error {
    match &error {
        HealError::Store(
            MendError::Beyond { .. } | MendError::Unfilled { .. } | MendError::Refused { .. },
        )
        | HealError::NoDispatch { .. }
        | HealError::NotAsked { .. } => {
            anyhow!("{:#}. No partner can help here: {WAY_OUT}", anyhow::Error::from(error))
        }
        HealError::Store(MendError::NoStore) => anyhow!("{error}: {RESTORE}"),
        HealError::Corridors(_)
        | HealError::Store(
            MendError::InUse
            | MendError::Io { .. }
            | MendError::Newer { .. }
            | MendError::NotSound(_),
        ) => anyhow::Error::from(error),
    }
}

/// Asks the partner's door for dispatches, as the running node does.
async fn fetch(config: &Config, wanted: &Wanted) -> anyhow::Result<Vec<Vec<u8>>> {
    let door = wiring::partner_door(config, wanted.partner)?;
    let mut door = PartnerServiceClient::new(door).max_decoding_message_size(DISPATCH_BYTES_MAX);
    let mut dispatches = Vec::new();
    let mut from_number = wanted.from_number;
    while from_number <= wanted.to_number {
        let request = StreamDispatchesRequest {
            genesis: wanted.genesis.clone(),
            author: wanted.author.code().to_owned(),
            era: wanted.era,
            from_number,
            to_number: Some(wanted.to_number),
        };
        let mut stream = in_time(door.stream_dispatches(request)).await?.into_inner();
        let before = from_number;
        while let Some(sent) = in_time(stream.message()).await? {
            dispatches.push(sent.dispatch);
            from_number += 1;
            if from_number > wanted.to_number {
                break;
            }
        }
        if from_number == before {
            break;
        }
    }
    Ok(dispatches)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, tonic::Status>>) -> anyhow::Result<T> {
    let answer = tokio::time::timeout(SILENCE_MAX, answer).await;
    Ok(answer.context("the door keeps silent")??)
}
