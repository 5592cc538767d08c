//! Connection faults: truncated responses, and connections that are closed or reset.
//!
//! A fault leaves an [`Abort`] on the [`ConnectionControl`] of its connection. [`ControlledStream`], between hyper and
//! TLS, carries it out at hyper's next write; [`ResettableSocket`], below TLS, resets the socket if the abort asks for
//! it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wechatpay_texts::text;

/// What a fault does to the connection of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    Refuse,
    Reset,
    ResetAfterHeaders,
    StopInBody,
    NoAnswer,
    LowerCaseHeaders,
    IdleClose,
}

/// How a connection ends, and how much of the response is sent before it does.
#[derive(Clone, Debug)]
pub(crate) struct Abort {
    /// The part of the response that is sent, as HTTP/1.1.
    pub(crate) bytes: Bytes,
    /// How many of these bytes belong to the body; `None` if not even the headers are sent.
    pub(crate) body_sent: Option<usize>,
    pub(crate) closing: Closing,
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// As after a complete response.
    Orderly,
    /// With a TCP reset, so that the peer gets an error.
    Reset,
}

impl ConnectionFault {
    /// How many bytes of a body of this length are sent; `None` if not even the headers are.
    pub(super) fn body_sent(self, length: usize) -> Option<usize> {
        match self {
            Self::Refuse | Self::Reset | Self::NoAnswer => None,
            Self::ResetAfterHeaders => Some(0),
            Self::StopInBody => Some(length / 2),
            Self::LowerCaseHeaders | Self::IdleClose => Some(length),
        }
    }

    pub(super) fn closing(self) -> Closing {
        match self {
            Self::Refuse | Self::Reset | Self::ResetAfterHeaders | Self::IdleClose => Closing::Reset,
            Self::StopInBody | Self::NoAnswer | Self::LowerCaseHeaders => Closing::Orderly,
        }
    }
}

/// Lets an exchange abort its connection, or its HTTP/2 stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionControl {
    abort: Arc<OnceLock<Abort>>,
    /// Whether its socket is reset when it is closed.
    is_reset: Arc<AtomicBool>,
    /// Whether it ends when the next request arrives.
    is_stale: Arc<AtomicBool>,
}

impl ConnectionControl {
    /// The control for a tunnel through this connection: aborted on its own, but it resets the same socket.
    pub(crate) fn within(&self) -> Self {
        Self { is_reset: Arc::clone(&self.is_reset), ..Self::default() }
    }

    /// Aborts the connection at the next write. Later aborts are ignored.
    pub(crate) fn abort(&self, abort: Abort) {
        let _ = self.abort.set(abort);
    }

    /// Resets the connection when the next request arrives, as if it had been idle for too long.
    pub(crate) fn close_at_next_request(&self) {
        self.is_stale.store(true, Ordering::Relaxed);
    }

    /// The abort, if there was one.
    pub(crate) fn aborted(&self) -> Option<&Abort> {
        self.abort.get()
    }
}

/// A socket that is reset on drop if its [`ConnectionControl`] says so.
pub(crate) struct ResettableSocket<S> {
    stream: S,
    control: ConnectionControl,
    /// Makes the system reset the connection when the stream is dropped.
    reset: fn(&S),
}

impl<S> ResettableSocket<S> {
    pub(crate) fn new(stream: S, control: ConnectionControl, reset: fn(&S)) -> Self {
        Self { stream, control, reset }
    }
}

impl<S> Drop for ResettableSocket<S> {
    fn drop(&mut self) {
        if self.control.is_reset.load(Ordering::Relaxed) {
            (self.reset)(&self.stream);
        }
    }
}

/// A stream that its [`ConnectionControl`] can end.
///
/// Anything written after the abort is lost, but earlier responses are not: hyper flushes each before it reads the next
/// request.
pub(crate) struct ControlledStream<S> {
    stream: S,
    control: ConnectionControl,
    /// The abort's bytes still to be written.
    left: Option<Bytes>,
}

impl<S: AsyncWrite + Unpin> ControlledStream<S> {
    pub(crate) fn new(stream: S, control: ConnectionControl) -> Self {
        Self { stream, control, left: None }
    }

    /// Carries out the abort, if any, and then fails, so that hyper drops the connection.
    fn poll_abort(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(abort) = self.control.aborted() else { return Poll::Ready(Ok(())) };
        let left = self.left.get_or_insert_with(|| abort.bytes.clone());
        while left.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        match abort.closing {
            // Without this, a TLS peer sees an error.
            Closing::Orderly => ready!(Pin::new(&mut self.stream).poll_shutdown(context))?,
            Closing::Reset => self.control.is_reset.store(true, Ordering::Relaxed),
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "aborted by a fault")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ControlledStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.control.is_stale.load(Ordering::Relaxed) {
            tracing::warn!("{}", text!("fault idle-close: the connection is closed at its next request"));
            self.control.is_reset.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ControlledStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_abort(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_abort(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_abort(context))?;
        if self.control.is_reset.load(Ordering::Relaxed) {
            // The peer must not see an orderly end before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ResettableSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ResettableSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    #[tokio::test]
    async fn an_abort_replaces_what_is_written() {
        static RESETS: AtomicUsize = AtomicUsize::new(0);
        let reset = |_: &DuplexStream| {
            RESETS.fetch_add(1, Ordering::Relaxed);
        };
        let (server, mut peer) = duplex(64);
        let control = ConnectionControl::default();
        let mut stream =
            ControlledStream::new(ResettableSocket::new(server, control.clone(), reset), control.clone());
        stream.write_all(b"one ").await.unwrap();
        control.abort(Abort { bytes: "two".into(), body_sent: None, closing: Closing::Reset });
        let error = stream.write_all(b"three").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        drop(stream);
        assert_eq!(RESETS.load(Ordering::Relaxed), 1);
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "one two");
    }
}
