//! Connections that do something else than to carry an answer.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What becomes of the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    Refuse,
    Reset,
    ResetAfterHeaders,
    StopInBody,
    NoAnswer,
    LowerCaseHeaders,
}

/// How the connection of an answer ends, and how much of the answer is sent by then.
#[derive(Clone, Debug)]
pub(crate) struct Abort {
    /// What is sent of the answer, as HTTP/1.1 has it.
    pub(super) bytes: Bytes,
    /// Bytes of the answer's body that are sent; none if not even its headers are.
    pub(crate) body_sent: Option<usize>,
    pub(super) closing: Closing,
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// As if everything had been said.
    Orderly,
    /// At once, so that the peer gets an error.
    Reset,
}

impl ConnectionFault {
    /// How much is sent of an answer's body of so many bytes; none if not even its headers are.
    pub(super) fn body_sent(self, length: usize) -> Option<usize> {
        match self {
            Self::Refuse | Self::Reset | Self::NoAnswer => None,
            Self::ResetAfterHeaders => Some(0),
            Self::StopInBody => Some(length / 2),
            Self::LowerCaseHeaders => Some(length),
        }
    }

    pub(super) fn closing(self) -> Closing {
        match self {
            Self::Refuse | Self::Reset | Self::ResetAfterHeaders => Closing::Reset,
            Self::StopInBody | Self::NoAnswer | Self::LowerCaseHeaders => Closing::Orderly,
        }
    }
}

/// One connection, or one stream of HTTP/2, as the exchanges on it see it: they can say how it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionControl {
    ending: Arc<OnceLock<Abort>>,
    /// Whether its socket is to be reset.
    is_reset: Arc<AtomicBool>,
}

impl ConnectionControl {
    /// The line of a tunnel through this one: it ends by itself, and resets the socket of both.
    pub(crate) fn within(&self) -> Self {
        Self { ending: Arc::default(), is_reset: Arc::clone(&self.is_reset) }
    }

    /// It ends so, as soon as something is written. What was said first counts.
    pub(crate) fn end(&self, ending: Abort) {
        let _ = self.ending.set(ending);
    }

    /// How it ends, if an exchange has said so.
    pub(crate) fn ending(&self) -> Option<&Abort> {
        self.ending.get()
    }
}

impl Abort {
    /// The same end, without a part of the answer.
    pub(crate) fn without_answer(&self) -> Self {
        Self { bytes: Bytes::new(), body_sent: None, closing: self.closing }
    }
}

/// A socket that is reset when it is closed, if its [`ConnectionControl`] ended so: the peer then gets an error in place of an
/// orderly end, whatever lies between the socket and the answer.
pub(crate) struct ResettableSocket<S> {
    stream: S,
    line: ConnectionControl,
    /// Makes a stream so that closing it resets the connection, where there is such a thing.
    reset: fn(&S),
}

impl<S> ResettableSocket<S> {
    pub(crate) fn new(stream: S, line: ConnectionControl, reset: fn(&S)) -> Self {
        Self { stream, line, reset }
    }
}

impl<S> Drop for ResettableSocket<S> {
    fn drop(&mut self) {
        if self.line.is_reset.load(Ordering::Relaxed) {
            (self.reset)(&self.stream);
        }
    }
}

/// A stream that ends as its [`ConnectionControl`] says.
///
/// What is written after that is lost, but no earlier answer: hyper flushes each before it reads the next request.
pub(crate) struct ControlledStream<S> {
    stream: S,
    line: ConnectionControl,
    /// What is left of the ending's bytes, once they are being written.
    left: Option<Bytes>,
}

impl<S: AsyncWrite + Unpin> ControlledStream<S> {
    pub(crate) fn new(stream: S, line: ConnectionControl) -> Self {
        Self { stream, line, left: None }
    }

    /// Writes the ending's bytes, and then is an error, with which the connection is dropped. Ready with nothing if no
    /// end was said.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(ending) = self.line.ending.get() else { return Poll::Ready(Ok(())) };
        let left = self.left.get_or_insert_with(|| ending.bytes.clone());
        while left.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        match ending.closing {
            // Over TLS, an end that is not said would be an error.
            Closing::Orderly => ready!(Pin::new(&mut self.stream).poll_shutdown(context))?,
            Closing::Reset => self.line.is_reset.store(true, Ordering::Relaxed),
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault ended it")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ControlledStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ControlledStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_end(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_end(context))?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_end(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_end(context))?;
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
    async fn an_ending_takes_the_place_of_what_is_written() {
        static RESETS: AtomicUsize = AtomicUsize::new(0);
        let reset = |_: &DuplexStream| {
            RESETS.fetch_add(1, Ordering::Relaxed);
        };
        let (server, mut peer) = duplex(64);
        let line = ConnectionControl::default();
        let mut stream =
            ControlledStream::new(ResettableSocket::new(server, line.clone(), reset), line.clone());
        stream.write_all(b"one ").await.unwrap();
        line.end(Abort { bytes: "two".into(), body_sent: None, closing: Closing::Reset });
        let error = stream.write_all(b"three").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        drop(stream);
        assert_eq!(RESETS.load(Ordering::Relaxed), 1);
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "one two");
    }
}
