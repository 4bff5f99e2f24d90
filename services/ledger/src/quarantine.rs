//! What arrived in a partner's name and is not authentic: kept apart, bounded, for people to look
//! at. Nothing of it is in the store, and nothing else ever reads it.
//!
//! One file for each, in `quarantine/<partner>` of the data folder, named by a rising number. Its
//! first line says when and why, the bytes follow as they arrived. Not synced: a crash may lose
//! the last ones, which prove nothing against anybody. When there is no room, what arrives is
//! counted and not kept, so that a flood cannot push out what came before it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::identifier::State;
use domain::time::Instant;

/// Bounds of the quarantine of one partner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) dispatches_max: usize,
    pub(crate) bytes_max: u64,
}

/// A dispatch in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Names it among those of its partner.
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) at: Instant,
    pub(crate) why: String,
}

/// The quarantine of every partner. The lock is held while files are touched: both are rare.
#[derive(Debug)]
pub(crate) struct Quarantine {
    folder: PathBuf,
    bounds: Bounds,
    partners: Mutex<BTreeMap<State, Ward>>,
}

/// What is kept of one partner.
#[derive(Debug, Default)]
struct Ward {
    kept: BTreeMap<u64, Kept>,
    bytes: u64,
    next: u64,
    /// Since the start: all that arrived, and what there was no room for.
    seen: u64,
    dropped: u64,
}

/// How much is there of one partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) seen: u64,
    pub(crate) dropped: u64,
    pub(crate) kept: u64,
}

impl Quarantine {
    /// Opens the quarantine of a data folder. A file that is none is left alone.
    pub(crate) fn open(data_folder: &Path, bounds: Bounds) -> io::Result<Self> {
        let folder = data_folder.join("quarantine");
        let mut partners: BTreeMap<State, Ward> = BTreeMap::new();
        for found in read_folder(&folder)? {
            let name = found.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Ok(partner) = State::new(&name) else { continue };
            let ward = partners.entry(partner).or_default();
            for file in read_folder(&found)? {
                let number = file.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
                let Some(number) = number else { continue };
                let Some(kept) = read_kept(&file, number)? else { continue };
                ward.add(kept);
            }
        }
        Ok(Self { folder, bounds, partners: Mutex::new(partners) })
    }

    /// Keeps what arrived, if there is room.
    pub(crate) fn keep(&self, partner: State, at: Instant, why: &str, bytes: &[u8]) {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        let ward = partners.entry(partner).or_default();
        ward.seen += 1;
        let length = bytes.len() as u64;
        let full = ward.kept.len() >= self.bounds.dispatches_max
            || ward.bytes + length > self.bounds.bytes_max;
        if full {
            ward.dropped += 1;
            return;
        }
        let kept =
            Kept { number: ward.next, bytes: length, at, why: why.replace(['\n', '\r'], " ") };
        match self.write(partner, &kept, bytes) {
            Ok(()) => ward.add(kept),
            Err(error) => {
                tracing::warn!(%partner, %error, "the quarantine could not be written");
                ward.dropped += 1;
            }
        }
    }

    /// How much is there of a partner.
    pub(crate) fn count(&self, partner: State) -> Count {
        let partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        partners.get(&partner).map_or_else(Count::default, |ward| Count {
            seen: ward.seen,
            dropped: ward.dropped,
            kept: ward.kept.len() as u64,
        })
    }

    /// What is kept of a partner, by ascending number.
    pub(crate) fn list(&self, partner: State) -> Vec<Kept> {
        let partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        partners.get(&partner).map(|ward| ward.kept.values().cloned().collect()).unwrap_or_default()
    }

    /// The bytes of one, as they arrived; `None` where there is none of that number.
    pub(crate) fn read(&self, partner: State, number: u64) -> io::Result<Option<Vec<u8>>> {
        let partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        if !partners.get(&partner).is_some_and(|ward| ward.kept.contains_key(&number)) {
            return Ok(None);
        }
        let file = fs::read(self.path(partner, number))?;
        let begins = file.iter().position(|byte| *byte == b'\n').map_or(file.len(), |at| at + 1);
        Ok(Some(file.get(begins..).unwrap_or_default().to_vec()))
    }

    /// Removes all that is kept of a partner; returns how many.
    pub(crate) fn purge(&self, partner: State) -> io::Result<u64> {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ward) = partners.get_mut(&partner) else {
            return Ok(0);
        };
        let mut purged = 0;
        while let Some(number) = ward.kept.keys().next().copied() {
            match fs::remove_file(self.path(partner, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => ward.remove(number),
            }
            purged += 1;
        }
        Ok(purged)
    }

    fn write(&self, partner: State, kept: &Kept, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.folder.join(partner.code()))?;
        let first_line = format!("{} {}\n", kept.at.as_ms(), kept.why);
        fs::write(self.path(partner, kept.number), [first_line.as_bytes(), bytes].concat())
    }

    fn path(&self, partner: State, number: u64) -> PathBuf {
        self.folder.join(partner.code()).join(format!("{number}.dispatch"))
    }
}

impl Ward {
    fn add(&mut self, kept: Kept) {
        self.next = self.next.max(kept.number + 1);
        self.bytes += kept.bytes;
        self.kept.insert(kept.number, kept);
    }

    fn remove(&mut self, number: u64) {
        if let Some(kept) = self.kept.remove(&number) {
            self.bytes -= kept.bytes;
        }
    }
}

fn read_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(found) => found.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What a file says of itself; `None` where it is none of ours.
fn read_kept(file: &Path, number: u64) -> io::Result<Option<Kept>> {
    let content = fs::read(file)?;
    let end = content.iter().position(|byte| *byte == b'\n');
    let line = end.and_then(|end| std::str::from_utf8(content.get(..end)?).ok());
    let Some((at, why)) = line.and_then(|line| line.split_once(' ')) else {
        return Ok(None);
    };
    let Ok(at) = at.parse() else {
        return Ok(None);
    };
    let bytes = (content.len() - line.map_or(0, str::len) - 1) as u64;
    Ok(Some(Kept { number, bytes, at: Instant::from_ms(at), why: why.to_owned() }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const BOUNDS: Bounds = Bounds { dispatches_max: 3, bytes_max: 100 };

    fn xk() -> State {
        State::new("XK").unwrap()
    }

    #[test]
    fn a_flood_pushes_nothing_out_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::open(folder.path(), BOUNDS).unwrap();
        quarantine.keep(xk(), Instant::from_ms(7), "the signature\ndoes not verify", &[1; 40]);
        quarantine.keep(xk(), Instant::from_ms(8), "no dispatch", &[2; 40]);
        quarantine.keep(xk(), Instant::from_ms(9), "too long", &[3; 40]);
        quarantine.keep(xk(), Instant::from_ms(9), "no dispatch", b"\n\n");
        quarantine.keep(xk(), Instant::from_ms(9), "one too many", &[]);
        assert_eq!(quarantine.count(xk()), Count { seen: 5, dropped: 2, kept: 3 });
        let listed = quarantine.list(xk());
        assert_eq!(listed[0].why, "the signature does not verify");
        // A restart forgets what was counted, and nothing that is kept.
        let again = Quarantine::open(folder.path(), BOUNDS).unwrap();
        assert_eq!(again.list(xk()), listed);
        assert_eq!(again.read(xk(), 2).unwrap().unwrap(), b"\n\n");
        assert_eq!(again.read(xk(), 9).unwrap(), None);
        assert_eq!(again.count(xk()), Count { seen: 0, dropped: 0, kept: 3 });
    }

    #[test]
    fn what_is_purged_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::open(folder.path(), BOUNDS).unwrap();
        for _ in 0..3 {
            quarantine.keep(xk(), Instant::from_ms(7), "no dispatch", &[1; 10]);
        }
        assert_eq!(quarantine.purge(xk()).unwrap(), 3);
        assert_eq!(quarantine.purge(State::new("NL").unwrap()).unwrap(), 0);
        quarantine.keep(xk(), Instant::from_ms(7), "no dispatch", &[1; 90]);
        assert_eq!(quarantine.count(xk()).kept, 1);
        assert_eq!(quarantine.list(xk())[0].number, 3);
    }

    #[test]
    fn files_of_somebody_else_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let ward = folder.path().join("quarantine/XK");
        fs::create_dir_all(&ward).unwrap();
        fs::write(ward.join("notes.txt"), "not ours").unwrap();
        fs::write(ward.join("4.dispatch"), "no first line").unwrap();
        let quarantine = Quarantine::open(folder.path(), BOUNDS).unwrap();
        assert_eq!(quarantine.list(xk()), []);
    }
}
