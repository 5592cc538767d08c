//! Resolves host names without blocking.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
};

use tokio::sync::{Semaphore, oneshot};

/// The names that are resolved at once; others wait. The system may take minutes for a name, and cannot be stopped.
/// (own choice)
const AT_ONCE: usize = 8;

/// Resolves names, each on a thread of its own: the end of the runtime waits for none of them.
#[derive(Debug)]
pub(super) struct Lookups(Arc<Semaphore>);

impl Default for Lookups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Lookups {
    /// The addresses of a host.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let host = host.to_owned();
        self.resolve(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
    }

    async fn resolve<T: Send + 'static>(
        &self,
        resolve: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let (found, answer) = oneshot::channel();
        thread::Builder::new().name("lookup".into()).spawn(move || {
            // The caller may be gone.
            let _ = found.send(resolve());
            drop(turn);
        })?;
        answer.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn names_that_never_resolve_keep_no_more_than_a_few_threads_and_addresses_need_none() {
        let lookups = Lookups::default();
        let (end, ends) = mpsc::channel::<()>();
        let ends = Arc::new(parking_lot::Mutex::new(ends));
        let never = || {
            let ends = Arc::clone(&ends);
            let resolve = lookups.resolve(move || ends.lock().recv().map_err(io::Error::other));
            timeout(Duration::from_millis(1), resolve)
        };
        for _ in 0..AT_ONCE * 2 {
            assert!(never().await.is_err());
        }
        assert_eq!(lookups.0.available_permits(), 0);
        let addresses = lookups.addresses("127.0.0.1", 80).await.unwrap();
        assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
        drop(end);
        assert!(lookups.resolve(|| Ok(())).await.is_ok(), "the turns are given back");
    }
}
