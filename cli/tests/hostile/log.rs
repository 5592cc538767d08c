//! A log that nobody reads.

use super::*;

/// A mock whose log nobody reads, after it has logged more than fits into its queue and the pipe.
fn flooded() -> Mock {
    let sockets = SOCKETS.read().unwrap_or_else(PoisonError::into_inner);
    let mock = Mock::start_with_log(Stdio::piped(), &mut Command::new(BINARY), "", Some(sockets));
    let request = format!("GET /v3/{} HTTP/1.1\r\nHost: mock\r\n\r\n", "x".repeat(2000));
    let mut peer = mock.connect();
    for _ in 0..1000 {
        peer.send(request.as_bytes()).unwrap();
        assert_eq!(peer.response().unwrap(), "404");
    }
    mock
}

#[test]
fn a_log_that_nobody_reads_keeps_no_request_and_no_end_waiting() {
    let mut mock = flooded();
    mock.is_healthy();
    let begun = Instant::now();
    mock.terminate();
    assert!(mock.child.wait().unwrap().success());
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
}

#[test]
fn dropped_lines_are_counted_and_said_once_the_log_is_read() {
    let mut mock = flooded();
    let mut log = BufReader::new(mock.child.stderr.take().unwrap()).lines();
    let said = log.find_map(|line| {
        line.unwrap().split_once("log lines dropped so far").map(|(_, rest)| rest.to_owned())
    });
    let count: u64 = said.unwrap().rsplit_once(": ").unwrap().1.parse().unwrap();
    assert!((1..1000).contains(&count), "{count}");
    mock.terminate();
    let rest: Vec<_> = log.map(|line| line.unwrap()).collect();
    assert!(rest.iter().any(|line| line.ends_with("stopped")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("log lines dropped")), "nothing was dropped since");
}
