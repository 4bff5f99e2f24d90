//! Preparing a data folder for a corridor: the genesis that both States signed, and the two key
//! announcements that the root key signed for this node.
//!
//! ```text
//! <data folder>/corridors/<partner>/genesis          readmit.record.v1.SignedGenesis
//! <data folder>/corridors/<partner>/announce_log     KeyAnnounced.root_statement of the log key
//! <data folder>/corridors/<partner>/announce_hpke    KeyAnnounced.root_statement of the HPKE key
//! <data folder>/store/                               the store
//! ```
//!
//! The announcements become the first two entries of the own log when the ledger starts, in a
//! dispatch 0 that is signed by the very key that its first entry announces.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::identifier::State;
use record::genesis::{GenesisError, SignedGenesis};
use record::root_statement::{AnnouncedKey, Root, RootStatement, RootStatementError};

use crate::corridor::Corridor;
use crate::keyring::PublicKeys;

/// The node's keys, each announced by a statement of the State's root key.
#[derive(Clone, Debug)]
pub struct Announcements {
    /// The log key. Its serial is below the other's.
    pub log: Vec<u8>,
    /// The HPKE key.
    pub hpke: Vec<u8>,
}

/// Why a corridor is not founded, or not read.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The State is not in the corridor.
    #[error("`{state}` is not one of the two States of this genesis")]
    NotInCorridor {
        /// The State.
        state: State,
    },
    /// There is another genesis for this partner already.
    #[error("a corridor with `{partner}` is founded already, by another genesis")]
    FoundedOtherwise {
        /// The partner.
        partner: State,
    },
    /// The genesis does not hold.
    #[error("the genesis of the corridor with `{partner}`")]
    Genesis {
        /// The partner, as the folder names it.
        partner: String,
        /// Why.
        #[source]
        source: GenesisError,
    },
    /// A statement of the root key does not hold.
    #[error("the announcement of the {key} key to `{partner}`")]
    Statement {
        /// Which key.
        key: &'static str,
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: RootStatementError,
    },
    /// A statement announces another key than the keyring's.
    #[error("the statement for `{partner}` does not announce the {key} key of this keyring")]
    OtherKey {
        /// Which key.
        key: &'static str,
        /// The partner.
        partner: State,
    },
    /// The operating system refused.
    #[error("could not use `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Prepares a data folder for a corridor. The same genesis again changes nothing but the
/// announcements.
///
/// # Errors
/// The State is not in the corridor, the statements are not its root key's, or announce other keys
/// than `keys`; there is another genesis; or a file cannot be written.
pub fn found(
    data_folder: &Path,
    state: State,
    genesis: &SignedGenesis,
    announcements: &Announcements,
    keys: &PublicKeys,
) -> Result<(), FoundError> {
    let corridor = Corridor::new(state, genesis.clone());
    let corridor = corridor.ok_or(FoundError::NotInCorridor { state })?;
    announcements.check(&corridor, |key| match key {
        AnnouncedKey::Log(key) => *key == keys.log,
        AnnouncedKey::Hpke(key) => *key == keys.hpke,
    })?;
    let folder = folder_of(data_folder, corridor.partner);
    let genesis_file = folder.join("genesis");
    match fs::read(&genesis_file) {
        Ok(there) if there != genesis.encode() => {
            let partner = corridor.partner;
            return Err(FoundError::FoundedOtherwise { partner });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(file_error(&genesis_file, source)),
    }
    fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
    // The genesis comes last: with it the corridor is founded.
    let files = [
        ("announce_log", &announcements.log),
        ("announce_hpke", &announcements.hpke),
        ("genesis", &genesis.encode()),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        write_durably(&path, bytes).map_err(|source| file_error(&path, source))?;
    }
    Ok(())
}

/// Whether the data folder is prepared for a corridor with `partner`.
#[must_use]
pub fn is_founded(data_folder: &Path, partner: State) -> bool {
    folder_of(data_folder, partner).join("genesis").exists()
}

/// A corridor as it was founded.
#[derive(Debug)]
pub(crate) struct Founded {
    pub(crate) corridor: Corridor,
    pub(crate) announcements: Announcements,
}

/// Every corridor of a data folder.
pub(crate) fn read_founded(data_folder: &Path, state: State) -> Result<Vec<Founded>, FoundError> {
    let folder = data_folder.join("corridors");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file_error(&folder, source)),
    };
    let mut founded = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| file_error(&folder, source))?.path();
        if !path.join("genesis").exists() {
            continue;
        }
        let read = |name: &str| {
            let path = path.join(name);
            fs::read(&path).map_err(|source| file_error(&path, source))
        };
        let partner = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let genesis = SignedGenesis::decode(&read("genesis")?)
            .map_err(|source| FoundError::Genesis { partner, source })?;
        let corridor = Corridor::new(state, genesis).ok_or(FoundError::NotInCorridor { state })?;
        let announcements =
            Announcements { log: read("announce_log")?, hpke: read("announce_hpke")? };
        founded.push(Founded { corridor, announcements });
    }
    founded.sort_by_key(|founded| founded.corridor.partner);
    Ok(founded)
}

impl Announcements {
    /// Holds the statements to the root key and to the keys that are held.
    pub(crate) fn check(
        &self,
        corridor: &Corridor,
        held: impl Fn(&AnnouncedKey) -> bool,
    ) -> Result<(), FoundError> {
        let partner = corridor.partner;
        let party = corridor.genesis.genesis().party(corridor.own);
        let party = party.ok_or(FoundError::NotInCorridor { state: corridor.own })?;
        let root =
            Root { genesis: *corridor.genesis.digest(), author: corridor.own, key: party.root_key };
        let verify = |key: &'static str, bytes: &[u8]| {
            RootStatement::verify(bytes, &root).map_err(|source| FoundError::Statement {
                key,
                partner,
                source,
            })
        };
        let (log, hpke) = (verify("log", &self.log)?, verify("HPKE", &self.hpke)?);
        let held = |key: Option<AnnouncedKey>| key.filter(|key| held(key));
        if !matches!(held(log.announced()), Some(AnnouncedKey::Log(_))) {
            return Err(FoundError::OtherKey { key: "log", partner });
        }
        if !matches!(held(hpke.announced()), Some(AnnouncedKey::Hpke(_))) {
            return Err(FoundError::OtherKey { key: "HPKE", partner });
        }
        if hpke.serial <= log.serial {
            let (last, found) = (log.serial, hpke.serial);
            let source = RootStatementError::SerialMustRise { last, found };
            return Err(FoundError::Statement { key: "HPKE", partner, source });
        }
        Ok(())
    }
}

fn folder_of(data_folder: &Path, partner: State) -> PathBuf {
    data_folder.join("corridors").join(partner.code())
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, bytes)?;
    fs::File::open(&fresh)?.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn file_error(path: &Path, source: io::Error) -> FoundError {
    FoundError::File { path: path.to_path_buf(), source }
}
