//! A tunnel to another host: relays bytes both ways until it has been idle for too long.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::timeout,
};

use crate::faults::accept_gate::AcceptGate;

/// How long a tunnel can be idle in both directions. (own choice)
const IDLE: Duration = Duration::from_secs(300);

/// Relays bytes until both ends are closed, the tunnel is idle, or the mock shuts down.
///
/// `tokio::io::copy_bidirectional` would not do: it does not report when it last copied a byte.
pub(crate) async fn relay<S, D>(peer: S, destination: D, gate: &AcceptGate)
where
    S: AsyncRead + AsyncWrite,
    D: AsyncRead + AsyncWrite,
{
    let (mut from_peer, mut to_peer) = tokio::io::split(peer);
    let (mut from_destination, mut to_destination) = tokio::io::split(destination);
    let (copied, mut progress) = watch::channel(());
    let both = async {
        tokio::try_join!(
            copy(&mut from_peer, &mut to_destination, &copied),
            copy(&mut from_destination, &mut to_peer, &copied)
        )
    };
    tokio::select! {
        _ = both => {}
        () = async { while timeout(IDLE, progress.changed()).await.is_ok() {} } => {
            tracing::debug!("a tunnel was idle for {} s", IDLE.as_secs());
        }
        () = gate.shutdown() => {}
    }
}

async fn copy<R, W>(from: &mut R, to: &mut W, copied: &watch::Sender<()>) -> io::Result<()>
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
        copied.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::{Instant, sleep},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_idle_tunnel_ends_after_the_timeout_and_no_sooner() {
        let ((near, mut peer), (far, mut there)) = (duplex(64), duplex(64));
        let (gate, begun) = (AcceptGate::default(), Instant::now());
        let talk = async {
            sleep(IDLE - Duration::from_secs(1)).await;
            there.write_u8(7).await.unwrap();
            assert_eq!(peer.read_u8().await.unwrap(), 7);
        };
        tokio::join!(relay(near, far, &gate), talk);
        assert_eq!(begun.elapsed(), IDLE * 2 - Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_cannot_keep_a_tunnel_open() {
        let ((near, _peer), (far, mut there)) = (duplex(8), duplex(8));
        let (gate, begun) = (AcceptGate::default(), Instant::now());
        let talk = async { there.write_all(&[7; 100_000]).await };
        let ((), written) = tokio::join!(relay(near, far, &gate), talk);
        assert!(written.is_err());
        assert_eq!(begun.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_one_side_closes_the_other() {
        let ((near, mut peer), (far, mut there)) = (duplex(64), duplex(64));
        let gate = AcceptGate::default();
        let talk = async {
            peer.shutdown().await.unwrap();
            assert_eq!(there.read(&mut [0]).await.unwrap(), 0);
            there.write_u8(7).await.unwrap();
            there.shutdown().await.unwrap();
            assert_eq!(peer.read_u8().await.unwrap(), 7);
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        };
        tokio::join!(relay(near, far, &gate), talk);
    }
}
