//! Positions that leave the process and come back: a token names its store, so that one of another
//! store is refused and does not silently mean another place.
//!
//! ```text
//! token = version u8 (1), store_id(16), position u64 LE, crc u32 LE over all before it
//! ```

use thiserror::Error;

use crate::journal::bytes::{Fields, put};
use crate::journal::frame::StoreId;
use crate::record::Position;
use crate::store::Store;

const VERSION: u8 = 1;

/// A position of one store. Not a secret, and no proof of anything: the checksum finds mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token([u8; Self::LENGTH]);

/// Why a token names no position of this store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not the bytes of a token, or those of a newer version.
    #[error("these {length} bytes are no token")]
    Malformed {
        /// How many bytes there were.
        length: usize,
    },
    /// Another store made it.
    #[error("the token is of another store")]
    AnotherStore,
    /// This store has not come so far: it is an older copy of the one that made the token.
    #[error("the token names position {asked}, beyond the end, which is {end}")]
    BeyondEnd {
        /// The position of the token.
        asked: Position,
        /// The position of the next record.
        end: Position,
    },
}

impl Token {
    /// The bytes of every token.
    pub const LENGTH: usize = 29;

    fn new(store: &StoreId, position: Position) -> Self {
        let mut bytes = [0; Self::LENGTH];
        put(&mut bytes, 0, &[VERSION]);
        put(&mut bytes, 1, store);
        put(&mut bytes, 17, &position.0.to_le_bytes());
        let crc = crc32fast::hash(bytes.get(..25).unwrap_or_default());
        put(&mut bytes, 25, &crc.to_le_bytes());
        Self(bytes)
    }

    /// The bytes, to be given away.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Store {
    /// A token for a position of this store.
    #[must_use]
    pub fn token(&self, position: Position) -> Token {
        Token::new(&self.shared().journal.store, position)
    }

    /// The position that a token names, if it is one of this store.
    pub fn position_of(&self, token: &[u8]) -> Result<Position, TokenError> {
        let decode = || {
            let mut fields = Fields(token);
            let (version, store) = (fields.u8()?, fields.array::<16>()?);
            let position = Position(fields.u64()?);
            let is_whole = version == VERSION && token == Token::new(&store, position).as_bytes();
            is_whole.then_some((store, position))
        };
        let malformed = || TokenError::Malformed { length: token.len() };
        let (store, asked) = decode().ok_or_else(malformed)?;
        if store != self.shared().journal.store {
            return Err(TokenError::AnotherStore);
        }
        let end = self.next_position();
        if asked > end { Err(TokenError::BeyondEnd { asked, end }) } else { Ok(asked) }
    }
}
