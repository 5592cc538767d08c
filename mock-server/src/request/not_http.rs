//! What can be read of bytes that the HTTP server refuses as a request, so that the refusal leaves a trace.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use wechatpay_texts::{Both, text};

use crate::request::receive::{Peer, RawRequest};

/// The most headers of a request, hyper's own limit.
const HEADERS: usize = 100;

/// Stands for a method or a target that can't be read.
const UNREADABLE: &str = "-";

/// The request that the bytes begin, as far as it can be read, and what is wrong with it.
pub(crate) fn read(bytes: &[u8], peer: Peer) -> (RawRequest, Both) {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut words = lines.next().unwrap_or_default().split(|&byte| byte == b' ');
    let method = words.next().and_then(|word| Method::from_bytes(word).ok());
    let target = words.next().map_or(UNREADABLE.into(), String::from_utf8_lossy);
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()).take(HEADERS) {
        headers.extend(header(line));
    }
    let request = RawRequest {
        method: method.or_else(|| UNREADABLE.parse().ok()).unwrap_or_default(),
        target: origin_form(&target).into(),
        headers,
        version: Version::HTTP_11,
        body: Bytes::new(),
        body_length: 0,
        peer,
        keeps_alive: false,
    };
    (request, Both::of(|| problem(bytes, &target)))
}

/// The path and query of a URL, whose authority may have a password.
fn origin_form(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://") else { return target };
    rest.find(['/', '?', '#']).map_or("/", |end| &rest[end..])
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let end = line.iter().position(|&byte| byte == b':')?;
    let name = HeaderName::from_bytes(&line[..end]).ok()?;
    Some((name, HeaderValue::from_bytes(line[end + 1..].trim_ascii()).ok()?))
}

fn problem(bytes: &[u8], target: &str) -> String {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    match httparse::Request::new(&mut headers).parse(bytes) {
        Err(error) => text!("an {error}"),
        // Pipelined, or longer than what is kept.
        Ok(read) if read.is_partial() => text!("something else after its beginning"),
        Ok(_) if target.parse::<Uri>().is_err() => text!("an invalid target"),
        // The other reasons of hyper's.
        Ok(_) => text!("an invalid Content-Length or Transfer-Encoding"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (RawRequest, String) {
        let (request, problem) = super::read(bytes, Peer { address: None, is_tls: false });
        (request, problem.english)
    }

    #[test]
    fn the_readable_part_is_kept() {
        let (request, problem) =
            read(b"GET /v3/certificates HTTP/1.1\r\nHost: mock\r\nA b: c\r\n folded\r\n\r\nrest: x");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/v3/certificates"));
        assert_eq!((request.headers.len(), request.headers["host"].as_bytes()), (1, &b"mock"[..]));
        assert_eq!(problem, "an invalid header name");
    }

    #[test]
    fn a_password_in_the_target_is_not_kept() {
        for (target, kept) in
            [("http://user:secret@host/v3/none?a=b", "/v3/none?a=b"), ("http://user:secret@", "/")]
        {
            let (request, problem) = read(format!("GET {target} HTTP/1.1\r\nA b: c\r\n\r\n").as_bytes());
            assert_eq!((request.target.as_str(), problem.as_str()), (kept, "an invalid header name"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (bytes, expected) in [
            (&b"\0\0\r\n\r\n"[..], "an invalid token"),
            (b"GET / HTTP/3.0\r\n\r\n", "an invalid HTTP version"),
            (b"GET http:// HTTP/1.1\r\n\r\n", "an invalid target"),
            (
                b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                "an invalid Content-Length or Transfer-Encoding",
            ),
        ] {
            assert_eq!(read(bytes).1, expected);
        }
        assert_eq!(read(b"\0").0.method, "-");
        assert_eq!(read(b"").1, "something else after its beginning");
    }
}
