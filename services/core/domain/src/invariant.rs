//! The numbered invariants of the bilateral record, as pure predicates.
