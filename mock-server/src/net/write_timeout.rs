//! A stream whose writes fail when the peer doesn't read.
//!
//! The crate `tokio-io-timeout` restarts its timeout at each partial write, so a peer that reads a byte now and then
//! could hold a connection forever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use wechatpay_texts::text;

/// A stream whose peer must accept each response within a timeout.
///
/// The timeout starts when a write first has to wait, and stops when everything is flushed, which hyper does after each
/// response. Reading a byte now and then doesn't extend it. Afterwards, writes fail with [`io::ErrorKind::TimedOut`].
pub(crate) struct WriteTimeout<S> {
    stream: S,
    timeout: Duration,
    /// Ends when the timeout does; `None` while no write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> WriteTimeout<S> {
    pub(crate) fn new(stream: S, timeout: Duration) -> Self {
        Self { stream, timeout, waiting: None }
    }

    /// Polls one step of writing; fails if it is pending and the timeout has passed.
    fn in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        step: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let done = step(Pin::new(&mut self.stream), context);
        if done.is_pending() {
            let timeout = self.timeout;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(timeout)));
            ready!(waiting.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                text!("the peer did not accept a response within {seconds} s", seconds = timeout.as_secs()),
            )));
        }
        done
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.in_time(context, AsyncWrite::poll_flush))?;
        self.waiting = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context, AsyncWrite::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::{Instant, timeout},
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A stream that holds 8 bytes which its peer has not read, and that peer.
    fn narrow() -> (WriteTimeout<DuplexStream>, DuplexStream) {
        let (server, peer) = duplex(8);
        (WriteTimeout::new(server, LIMIT), peer)
    }

    async fn respond(stream: &mut WriteTimeout<DuplexStream>, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes).await?;
        stream.flush().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_times_out() {
        let (mut stream, _peer) = narrow();
        let begun = Instant::now();
        let error = respond(&mut stream, &[0; 9]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn reading_a_byte_now_and_then_does_not_extend_the_timeout() {
        let (mut stream, mut peer) = narrow();
        let begun = Instant::now();
        let trickle = async {
            loop {
                sleep(Duration::from_secs(1)).await;
                peer.read_u8().await.unwrap();
            }
        };
        tokio::select! {
            () = trickle => {}
            written = respond(&mut stream, &[0; 100]) => assert!(written.is_err()),
        }
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn each_response_gets_the_full_timeout() {
        let (mut stream, mut peer) = narrow();
        for _ in 0..3 {
            let late = async {
                sleep(LIMIT - Duration::from_secs(1)).await;
                peer.read_exact(&mut [0; 16]).await.unwrap();
            };
            let (written, ()) = tokio::join!(respond(&mut stream, &[0; 16]), late);
            written.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reading_has_no_timeout() {
        let (mut stream, mut peer) = narrow();
        assert!(timeout(LIMIT * 10, stream.read_u8()).await.is_err());
        peer.write_u8(7).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 7);
    }
}
