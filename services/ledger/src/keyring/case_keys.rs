//! Keys of cases in memory: written by the writer once they are durable, read by everybody.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::identifier::CaseId;
use record::seal::CaseKey;

use super::contents::{NewKey, Reach};

/// Keys of cases. Holding the lock only looks up, adds or removes.
#[derive(Debug, Default)]
pub(crate) struct CaseKeys(RwLock<Maps>);

#[derive(Default)]
struct Maps {
    shared: HashMap<CaseId, CaseKey>,
    local: HashMap<CaseId, CaseKey>,
    erased: HashSet<CaseId>,
}

impl std::fmt::Debug for Maps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Maps({}, {})", self.shared.len(), self.local.len())
    }
}

impl CaseKeys {
    /// `erased`: the cases of which no key is ever to be held again.
    pub(crate) fn new(
        shared: HashMap<CaseId, CaseKey>,
        local: HashMap<CaseId, CaseKey>,
        erased: HashSet<CaseId>,
    ) -> Self {
        let keys = Self(RwLock::new(Maps { shared, local, erased: HashSet::new() }));
        erased.iter().for_each(|case| keys.erase(case));
        keys
    }

    /// The key that is shared with the partner.
    pub(crate) fn get(&self, case: &CaseId) -> Option<CaseKey> {
        self.maps().shared.get(case).cloned()
    }

    /// The key of what the State keeps to itself about a case; wrapped for no one.
    pub(crate) fn local(&self, case: &CaseId) -> Option<CaseKey> {
        self.maps().local.get(case).cloned()
    }

    pub(crate) fn extend(&self, keys: Vec<NewKey>) {
        let mut maps = self.maps_mut();
        for NewKey { case, key, reach } in keys {
            if maps.erased.contains(&case) {
                continue;
            }
            match reach {
                Reach::Shared => maps.shared.insert(case, key),
                Reach::Local => maps.local.insert(case, key),
            };
        }
    }

    /// Forgets both keys of a case, and takes none for it any more.
    pub(crate) fn erase(&self, case: &CaseId) {
        let mut maps = self.maps_mut();
        maps.shared.remove(case);
        maps.local.remove(case);
        maps.erased.insert(*case);
    }

    /// Whether the State has ordered the erasure of its copies: nobody asks for a key of this case
    /// or serves one.
    pub(crate) fn is_erased(&self, case: &CaseId) -> bool {
        self.maps().erased.contains(case)
    }

    fn maps(&self) -> RwLockReadGuard<'_, Maps> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn maps_mut(&self) -> RwLockWriteGuard<'_, Maps> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
