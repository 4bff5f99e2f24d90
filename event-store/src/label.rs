//! Labels: what a projector derives from the records, kept in the index and nowhere else.
//!
//! They are not durable. After a crash [`Store::labels_upto`] may have gone back, to the beginning
//! even; the projector goes on from there.

use thiserror::Error;

use crate::index::{Broken, Changes, Tree};
use crate::limits::LABELS_MAX;
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
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<Broken> for LabelError {
    fn from(broken: Broken) -> Self {
        Self::Index { what: broken.what }
    }
}

impl Store {
    /// Replaces the labels of a stream, and notes that everything before `upto` has been
    /// projected; both or neither. `upto` never goes back.
    pub fn set_labels(
        &self,
        stream: &StreamId,
        mut labels: Vec<Label>,
        upto: Position,
    ) -> Result<(), LabelError> {
        labels.sort_unstable();
        labels.dedup();
        if labels.len() > LABELS_MAX {
            return Err(LabelError::TooMany { count: labels.len() });
        }
        self.change_labels(upto, |tree, changes| tree.replace_labels(stream, &labels, changes))
    }

    /// Notes that everything before `upto` has been projected, where that changed no label.
    pub fn advance_labels(&self, upto: Position) -> Result<(), LabelError> {
        self.change_labels(upto, |_, _| Ok(()))
    }

    /// Labels that start with `prefix`, with their streams, in order of label and stream; after
    /// the given pair, which need not exist any more, and at most `limit`.
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
        self.in_tree(Tree::labels_upto).map(Position)
    }

    /// Removes all labels; everything is to be projected again.
    pub fn clear_labels(&self) -> Result<(), LabelError> {
        self.in_tree(Tree::clear_labels)
    }

    fn change_labels(
        &self,
        upto: Position,
        change: impl FnOnce(&Tree, &mut Changes) -> Result<(), Broken>,
    ) -> Result<(), LabelError> {
        let end = self.next_position();
        if upto > end {
            return Err(LabelError::BeyondEnd { upto, end });
        }
        self.in_tree(|tree| {
            let mut changes = Changes::default();
            change(tree, &mut changes)?;
            changes.labels_upto(upto.0.max(tree.labels_upto()?));
            tree.apply(changes)
        })
    }

    fn in_tree<T>(&self, ask: impl FnOnce(&Tree) -> Result<T, Broken>) -> Result<T, LabelError> {
        Ok(self.shared().with_tree(ask).ok_or(LabelError::Closed)??)
    }
}
