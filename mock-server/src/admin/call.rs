//! A call, as its handler gets it.

use std::{future::pending, net::SocketAddr, panic::resume_unwind, sync::Arc};

use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use crate::{
    admin::{
        body,
        control::Control,
        document::Route,
        query::{Query, malformed},
        refusal::Refusal,
    },
    request::receive::RawRequest,
};

/// A call that has a route, with what its path, its query and its body say.
pub(super) struct Call<'a> {
    pub(super) control: &'a Arc<Control>,
    /// Where the mock listens.
    pub(super) address: SocketAddr,
    pub(super) caller: Caller,
    pub(super) query: Query<'a>,
    /// The value of the path's parameter; empty where it has none.
    pub(super) value: &'a str,
    body: &'a [u8],
}

/// Who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody who may know everything.
    Admitted,
    /// Somebody else.
    Anybody,
}

impl<'a> Call<'a> {
    /// # Errors
    /// If the query has what the call does not know, or there is a body where it takes none.
    pub(super) fn new(
        control: &'a Arc<Control>,
        address: SocketAddr,
        caller: Caller,
        route: &'a Route,
        received: &'a RawRequest,
    ) -> Result<Self, Refusal> {
        let query = Query::parse(received.query(), &route.operation.query)?;
        if !route.operation.takes_body && !received.body.is_empty() {
            let length = received.body.len();
            // Somebody may think that it says what is meant, of a call that deletes everything.
            return Err(Refusal::Body(format!("the body: expected none, found {length} bytes")));
        }
        let value = route.values.first().map_or("", String::as_str);
        Ok(Self { control, address, caller, query, value, body: &received.body })
    }

    /// What the body says.
    ///
    /// # Errors
    /// If it is not JSON of that form.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read(self.body)
    }

    /// What the body says; without one, what `{}` would say.
    ///
    /// # Errors
    /// If it is not JSON of that form.
    pub(super) fn body_if_any<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read(if self.body.is_empty() { b"{}" } else { self.body })
    }

    /// The path's parameter as a number.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn number(&self) -> Result<u64, Refusal> {
        self.value.parse().map_err(|_| malformed("the path", "a number at its end", self.value))
    }

    /// Does what takes longer on a thread of its own, so that no other exchange waits for it.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Control) -> T + Send + 'static,
    ) -> T {
        let control = Arc::clone(self.control);
        match spawn_blocking(move || work(&control)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is being shut down, and nobody waits for an answer any more.
                Err(_) => pending().await,
            },
        }
    }
}
