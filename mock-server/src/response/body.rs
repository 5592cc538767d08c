//! The body of a response, on its way to the socket.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};

/// A body of known length. Unlike other bodies, an empty one does not report its end in advance: hyper would then drop
/// `Content-Length: 0` from a 204, which the gateway sends. (wild)
#[derive(Debug)]
pub(crate) struct ResponseBody {
    left: Option<Bytes>,
    /// Bytes of the promised length that are still to be sent.
    owed: usize,
}

/// A response in plain text, for people.
pub(crate) fn text_response(status: StatusCode, text: String) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::from(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

impl ResponseBody {
    /// The same, but it breaks off after this many bytes.
    pub(crate) fn broken_after(mut self, bytes: usize) -> Self {
        if let Some(left) = &mut self.left {
            left.truncate(bytes);
        }
        self
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self { owed: bytes.len(), left: Some(bytes) }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.left.take().filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => {
                self.owed -= bytes.len();
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None if self.owed > 0 => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none() && self.owed == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.owed as u64)
    }
}
