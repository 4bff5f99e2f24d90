//! What a history begins with: two founded States that have adopted the rules of its world and
//! heard of it. Made once for each world, and copied for each history.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use domain::case::event::{Kind, Statement};
use domain::rules::Rules;
use domain::time::{Instant, Span};
use event_store::disk::{Disk, Simulated};
use ledger::{
    About, Announcements, ClockChoice, Config, FixedClock, Hardness, Limits, Log, Passphrase,
    PublicKeys, Stated, Stepped, create_keyring_with, found,
};
use record::genesis::{Clocks, Genesis, Party as Founder, SignedGenesis};
use record::key::{Signer as _, SigningKeyInMemory};
use record::root_statement::{AnnouncedKey, RootStatement};
use tempfile::TempDir;
use tokio::sync::watch;

use super::forger::{Forger, Manner};
use super::node::Node;
use super::peer::Peer;
use super::rules::World;
use super::step::Party;

/// When every history begins: Monday, 2 March 2026, 09:00 in Amsterdam and Pristina.
pub const BEGIN_MS: u64 = 1_772_438_400_000;
/// When the States were founded, in the week before.
const FOUNDED_MS: u64 = BEGIN_MS - 4 * 24 * 3_600_000;
const HEARTBEAT_MS: u64 = 3_600_000;

/// What a State has when a history begins.
#[derive(Debug)]
struct Image {
    disk: Simulated,
    /// Everything that is no part of the store: keyring, marks, what founds the corridor.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What both are, and what they rest on.
#[derive(Debug)]
pub struct Base {
    /// The genesis.
    pub genesis: SignedGenesis,
    /// The rules that both have adopted.
    pub rules: Rules,
    starts: [Start; 2],
}

/// What one of the two is when a history begins.
#[derive(Debug)]
enum Start {
    Honest(Image),
    Forger(Box<Forger>),
}

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cast {
    /// Where.
    pub world: World,
    /// Which of the two is byzantine, if one is.
    pub byzantine: Option<Party>,
}

/// Where a State's node lives while a history is played.
#[derive(Debug)]
pub struct Site {
    /// Whose.
    pub party: Party,
    /// Its folder: keyring, marks, and what founds its corridor.
    pub folder: TempDir,
    /// The disk of its store.
    pub disk: Simulated,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    answering: watch::Sender<bool>,
}

/// The root key of a State. Nobody's: its seed is its letter.
#[must_use]
pub fn root(party: Party) -> SigningKeyInMemory {
    let letter = match party {
        Party::Nl => b'N',
        Party::Xk => b'X',
    };
    SigningKeyInMemory::from_seed(&[letter; 32])
}

fn passphrase() -> Passphrase {
    Passphrase::new("fictional passphrase".to_owned())
}

/// Folders in memory where the machine has some: a keyring is synced a hundred thousand times.
fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.context("making a folder")
}

impl Site {
    fn new(party: Party, disk: Simulated) -> Result<Self> {
        let clock = FixedClock::new(Instant::from_ms(FOUNDED_MS));
        Ok(Self { party, folder: folder()?, disk, clock, answering: watch::Sender::new(true) })
    }

    fn config(&self) -> Config {
        let folder = self.folder.path();
        Config {
            state: self.party.state(),
            data_folder: folder.join("data"),
            keyring_file: folder.join("keyring"),
            passphrase: passphrase(),
            signer: None,
            signer_mark_folder: folder.join("marks"),
            heartbeat_ms: HEARTBEAT_MS,
            clock: ClockChoice::Fixed(Arc::clone(&self.clock)),
            limits: Limits::DEFAULT,
        }
    }

    /// Starts the node on what its disk holds.
    ///
    /// # Errors
    /// As [`ledger::start`].
    pub fn start(&self) -> Result<Stepped, ledger::StartError> {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let options = event_store::Options {
            segment_bytes: 256 << 10,
            ahead_bytes: 16 << 10,
            reserve_bytes: 0,
            index_cache_bytes: 1 << 20,
        };
        Stepped::open(&self.config(), &disk, options, self.answering.subscribe())
    }

    /// The signer's marks, as they stand.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn marks(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        read_files(&self.folder.path().join("marks"), Path::new("marks"), &mut files)?;
        Ok(files)
    }

    /// The signer's marks are gone.
    ///
    /// # Errors
    /// They cannot be removed.
    pub fn forget_marks(&self) -> Result<()> {
        fs::remove_dir_all(self.folder.path().join("marks")).context("removing the marks")
    }

    /// Puts files back.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn put(&self, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
        for (path, bytes) in files {
            let path = self.folder.path().join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

/// A disk with the same bytes, of which everything is kept.
#[must_use]
pub fn copy(disk: &Simulated) -> Simulated {
    // The first of three: every name is there. The second of eight: everything that was written.
    disk.cut(&mut |end| usize::from(end != 3))
}

fn read_files(folder: &Path, under: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        let name = under.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            read_files(&path, &name, files)?;
        } else {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

impl Base {
    /// What histories of a cast begin with.
    ///
    /// # Errors
    /// The nodes could not be founded or started.
    pub fn of(cast: Cast) -> Result<Arc<Self>> {
        static MADE: Mutex<BTreeMap<Cast, Arc<Base>>> = Mutex::new(BTreeMap::new());
        // Whoever else needs it waits, and then has it.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = made.get(&cast) {
            return Ok(Arc::clone(base));
        }
        let base = Arc::new(Self::make(cast)?);
        made.insert(cast, Arc::clone(&base));
        Ok(base)
    }

    fn make(cast: Cast) -> Result<Self> {
        let rules = cast.world.rules();
        let genesis = genesis()?;
        let mut peers = Vec::new();
        for party in Party::BOTH {
            peers.push(if cast.byzantine == Some(party) {
                None
            } else {
                Some(Founding::honest(party, &genesis, &rules)?)
            });
        }
        let mut peers: Vec<Founding> = match peers.as_mut_slice() {
            [Some(_), Some(_)] => peers.into_iter().flatten().collect(),
            [Some(honest), None] => {
                let forger = Founding::forger(Party::Xk, &genesis, &rules, honest)?;
                peers.into_iter().flatten().chain([forger]).collect()
            }
            [None, Some(honest)] => {
                let forger = Founding::forger(Party::Nl, &genesis, &rules, honest)?;
                [forger].into_iter().chain(peers.into_iter().flatten()).collect()
            }
            _ => return Err(anyhow!("at most one of the two is byzantine")),
        };
        exchange(&mut peers)?;
        let mut starts = Vec::new();
        for peer in peers {
            starts.push(peer.start()?);
        }
        let starts = <[Start; 2]>::try_from(starts).map_err(|_| anyhow!("there are two"))?;
        Ok(Self { genesis, rules, starts })
    }

    /// What a State is when a history begins.
    ///
    /// # Errors
    /// Its files cannot be written, or its node does not start.
    pub fn peer(&self, party: Party) -> Result<Peer> {
        match &self.starts[party.slot()] {
            Start::Forger(forger) => Ok(Peer::Forger(forger.clone())),
            Start::Honest(image) => {
                let site = Site::new(party, copy(&image.disk))?;
                site.clock.set(Instant::from_ms(BEGIN_MS));
                site.put(&image.files)?;
                Ok(Peer::Honest(Box::new(Node::new(site)?)))
            }
        }
    }
}

/// One of the two while the corridor is founded.
enum Founding {
    Honest { site: Box<Site>, ledger: Box<Stepped>, keys: Box<PublicKeys> },
    Forger(Box<Forger>),
}

impl Founding {
    fn honest(party: Party, genesis: &SignedGenesis, rules: &Rules) -> Result<Self> {
        let site = Site::new(party, Simulated::new())?;
        let keyring = site.folder.path().join("keyring");
        let keys = create_keyring_with(&keyring, &passphrase(), Hardness::NONE)?;
        let announcements = announcements(genesis, party, &keys)?;
        let data = site.folder.path().join("data");
        found(&data, party.state(), genesis, &announcements, &keys)?;
        let mut ledger = Box::new(site.start()?);
        let adopted = Statement::AgreementAdopted(record::rules::adoption(rules.clone()));
        let partner = party.other().state();
        ledger.append(Stated {
            partner,
            about: About::Corridor,
            request_id: "adopt".to_owned(),
            revisions: ledger.revisions(partner, About::Corridor)?,
            entries: vec![(record::facts::encode(None, &adopted), Vec::new())],
            local: Vec::new(),
        })?;
        site.clock.set(Instant::from_ms(FOUNDED_MS).plus(Span::from_ms(60_000)));
        Ok(Self::Honest { site: Box::new(site), ledger, keys: Box::new(keys) })
    }

    fn forger(party: Party, genesis: &SignedGenesis, rules: &Rules, honest: &Self) -> Result<Self> {
        let Self::Honest { keys, .. } = honest else {
            return Err(anyhow!("one of the two is honest"));
        };
        let mut forger = Forger::new(genesis, party, keys.hpke)?;
        forger.introduce(rules, Instant::from_ms(FOUNDED_MS))?;
        Ok(Self::Forger(Box::new(forger)))
    }

    /// What it has said, by number.
    fn said(&self, number: u64) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Honest { site, ledger, .. } => {
                Ok(ledger.dispatch(site.party.other().state(), Log::Own, number)?)
            }
            Self::Forger(forger) => Ok(forger.sent.get(usize::try_from(number)?).cloned()),
        }
    }

    /// What it wants next.
    fn wanted(&self) -> u64 {
        match self {
            Self::Honest { site, ledger, .. } => {
                ledger.standing(site.party.other().state()).partner
            }
            Self::Forger(forger) => forger.replica.head().map_or(0, |head| head.number + 1),
        }
    }

    fn hear(&mut self, bytes: Vec<u8>) -> Result<()> {
        match self {
            Self::Honest { site, ledger, .. } => {
                ledger.import(site.party.other().state(), bytes)?;
                Ok(())
            }
            Self::Forger(forger) => {
                forger.hear(&bytes)?;
                let now = Instant::from_ms(FOUNDED_MS).plus(Span::from_ms(60_000));
                let last = forger.replica.entries.last().map(|it| it.dispatch);
                if last == forger.replica.head().map(|head| head.number) {
                    forger.say(Manner::Honest, Vec::new(), now)?;
                }
                Ok(())
            }
        }
    }

    fn start(self) -> Result<Start> {
        match self {
            Self::Forger(forger) => Ok(Start::Forger(forger)),
            Self::Honest { site, ledger, .. } => {
                ledger.close();
                let mut files = BTreeMap::new();
                read_files(site.folder.path(), Path::new(""), &mut files)?;
                Ok(Start::Honest(Image { disk: copy(&site.disk), files }))
            }
        }
    }
}

/// Carries everything both ways until nobody has anything new to say.
fn exchange(peers: &mut [Founding]) -> Result<()> {
    for _ in 0..8 {
        for (from, to) in [(0, 1), (1, 0)] {
            while let Some(bytes) = peers[from].said(peers[to].wanted())? {
                peers[to].hear(bytes)?;
            }
        }
    }
    Ok(())
}

fn genesis() -> Result<SignedGenesis> {
    let party = |party: Party| Founder { state: party.state(), root_key: root(party).public_key() };
    let kinds = Kind::ALL.iter().map(|kind| kind.number()).collect();
    let parties = Party::BOTH.map(party);
    let genesis = Genesis::found("test-simulation", parties, Clocks::default(), kinds)?;
    let signature = |party: Party| genesis.sign(&root(party));
    let signatures = (signature(Party::Nl)?, signature(Party::Xk)?);
    Ok(SignedGenesis::new(genesis, signatures.0, signatures.1)?)
}

fn announcements(
    genesis: &SignedGenesis,
    party: Party,
    keys: &PublicKeys,
) -> Result<Announcements> {
    let statement = |serial, key| {
        let statement = RootStatement::announcing(serial, key);
        statement.sign(genesis.digest(), party.state(), &root(party))
    };
    Ok(Announcements {
        log: statement(1, AnnouncedKey::Log(keys.log))?,
        hpke: statement(2, AnnouncedKey::Hpke(keys.hpke))?,
    })
}
