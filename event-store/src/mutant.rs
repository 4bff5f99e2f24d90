//! Faults built into the store on purpose, to see that the power cuts find each of them. There
//! only in this crate's own tests; elsewhere the compiler removes every trace.

/// A step left out or done at the wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// A frame is acknowledged without a sync.
    NoSync,
    /// The sync comes before the write of the frame.
    SyncBeforeWrite,
    /// Whatever stands there is a good frame.
    NoChecksum,
    /// A new segment gets its name before its header is durable.
    RenameBeforeSync,
    /// Opening takes the names of segments for durable, though a killed process may not have
    /// come to sync them.
    NamesTakenForDurable,
    /// Opening builds on the last frame without writing it again, though its sync may have failed.
    LastFrameNotRewritten,
}

#[cfg(not(test))]
pub(crate) const fn is(_: Mutant) -> bool {
    false
}

#[cfg(test)]
static ACTIVE: std::sync::Mutex<Option<Mutant>> = std::sync::Mutex::new(None);

#[cfg(test)]
pub(crate) fn is(mutant: Mutant) -> bool {
    *ACTIVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) == Some(mutant)
}

/// For the whole process: one test at a time may do so.
#[cfg(test)]
pub(crate) fn activate(mutant: Option<Mutant>) {
    *ACTIVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = mutant;
}
