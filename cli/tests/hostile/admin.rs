//! Calls to `/__mock/` that ask for much: each has a limit of time and of memory.

use super::*;

/// A call to `/__mock/`.
fn call(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} /__mock/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
        .into()
}

impl Mock {
    /// Fills the journal with requests that have this body.
    fn record(&self, times: usize, body: &[u8]) {
        let request =
            Request { target: "/v3/none".into(), body: body.into(), ..Request::sample() }.to_bytes();
        let mut peer = self.connect();
        for _ in 0..times {
            peer.send(&request).unwrap();
            assert_eq!(peer.response().unwrap(), "404");
        }
    }

    fn status_of(&self, call: &[u8]) -> String {
        let mut peer = self.connect();
        peer.send(call).unwrap();
        peer.response().unwrap()
    }
}

/// An expectation that takes minutes to compare.
fn endless() -> Vec<u8> {
    let fields: Vec<_> = (0..70_000).map(|at| format!("\"f{at}\":1")).collect();
    call("POST", "verify", &format!("{{\"body\":{{{}}}}}", fields.join(",")))
}

#[test]
fn a_call_that_would_take_minutes_is_a_503_in_time_and_keeps_no_other_waiting() {
    let mock = Mock::start("admin_timeout = 1\nadmin_bytes = 134217728");
    mock.record(3000, b"{}");
    let begun = Instant::now();
    let mut peers: Vec<_> = (0..4).map(|_| mock.connect()).collect();
    for peer in &peers {
        peer.send(&endless()).unwrap();
    }
    let mut other = mock.connect();
    other.send(&Request::sample().to_bytes()).unwrap();
    assert_eq!(other.response().unwrap(), "204");
    for peer in &mut peers {
        assert_eq!(peer.response().unwrap(), "503");
    }
    assert_ended_by(1, begun);
}

#[test]
fn the_work_for_callers_that_are_gone_ends() {
    let mock = Mock::start("admin_timeout = 60\nadmin_bytes = 134217728");
    mock.record(3000, b"{}");
    for _ in 0..4 {
        mock.connect().send(&endless()).unwrap();
    }
    let begun = Instant::now();
    assert_eq!(mock.status_of(&call("POST", "verify", "{}")), "200");
    assert!(begun.elapsed() < SLACK * 2, "{:?}", begun.elapsed());
}

#[test]
fn a_call_that_is_still_being_worked_on_delays_the_end_by_no_more_than_its_limit() {
    let mut mock = Mock::start("admin_timeout = 1");
    mock.record(3000, b"{}");
    let peer = mock.connect();
    peer.send(&endless()).unwrap();
    let begun = Instant::now();
    mock.terminate();
    assert!(mock.child.wait().unwrap().success());
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
}

#[test]
fn archives_that_nobody_reads_need_little_memory() {
    let mock = Mock::start("journal_bytes = 8388608");
    mock.record(200, "\"".repeat(64 * 1024).as_bytes());
    let mut unread: Vec<_> = (0..30).map(|_| mock.connect_narrow()).collect();
    for peer in &mut unread {
        peer.send(&call("GET", "exchanges.har", "")).unwrap();
        assert!(peer.stream.fill_buf().unwrap().starts_with(b"HTTP/1.1 "));
    }
    mock.is_healthy();
}

#[test]
fn an_archive_that_is_streamed_is_complete() {
    let mock = Mock::start("");
    mock.record(100, &[b'x'; 8 * 1024]);
    let mut peer = mock.connect();
    let call = String::from_utf8(call("GET", "exchanges.har?limit=99", "")).unwrap();
    peer.send(call.replace("Host:", "Connection: close\r\nHost:").as_bytes()).unwrap();
    let text = peer.rest();
    assert!(text.contains("\r\nTransfer-Encoding: chunked\r\n"), "{}", &text[..300]);
    assert_eq!(text.matches("\"_number\":").count(), 99);
    assert!(text.contains("\"comment\":\"there are more: continue with after=99\"}}"));
}

#[test]
fn seeds_and_fault_rules_are_limited_in_memory() {
    let mock = Mock::start("admin_bytes = 4194304");
    let members: Vec<_> = (0..500).map(|code| format!("{{\"code\":\"{code}\"}}")).collect();
    let members = members.join(",");
    let seed = format!("{{\"seed\":{{\"cards\":[{{\"card_id\":\"c\",\"members\":[{members}]}}]}}}}");
    let rule = format!("{{\"fault\":\"reset\",\"match\":{{\"body\":[{}0]}}}}", "1,".repeat(5000));
    for (path, body) in [("merchants", seed), ("faults", rule)] {
        let statuses: Vec<_> = (0..40).map(|_| mock.status_of(&call("POST", path, &body))).collect();
        assert_eq!((statuses[0].as_str(), statuses[39].as_str()), ("201", "409"), "{path}");
    }
    mock.is_healthy();
}
