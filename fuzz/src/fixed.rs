//! The corridor of the golden vectors: fixed keys, so that a seed verifies here as there.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use domain::case::event::Kind;
use domain::corridor::Corridor;
use domain::identifier::{CaseId, Digest, State};
use record::genesis::{Clocks, Genesis, Party};
use record::key::{Signer as _, SigningKeyInMemory};
use record::log_id::LogId;
use record::root_statement::Root;
use record::seal::{CaseKey, Place};
use record::wrap::OpeningKey;

/// What a node knows before anything arrives.
pub(crate) struct Fixed {
    /// The corridor, as the rules read it.
    pub(crate) corridor: Corridor,
    /// The first State's root key.
    pub(crate) signer: SigningKeyInMemory,
    /// The same, as its partner knows it.
    pub(crate) root: Root,
    /// The first State's log.
    pub(crate) log: LogId,
    /// The recipient's key that opens wrapped case keys.
    pub(crate) opening_key: OpeningKey,
    /// The key of the case.
    pub(crate) case_key: CaseKey,
    /// Where the case is opened.
    pub(crate) opening: Place,
    /// What the opening entry committed to.
    pub(crate) commitment: Digest,
}

/// The one corridor, made once.
pub(crate) fn fixed() -> &'static Fixed {
    static FIXED: OnceLock<Fixed> = OnceLock::new();
    FIXED.get_or_init(found)
}

fn found() -> Fixed {
    let state = |code| State::new(code).expect("two capitals name a State");
    let signer = |seed| SigningKeyInMemory::from_seed(&[seed; 32]);
    let party = |code, seed| Party { state: state(code), root_key: signer(seed).public_key() };
    let kinds: BTreeSet<u32> = Kind::ALL.iter().map(|kind| kind.number()).collect();
    let parties = [party("NL", 1), party("XK", 2)];
    let genesis = Genesis::found("test-record", parties, Clocks::default(), kinds)
        .expect("the values are in range");
    let digest = genesis.digest();
    let log = LogId::shared(&digest, state("NL"), 0);
    let case_key = CaseKey::from_slice(&[0x77; 32]).expect("a case key has 32 bytes");
    let opening = Place { log, position: 3, case: CaseId::new([0x11; 16]) };
    Fixed {
        corridor: genesis.corridor(),
        root: Root { genesis: digest, author: state("NL"), key: signer(1).public_key() },
        signer: signer(1),
        log,
        opening_key: OpeningKey::from_slice(&[6; 32]).expect("an HPKE key has 32 bytes"),
        commitment: case_key.commitment(&opening),
        case_key,
        opening,
    }
}
