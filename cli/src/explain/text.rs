//! Messages in a text: `curl -v` output, raw HTTP, or headers and body copied from a log.

use super::capture::{MAX_MESSAGES, Message, Place, Start};

/// The beginnings of lines in which curl reports instead of showing a message.
const REPORTS: [&[u8]; 4] = [b"* ", b"{ [", b"} [", b"*\r"];

/// What curl writes after a body that does not end in a newline.
const AFTER_BODY: [&[u8]; 4] =
    [b"* Connection #", b"* Closing connection", b"* shutting down connection", b"* Leftovers"];

/// Headers that begin a message without a first line, beside `Wechatpay-…`.
const FIRST: [&str; 12] = [
    "accept",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "pragma",
    "request-id",
    "server",
    "user-agent",
];

/// The longest name of a header, in bytes.
const LONGEST_NAME: usize = 64;

/// How far a message is read.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Outside,
    Head,
    Body,
}

/// Reads the messages of a text.
pub(super) fn read(bytes: &[u8]) -> Vec<Message> {
    let is_curl = bytes.split(|&byte| byte == b'\n').any(is_of_curl);
    let mut messages: Vec<Message> = Vec::new();
    let mut state = State::Outside;
    for (number, line) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let content = without_ending(line);
        if is_curl && REPORTS.iter().any(|report| content.starts_with(report)) {
            continue;
        }
        let (is_marked, shown) = if is_curl { unmarked(content) } else { (false, content) };
        if let Some(start) = first_line(shown).filter(|_| is_marked || !is_curl || state != State::Body) {
            end(&mut messages, is_curl, true);
            if messages.len() == MAX_MESSAGES {
                return messages;
            }
            messages.push(begun(number, start, &messages));
            state = State::Head;
            continue;
        }
        match (state, header(shown)) {
            (State::Outside, Some((name, value))) if begins(&name) => {
                let mut message = begun(number, Start::Unknown, &[]);
                message.headers.push((name, value));
                messages.push(message);
                state = State::Head;
            }
            (State::Outside, _) => {}
            (State::Head, _) if shown.is_empty() => state = State::Body,
            (State::Head, Some((name, value))) if name.eq_ignore_ascii_case("body") => {
                push(&mut messages, value.as_bytes());
                state = State::Body;
            }
            (State::Head, Some(header)) => {
                if let Some(message) = messages.last_mut() {
                    message.headers.push(header);
                }
            }
            (State::Head, None) if shown.trim_ascii_start().starts_with(b"{") => {
                push(&mut messages, line);
                state = State::Body;
            }
            (State::Head, None) => {}
            (State::Body, _) => push(&mut messages, if is_marked { shown } else { line }),
        }
    }
    end(&mut messages, is_curl, false);
    messages
}

fn begun(number: usize, start: Start, before: &[Message]) -> Message {
    let last = before.len().checked_sub(1);
    let is_request =
        |at: &usize| matches!(before.get(*at), Some(Message { start: Start::Request { .. }, .. }));
    let answers = match start {
        Start::Response { .. } => last.filter(is_request),
        Start::Request { .. } | Start::Unknown => None,
    };
    let (headers, body) = (Vec::new(), Vec::new());
    Message { place: Some(Place::Line(number)), start, headers, body, answers, promised: None }
}

fn push(messages: &mut [Message], bytes: &[u8]) {
    if let Some(message) = messages.last_mut() {
        message.body.extend_from_slice(bytes);
    }
}

/// Ends the last message: finds out which bytes at its end are not the body's.
fn end(messages: &mut [Message], is_curl: bool, is_followed: bool) {
    let Some(message) = messages.last_mut() else { return };
    if is_curl && let Some(at) = AFTER_BODY.iter().filter_map(|mark| find(&message.body, mark)).min() {
        message.body.truncate(at);
    }
    if message.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        && let Some(body) = joined_chunks(&message.body)
    {
        message.body = body;
        return;
    }
    let promised = message.header("Content-Length").and_then(|length| length.parse::<usize>().ok());
    match promised {
        Some(length) if length > message.body.len() => {
            message.promised = Some(length);
        }
        Some(length) if message.body.get(length..).is_some_and(|rest| rest.trim_ascii().is_empty()) => {
            message.body.truncate(length);
        }
        _ if is_followed => {
            let kept = message.body.trim_ascii_end().len();
            message.body.truncate(kept);
        }
        _ => {
            let kept = without_ending(&message.body).len();
            message.body.truncate(kept);
        }
    }
}

/// The body whose chunks these are; `None` if they are none, because it was joined before.
fn joined_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, after) = rest.split_at_checked(end + 1)?;
        let size = without_ending(line).split(|&byte| byte == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (chunk, after) = after.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").or(after.strip_prefix(b"\n"))?;
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn without_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether curl writes such a line for the first line of a message.
fn is_of_curl(line: &[u8]) -> bool {
    let (is_marked, rest) = unmarked(without_ending(line));
    is_marked && first_line(rest).is_some()
}

/// The line without curl's mark, and whether it had one.
fn unmarked(line: &[u8]) -> (bool, &[u8]) {
    let marked = line.strip_prefix(b"> ").or(line.strip_prefix(b"< "));
    match marked {
        Some(rest) => (true, rest),
        None if matches!(line, b">" | b"<") => (true, b""),
        None => (false, line),
    }
}

/// `POST /v3/certificates HTTP/1.1` or `HTTP/1.1 200 OK`.
fn first_line(line: &[u8]) -> Option<Start> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let mut words = line.split(' ');
    let (first, second) = (words.next()?, words.next()?);
    if first.starts_with("HTTP/") {
        let status = second.parse().ok().filter(|status| (100..=599).contains(status))?;
        return Some(Start::Response { status });
    }
    let is_method = (3..=7).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (target, is_target) = match second.split_once("://") {
        Some((_, rest)) => (rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"), true),
        None => (second, second.starts_with('/')),
    };
    let is_version = words.next().is_some_and(|version| version.starts_with("HTTP/"));
    (is_method && is_target && is_version && words.next().is_none())
        .then(|| Start::Request { method: first.into(), target: target.into() })
}

/// `Name: value`, also as a member of JSON.
fn header(line: &[u8]) -> Option<(String, String)> {
    let line = String::from_utf8_lossy(line);
    let (name, value) = line.split_once(':')?;
    let is_quoted = name.trim_start().starts_with('"');
    let name = name.trim().trim_matches('"');
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let value = value.trim();
    let value = if is_quoted { value.trim_end_matches(',').trim_matches('"') } else { value };
    is_name.then(|| (name.into(), value.into()))
}

/// Whether this header may begin a message.
fn begins(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("wechatpay-") || FIRST.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_shows_messages_among_its_reports() {
        let text = "* Connected to mock\n> POST /v3/a?b HTTP/1.1\r\n> Host: mock\r\n> \r\n* sent\n\
                    < HTTP/1.1 200 OK\n< Wechatpay-Nonce: n\n<\n{ [3 bytes data]\n{\"a\":1}* Connection #0 left\n";
        let messages = read(text.as_bytes());
        assert_eq!(messages.len(), 2);
        assert!(matches!(&messages[0].start, Start::Request { target, .. } if target == "/v3/a?b"));
        assert_eq!((&messages[1].body[..], messages[1].answers), (&b"{\"a\":1}"[..], Some(0)));
        assert_eq!(messages[1].header("wechatpay-nonce"), Some("n"));
    }

    #[test]
    fn the_newline_at_the_end_of_a_file_is_not_the_bodys_unless_content_length_says_so() {
        let body = |text: &str| read(text.as_bytes()).remove(0).body;
        assert_eq!(body("Wechatpay-Nonce: n\n\n{}\n"), b"{}");
        assert_eq!(body("Content-Length: 3\n\n{}\n"), b"{}\n");
        assert_eq!(body("Content-Length: 2\n\n{}\n\n"), b"{}");
        assert_eq!(body("Wechatpay-Nonce: n\n{\"a\":\n1}"), b"{\"a\":\n1}");
        assert_eq!(body("\"Wechatpay-Nonce\": \"n\",\nBody: {}"), b"{}");
        assert_eq!(body("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n"), b"{}");
    }

    #[test]
    fn a_body_that_lacks_bytes_says_how_many_it_should_have() {
        let messages = read(b"HTTP/1.1 200 OK\nContent-Length: 5\n\n{}\n");
        assert_eq!((&messages[0].body[..], messages[0].promised), (&b"{}\n"[..], Some(5)));
    }

    #[test]
    fn prose_is_no_message() {
        assert!(read(b"Dear all: see below.\nNote: nothing\n\n{}").is_empty());
    }
}
