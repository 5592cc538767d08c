//! The body of a response that is being sent.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

/// Why a streamed body breaks off.
type BoxError = Box<dyn Error + Send + Sync>;

/// A body. Unlike other bodies, an empty one does not report its end in advance. Otherwise hyper would drop
/// `Content-Length: 0` from a 204, which the gateway sends. (wild)
#[derive(Debug)]
pub(crate) struct ResponseBody(Content);

#[derive(Debug)]
enum Content {
    /// In memory; `None` once it is taken.
    Whole(Option<Bytes>),
    /// Made while it is sent.
    Streamed { body: UnsyncBoxBody<Bytes, BoxError>, is_endless: bool },
}

/// A plain-text response for people.
pub(crate) fn text_response(status: StatusCode, text: String) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::from(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

impl ResponseBody {
    /// A body that is made while it is sent.
    pub(crate) fn streamed<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Content::Streamed { body: body.map_err(Into::into).boxed_unsync(), is_endless: false })
    }

    /// The same, but it goes on until the peer or the mock ends it.
    pub(crate) fn endless<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Content::Streamed { body: body.map_err(Into::into).boxed_unsync(), is_endless: true })
    }

    pub(crate) fn is_endless(&self) -> bool {
        matches!(self.0, Content::Streamed { is_endless: true, .. })
    }

    /// The whole body.
    ///
    /// # Errors
    /// The body itself, if it is streamed.
    pub(crate) fn into_bytes(self) -> Result<Bytes, Self> {
        match self.0 {
            Content::Whole(bytes) => Ok(bytes.unwrap_or_default()),
            Content::Streamed { .. } => Err(self),
        }
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self(Content::Whole(Some(bytes)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Content::Whole(bytes) => {
                let bytes = bytes.take().filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Content::Streamed { body, .. } => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Streamed { body, .. } => body.size_hint(),
        }
    }
}
