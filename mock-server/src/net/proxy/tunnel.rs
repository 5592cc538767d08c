//! A tunnel to another host: bytes both ways.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep_until},
};

use crate::faults::accept_gate::AcceptGate;

/// How long a tunnel may be without a byte. (own choice)
const IDLE: Duration = Duration::from_secs(300);

/// Carries bytes both ways until both ends have no more, there is none for too long, or the mock shall end.
pub(crate) async fn pass_through<S, D>(peer: S, destination: D, door: &AcceptGate)
where
    S: AsyncRead + AsyncWrite,
    D: AsyncRead + AsyncWrite,
{
    let (mut from_peer, mut to_peer) = tokio::io::split(peer);
    let (mut from_there, mut to_there) = tokio::io::split(destination);
    let carried = LastCarried::now();
    let both = async {
        tokio::try_join!(
            carry(&mut from_peer, &mut to_there, &carried),
            carry(&mut from_there, &mut to_peer, &carried)
        )
    };
    tokio::select! {
        _ = both => {}
        () = carried.idle() => tracing::debug!("a tunnel was idle for {} s", IDLE.as_secs()),
        () = door.ending() => {}
    }
}

/// Carries bytes one way.
async fn carry<R, W>(from: &mut R, to: &mut W, carried: &LastCarried) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        to.flush().await?;
        carried.again();
    }
}

/// When bytes were last carried, one way or the other.
struct LastCarried(Mutex<Instant>);

impl LastCarried {
    fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn again(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Returns once there was none for too long.
    async fn idle(&self) {
        loop {
            let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner) + IDLE;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::sleep,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_without_a_byte_ends_after_its_time_and_no_sooner() {
        let ((near, mut peer), (far, mut there)) = (duplex(64), duplex(64));
        let (door, begun) = (AcceptGate::new(), Instant::now());
        let talk = async {
            sleep(IDLE - Duration::from_secs(1)).await;
            there.write_u8(7).await.unwrap();
            assert_eq!(peer.read_u8().await.unwrap(), 7);
        };
        tokio::join!(pass_through(near, far, &door), talk);
        assert_eq!(begun.elapsed(), IDLE * 2 - Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_take_what_comes_holds_a_tunnel_no_longer() {
        let ((near, _peer), (far, mut there)) = (duplex(8), duplex(8));
        let (door, begun) = (AcceptGate::new(), Instant::now());
        let talk = async { there.write_all(&[7; 100_000]).await };
        let ((), written) = tokio::join!(pass_through(near, far, &door), talk);
        assert!(written.is_err());
        assert_eq!(begun.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_is_said_on_one_side_is_said_on_the_other() {
        let ((near, mut peer), (far, mut there)) = (duplex(64), duplex(64));
        let door = AcceptGate::new();
        let talk = async {
            peer.shutdown().await.unwrap();
            assert_eq!(there.read(&mut [0]).await.unwrap(), 0);
            there.write_u8(7).await.unwrap();
            there.shutdown().await.unwrap();
            assert_eq!(peer.read_u8().await.unwrap(), 7);
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        };
        tokio::join!(pass_through(near, far, &door), talk);
    }
}
