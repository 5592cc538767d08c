//! Where an answer ends, and what it says: only as much of HTTP/1.1 as that takes.

use wechatpay_client::{Answer, MAX_BODY};

use super::connection::Failure;
use crate::run::send;

/// The most bytes of status line and headers.
const MAX_HEAD: usize = 64 << 10;

/// The most headers.
const MAX_HEADERS: usize = 100;

/// A whole answer, as a place in what was received.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) status: u16,
    /// Where the next one would begin.
    pub(super) end: usize,
    /// Whether the server closes the connection after it.
    pub(super) is_last: bool,
    /// Where the body begins.
    head: usize,
    framing: Framing,
}

/// What the headers say about the end of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilTheEnd,
}

/// The answer that stands at the beginning of what was received; `None` as long as something is missing.
pub(super) fn whole(received: &[u8], is_ended: bool) -> Result<Option<Whole>, Failure> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = parsed.parse(received).map_err(Failure::NotHttp)? else {
        return if received.len() > MAX_HEAD { Err(Failure::TooLarge) } else { Ok(None) };
    };
    let status = parsed.code.unwrap_or_default();
    let (framing, is_last) = framing(status, parsed.headers)?;
    let end = match framing {
        Framing::Length(length) if length > MAX_BODY => return Err(Failure::TooLarge),
        Framing::Length(length) => Some(head + length).filter(|end| *end <= received.len()),
        Framing::Chunked => chunks(received, head, |_| ())?,
        Framing::UntilTheEnd => is_ended.then_some(received.len()),
    };
    if end.is_none() && received.len() > MAX_HEAD + MAX_BODY {
        return Err(Failure::TooLarge);
    }
    Ok(end.map(|end| Whole { status, end, is_last, head, framing }))
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<(Framing, bool), Failure> {
    let has_no_body = matches!(status, 100..200 | 204 | 304);
    let mut framing = if has_no_body { Framing::Length(0) } else { Framing::UntilTheEnd };
    let mut is_last = false;
    for header in headers {
        let name = header.name;
        if name.eq_ignore_ascii_case("connection") {
            is_last = header.value.eq_ignore_ascii_case(b"close");
        } else if has_no_body {
            // Whatever length it says: there are no bytes.
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("content-length") && !matches!(framing, Framing::Chunked) {
            let length = str::from_utf8(header.value).ok().and_then(|length| length.parse().ok());
            framing = Framing::Length(length.ok_or(Failure::NoLength)?);
        }
    }
    let is_last = is_last || matches!(framing, Framing::UntilTheEnd);
    Ok((framing, is_last))
}

/// Gives each chunk of a body that begins there to `take`; where the answer ends, or `None` as long as something is missing.
fn chunks(received: &[u8], mut at: usize, mut take: impl FnMut(&[u8])) -> Result<Option<usize>, Failure> {
    const END_OF_LINE: usize = 2;
    while let Some(rest) = received.get(at..) {
        let size = httparse::parse_chunk_size(rest).map_err(|_| Failure::NoLength)?;
        let httparse::Status::Complete((line, size)) = size else { return Ok(None) };
        let size = usize::try_from(size).ok().filter(|size| *size <= MAX_BODY).ok_or(Failure::TooLarge)?;
        at += line;
        if size == 0 {
            let mut trailers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let rest = received.get(at..).unwrap_or_default();
            let trailers = httparse::parse_headers(rest, &mut trailers).map_err(Failure::NotHttp)?;
            return Ok(match trailers {
                httparse::Status::Complete((length, _)) => Some(at + length),
                httparse::Status::Partial => None,
            });
        }
        let Some(chunk) = received.get(at..at + size) else { return Ok(None) };
        take(chunk);
        at += size + END_OF_LINE;
    }
    Ok(None)
}

/// The whole answer that these bytes are, as the client has it.
pub(super) fn read(received: &[u8]) -> Result<Answer, String> {
    let Ok(Some(Whole { end, head, framing, .. })) = whole(received, true) else {
        return Err("an answer that breaks off".into());
    };
    let mut body = Vec::new();
    match framing {
        Framing::Length(_) | Framing::UntilTheEnd => body.extend_from_slice(&received[head..end]),
        Framing::Chunked => {
            let end = chunks(received, head, |chunk| body.extend_from_slice(chunk));
            end.map_err(|failure| failure.to_string())?;
        }
    }
    let Some((answer, _)) = send::head(received)? else { return Err("an answer without an end".into()) };
    Ok(Answer { status: answer.status, headers: answer.headers, body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status and length of the answer that stands at the beginning, and its body.
    fn found(received: &str) -> Option<(u16, usize, String)> {
        let whole = whole(received.as_bytes(), false).unwrap()?;
        let body = read(&received.as_bytes()[..whole.end]).unwrap().body;
        Some((whole.status, whole.end, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[test]
    fn an_answer_ends_where_its_headers_say() {
        for (answer, status, body) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, ""),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 200, "{}"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\nA: b\r\n\r\n",
                200,
                "{}",
            ),
        ] {
            let expected = Some((status, answer.len(), body.to_owned()));
            assert_eq!(found(answer), expected, "{answer}");
            assert_eq!(found(&format!("{answer}HTTP/1.1 ")), expected, "{answer}");
            for length in 0..answer.len() {
                assert_eq!(found(&answer[..length]), None, "{}", &answer[..length]);
            }
        }
    }

    #[test]
    fn an_answer_that_says_no_length_ends_with_the_connection() {
        let answer = b"HTTP/1.1 200 OK\r\n\r\n{}";
        assert_eq!(whole(answer, false).unwrap(), None);
        let Whole { end, is_last, .. } = whole(answer, true).unwrap().unwrap();
        assert_eq!((end, is_last), (answer.len(), true));
    }

    #[test]
    fn a_server_may_say_that_an_answer_is_its_last() {
        for (connection, expected) in [("close", true), ("Close", true), ("keep-alive", false)] {
            let answer = format!("HTTP/1.1 204 No Content\r\nConnection: {connection}\r\n\r\n");
            assert_eq!(whole(answer.as_bytes(), false).unwrap().unwrap().is_last, expected, "{connection}");
        }
    }

    #[test]
    fn lengths_beyond_all_reason_are_refused_before_they_are_waited_for() {
        for headers in
            ["Content-Length: 99999999999", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"]
        {
            let answer = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
            assert!(matches!(whole(answer.as_bytes(), false), Err(Failure::TooLarge)), "{headers}");
        }
    }
}
