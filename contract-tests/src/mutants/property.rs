//! What must hold beyond single cases.

use std::{borrow::Cow, error::Error, iter};

use futures_util::{FutureExt, future::BoxFuture};

/// Something that holds of every good `T`.
pub(super) struct Property<T> {
    /// What holds, as a sentence.
    holds: Cow<'static, str>,
    check: Box<dyn Fn(T) -> BoxFuture<'static, Held> + Send + Sync>,
}

/// Whether it held; `Err` says what was found in its place.
pub(super) type Held = Result<(), Box<dyn Error + Send + Sync>>;

impl<T> Property<T> {
    pub(super) fn new<Check, Checking>(holds: impl Into<Cow<'static, str>>, check: Check) -> Self
    where
        Check: Fn(T) -> Checking + Send + Sync + 'static,
        Checking: Future<Output = Held> + Send + 'static,
    {
        Self { holds: holds.into(), check: Box::new(move |subject| check(subject).boxed()) }
    }
}

/// Those of the properties that do not hold, each with what was found in its place.
pub(super) async fn broken<T: Copy>(properties: &[Property<T>], subject: T) -> Vec<(String, String)> {
    let mut broken = Vec::new();
    for property in properties {
        if let Err(error) = (property.check)(subject).await {
            let causes = iter::successors(Some(&*error as &dyn Error), |&error| error.source());
            let found = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            broken.push((format!("“{}”", property.holds), found));
        }
    }
    broken
}

/// `Err` with that text unless it holds.
pub(super) fn expect(holds: bool, otherwise: &str) -> Held {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
