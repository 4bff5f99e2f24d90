//! Labels: what a projector derives from the records, kept in the index and nowhere else.
//!
//! They are not durable. After a crash [`Store::labels_upto`] may have gone back, to the beginning
//! even; the projector goes on from there.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::disk::Shortage;
use crate::index::{Broken, Changes, Tree};
use crate::limits::{LABELLED_TOGETHER, LABELS_MAX};
use crate::name::{Label, StreamId};
use crate::record::Position;
use crate::store::Store;

/// Why labels were not set or listed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabelError {
    /// More labels than a stream may have.
    #[error("a stream has at most {LABELS_MAX} labels, not {count}")]
    TooMany {
        /// How many there were.
        count: usize,
    },
    /// The position is after the store's end.
    #[error("position {upto} is beyond the end, which is {end}")]
    BeyondEnd {
        /// The position given.
        upto: Position,
        /// The position of the next record.
        end: Position,
    },
    /// The index failed. It is rebuilt at the next opening.
    #[error("the index is broken: {what}")]
    Index {
        /// What went wrong.
        what: String,
    },
    /// The index lacks space, or is being made anew after it did. It may be there later.
    #[error("the index lacks space: {what}")]
    Short {
        /// What it could not do.
        what: String,
    },
    /// All labels were lost with the index, which had to be made anew while the store is open.
    /// Whoever calls [`Store::labels_upto`] is taken to know: from then on labels are set and
    /// listed again.
    #[error("the labels were lost, and are to be set anew")]
    Lost,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<Broken> for LabelError {
    fn from(broken: Broken) -> Self {
        match broken.shortage {
            Some(_) => Self::Short { what: broken.what },
            None => Self::Index { what: broken.what },
        }
    }
}

impl Store {
    /// Replaces the labels of a stream, and notes that everything before `upto` has been
    /// projected; both or neither. `upto` never goes back.
    pub fn set_labels(
        &self,
        stream: &StreamId,
        labels: Vec<Label>,
        upto: Position,
    ) -> Result<(), LabelError> {
        self.set_labels_of(BTreeMap::from([(*stream, labels)]), upto)
    }

    /// Likewise of several streams, which is faster than one by one. Where the process ends on the
    /// way, some may have their new labels, each all of them; `upto` is noted last.
    pub fn set_labels_of(
        &self,
        mut streams: BTreeMap<StreamId, Vec<Label>>,
        upto: Position,
    ) -> Result<(), LabelError> {
        for labels in streams.values_mut() {
            labels.sort_unstable();
            labels.dedup();
            if labels.len() > LABELS_MAX {
                return Err(LabelError::TooMany { count: labels.len() });
            }
        }
        let end = self.next_position();
        if upto > end {
            return Err(LabelError::BeyondEnd { upto, end });
        }
        self.shared().database.check_room(self.shared().disk())?;
        self.in_tree(|tree| {
            let mut changes = Changes::default();
            for (count, (stream, labels)) in streams.iter().enumerate() {
                if count > 0 && count % LABELLED_TOGETHER == 0 {
                    tree.apply(std::mem::take(&mut changes))?;
                }
                tree.replace_labels(stream, labels, &mut changes)?;
            }
            changes.labels_upto(upto.0.max(tree.labels_upto()?));
            tree.apply(changes)
        })
    }

    /// Notes that everything before `upto` has been projected, where that changed no label.
    pub fn advance_labels(&self, upto: Position) -> Result<(), LabelError> {
        self.set_labels_of(BTreeMap::new(), upto)
    }

    /// Labels that start with `prefix`, with their streams, in order of label and stream; after
    /// the given pair, which need not exist any more. At most `limit`, and never more than 4,096
    /// together: fewer than were asked for may not be the last.
    pub fn list_labels(
        &self,
        prefix: &str,
        after: Option<&(Label, StreamId)>,
        limit: usize,
    ) -> Result<Vec<(Label, StreamId)>, LabelError> {
        self.in_tree(|tree| tree.list_labels(prefix, after, limit))
    }

    /// The labels of one stream, in order.
    pub fn labels_of(&self, stream: &StreamId) -> Result<Vec<Label>, LabelError> {
        self.in_tree(|tree| tree.labels_of(stream))
    }

    /// Everything before this position has been projected.
    pub fn labels_upto(&self) -> Result<Position, LabelError> {
        let database = &self.shared().database;
        let upto = self.shared().with_tree(|tree| {
            let upto = usable(tree)?.labels_upto()?;
            database.labels_are_known_to_be_lost();
            Ok(upto)
        });
        Ok(Position(upto.ok_or(LabelError::Closed)??))
    }

    /// Removes all labels; everything is to be projected again.
    pub fn clear_labels(&self) -> Result<(), LabelError> {
        self.in_tree(Tree::clear_labels)
    }

    fn in_tree<T>(&self, ask: impl FnOnce(&Tree) -> Result<T, Broken>) -> Result<T, LabelError> {
        let database = &self.shared().database;
        let answer = self.shared().with_tree(|tree| {
            if database.labels_are_lost() {
                return Ok(Err(LabelError::Lost));
            }
            Ok(Ok(ask(usable(tree)?)?))
        });
        answer.ok_or(LabelError::Closed)??
    }
}

/// One that takes nothing more may have a part of what it took last.
fn usable(tree: &Tree) -> Result<&Tree, Broken> {
    match tree.is_stuck() {
        true => Err(Broken::short(Shortage::Space, "it is about to be made anew")),
        false => Ok(tree),
    }
}
