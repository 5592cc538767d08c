//! Connections that do something else than to carry an answer.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What becomes of the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    Refuse,
    Reset,
    ResetAfterHeaders,
    StopInBody,
    NoAnswer,
    LowerCaseHeaders,
}

/// The end of a connection: these bytes instead of whatever else would be written, then this.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(super) bytes: Bytes,
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

/// One connection, as the exchanges on it see it: they can say how it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<OnceLock<Ending>>);

impl Line {
    /// The connection ends so, as soon as something is written. What was said first counts.
    pub(super) fn end(&self, ending: Ending) {
        let _ = self.0.set(ending);
    }
}

/// A stream that ends as its [`Line`] says.
///
/// What is written after that is lost, but no earlier answer: hyper flushes each before it reads the next request.
pub(crate) struct Steered<S, R> {
    stream: S,
    line: Line,
    /// What is left of the ending's bytes, once they are being written.
    left: Option<Bytes>,
    /// Makes a stream so that closing it resets the connection, where there is such a thing.
    reset: R,
}

impl<S, R> Steered<S, R>
where
    S: AsyncWrite + Unpin,
    R: Fn(&S),
{
    pub(crate) fn new(stream: S, line: Line, reset: R) -> Self {
        Self { stream, line, left: None, reset }
    }

    /// Writes the ending's bytes, and then is an error, with which the connection is dropped. Ready with nothing if no
    /// end was said.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(ending) = self.line.0.get() else { return Poll::Ready(Ok(())) };
        let left = self.left.get_or_insert_with(|| ending.bytes.clone());
        while left.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if ending.closing == Closing::Reset {
            (self.reset)(&self.stream);
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault ended it")))
    }
}

impl<S: AsyncRead + Unpin, R: Unpin> AsyncRead for Steered<S, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S, R> AsyncWrite for Steered<S, R>
where
    S: AsyncWrite + Unpin,
    R: Fn(&S) + Unpin,
{
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn an_ending_takes_the_place_of_what_is_written() {
        let (server, mut peer) = duplex(64);
        let (line, resets) = (Line::default(), Cell::new(0));
        let mut stream = Steered::new(server, line.clone(), |_: &_| resets.set(resets.get() + 1));
        stream.write_all(b"one ").await.unwrap();
        line.end(Ending { bytes: "two".into(), closing: Closing::Reset });
        let error = stream.write_all(b"three").await.unwrap_err();
        assert_eq!((error.kind(), resets.get()), (io::ErrorKind::ConnectionAborted, 1));
        drop(stream);
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "one two");
    }
}
