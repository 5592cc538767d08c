//! Lists that are either built in or made at run time.

use std::ops::Deref;

/// A list that is built in, and so costs nothing, or that was made from a document.
#[derive(Debug)]
pub(crate) enum List<T: 'static> {
    BuiltIn(&'static [T]),
    Made(Vec<T>),
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::BuiltIn(items) => items,
            Self::Made(items) => items,
        }
    }
}
