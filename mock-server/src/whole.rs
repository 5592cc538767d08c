//! Locks whose content is whole, whatever became of who held them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it. Only for what is whole between any two statements that are run while it is held: then a panic in between
/// has done no harm.
pub(crate) fn whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
