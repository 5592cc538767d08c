//! Long responses: they take their share of the room for responses that nobody has read yet, and lists are made piece by
//! piece while the caller reads them.

use std::{
    io, iter, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};
use serde::Serialize;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use wechatpay_texts::Language;

use crate::admin::{
    control::Control,
    error::AdminError,
    json::{JSON, Json},
};

/// The size of a piece, in bytes: as much as waits for a slow caller. (own choice)
const PIECE: usize = 64 * 1024;

/// The room that a list takes while it is read, in bytes: about the longest item with its piece.
const LIST: usize = 1024 * 1024;

/// A long response. An extension of a response, which keeps its body from being read at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsLong;

/// A response that goes on until the caller or the mock ends it. An extension of a response, like [`IsLong`].
#[derive(Clone, Copy, Debug)]
pub(super) struct IsEndless;

/// A response whose length depends on what callers have sent.
pub(super) struct Long(Response);

impl Long {
    /// A response that is in memory.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if too many responses wait to be read.
    pub(super) fn of(control: &Control, body: &impl Serialize) -> Result<Self, AdminError> {
        let json = Bytes::from(Json::of(body).into_bytes());
        Self::whole(control, json)
    }

    /// The same for a body that is JSON already.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if too many responses wait to be read.
    pub(super) fn json(control: &Control, json: String) -> Result<Self, AdminError> {
        Self::whole(control, json.into())
    }

    /// A list, made while it is read: `frame` has it as its only empty list, and `items` are the JSON of its items.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if it is long, and too many responses wait to be read.
    pub(super) fn list(
        control: &Control,
        frame: &impl Serialize,
        items: impl Iterator<Item = Vec<u8>> + Send + 'static,
    ) -> Result<Self, AdminError> {
        let frame = Json::of(frame).into_bytes();
        let mut lists = frame.windows(2).enumerate().filter(|(_, two)| two == b"[]");
        let at = lists.next().expect("the frame has an empty list").0 + 1;
        debug_assert!(lists.next().is_none(), "only the list of items is empty");
        let (begin, end) = frame.split_at(at);
        let items =
            Items { items, between: b",", begun: begin.to_vec(), end: Some(end.to_vec()), is_first: true };
        Self::piecewise(control, LIST, items)
    }

    /// JSON that is made of these parts while it is read. Until then, what they are made of takes about so many bytes.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if it is long, and too many responses wait to be read.
    pub(super) fn parts(
        control: &Control,
        bytes: usize,
        parts: impl Iterator<Item = Vec<u8>> + Send + 'static,
    ) -> Result<Self, AdminError> {
        let parts =
            Items { items: parts, between: b"", begun: Vec::new(), end: Some(Vec::new()), is_first: true };
        Self::piecewise(control, bytes.max(LIST), parts)
    }

    fn piecewise(
        control: &Control,
        bytes: usize,
        mut items: Items<impl Iterator<Item = Vec<u8>> + Send + 'static>,
    ) -> Result<Self, AdminError> {
        // Also the pieces that are made while the caller reads.
        let language = Language::current();
        let mut items = iter::from_fn(move || language.within(|| items.next()));
        // Most lists are short.
        let first = items.next().unwrap_or_default();
        match items.next() {
            None => Self::whole(control, first),
            Some(second) => {
                let pieces = [first, second].into_iter().chain(items);
                let pieces = Pieces { pieces: Box::new(pieces), is_resting: false };
                Self::with_room(control, bytes, Body::new(pieces))
            }
        }
    }

    /// The same for a text.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if too many responses wait to be read.
    pub(super) fn text(control: &Control, text: String) -> Result<Self, AdminError> {
        let Self(mut response) = Self::whole(control, text.into())?;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Ok(Self(response))
    }

    fn whole(control: &Control, body: Bytes) -> Result<Self, AdminError> {
        if body.len() <= control.gateway.limits.admin_bytes / 1024 {
            return Ok(Self(([(CONTENT_TYPE, JSON)], body).into_response()));
        }
        Self::with_room(control, body.len(), Body::from(body))
    }

    fn with_room(control: &Control, bytes: usize, body: Body) -> Result<Self, AdminError> {
        let until = Instant::now() + control.gateway.limits.write_timeout;
        let body = Unread { body, left: Bytes::new(), until, _room: control.room_for(bytes)? };
        let mut response = ([(CONTENT_TYPE, JSON)], Body::new(body)).into_response();
        response.extensions_mut().insert(IsLong);
        Ok(Self(response))
    }
}

impl IntoResponse for Long {
    fn into_response(self) -> Response {
        self.0
    }
}

/// The pieces of a list.
struct Items<I> {
    items: I,
    /// What is between two items.
    between: &'static [u8],
    /// The beginning of the next piece.
    begun: Vec<u8>,
    /// What follows the last item.
    end: Option<Vec<u8>>,
    is_first: bool,
}

impl<I: Iterator<Item = Vec<u8>>> Iterator for Items<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let end = self.end.take()?;
        let mut piece = mem::take(&mut self.begun);
        while piece.len() < PIECE {
            let Some(item) = self.items.next() else {
                piece.extend(end);
                return Some(piece.into());
            };
            if !mem::take(&mut self.is_first) {
                piece.extend(self.between);
            }
            piece.extend(item);
        }
        self.end = Some(end);
        Some(piece.into())
    }
}

/// Pieces, with a rest after each, so that exchanges do not wait for them.
struct Pieces {
    pieces: Box<dyn Iterator<Item = Bytes> + Send>,
    is_resting: bool,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if mem::take(&mut self.is_resting) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_resting = true;
        Poll::Ready(self.pieces.next().map(|piece| Ok(Frame::data(piece))))
    }
}

/// A body that takes room until the caller has read it, and ends with an error if that takes too long.
struct Unread {
    body: Body,
    /// The rest of a piece of the body.
    left: Bytes,
    until: Instant,
    _room: OwnedSemaphorePermit,
}

impl HttpBody for Unread {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if Instant::now() > self.until {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        if self.left.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                Some(Ok(frame)) => self.left = frame.into_data().unwrap_or_default(),
            }
        }
        let piece = self.left.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(piece)))))
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.size_hint();
        body.exact().map_or(body, |length| SizeHint::with_exact(length + self.left.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(items: Vec<Vec<u8>>) -> Vec<Bytes> {
        let items = items.into_iter();
        let (begun, end) = (b"{\"a\":[".to_vec(), Some(b"]}".to_vec()));
        Items { items, between: b",", begun, end, is_first: true }.collect()
    }

    #[test]
    fn the_pieces_of_a_list_are_its_json() {
        assert_eq!(pieces(Vec::new()), ["{\"a\":[]}"]);
        assert_eq!(pieces(vec![b"1".to_vec(), b"2".to_vec()]), ["{\"a\":[1,2]}"]);
        let long = pieces(vec![b"1".repeat(PIECE), b"2".repeat(PIECE), b"3".to_vec()]);
        let expected = format!("{{\"a\":[{},{},3]}}", "1".repeat(PIECE), "2".repeat(PIECE));
        assert_eq!((long.len(), long.concat()), (3, expected.into_bytes()));
    }
}
