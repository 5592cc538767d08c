//! SIGINT, SIGTERM or the end of stdin stop the mock; a second signal stops it at once.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::support::{Running, signed};

impl Running {
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// A peer that has sent this part of a request, so the mock waits for the rest.
    fn with_half_a_request(&self, request: &[u8]) -> TcpStream {
        let mut peer = TcpStream::connect(&self.address).unwrap();
        peer.write_all(request).unwrap();
        peer
    }

    /// Reads the log up to a line that contains this.
    fn until_log_says(&mut self, text: &str) {
        while !self.line().contains(text) {}
    }

    /// The exit code, once it has ended.
    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// A request without the last byte of its body, and that byte.
fn halves() -> (Vec<u8>, Vec<u8>) {
    let mut request = signed(r#"{"out_request_no":"ending"}"#);
    let last = request.split_off(request.len() - 1);
    (request, last)
}

#[test]
fn a_signal_stops_the_mock_with_exit_code_0() {
    for signal in ["INT", "TERM"] {
        let mut mock = Running::start(&[]);
        mock.signal(signal);
        mock.until_log_says(&format!("stopping on SIG{signal}"));
        mock.until_log_says("stopped");
        assert_eq!(mock.code(), Some(0), "{signal}");
    }
}

#[test]
fn the_end_of_stdin_stops_a_mock_that_is_to_stop_with_it() {
    let mut mock = Running::start(&["--stop-with-stdin"]);
    drop(mock.child.stdin.take());
    mock.until_log_says("stopping at the end of stdin");
    mock.until_log_says("stopped");
    assert_eq!(mock.code(), Some(0));
}

#[test]
fn a_request_in_flight_is_finished_first() {
    let mut mock = Running::start(&[]);
    let (begin, end) = halves();
    let mut peer = mock.with_half_a_request(&begin);
    mock.signal("TERM");
    mock.until_log_says("shutting down: waiting up to 10 s, open connections: 1");
    peer.write_all(&end).unwrap();
    let mut response = String::new();
    peer.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
    mock.until_log_says(" INFO stopped");
    assert_eq!(mock.code(), Some(0));
}

#[test]
fn requests_beyond_the_shutdown_limit_are_cut_off_and_logged() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mock.toml");
    fs::write(&config, "[limits]\nshutdown = 1\n").unwrap();
    let mut mock = Running::start(&["--config", config.to_str().unwrap()]);
    let mut peer = mock.with_half_a_request(&halves().0);
    mock.signal("TERM");
    mock.until_log_says("WARN shutting down: not finished within 1 s, connections cut off: 1");
    assert_eq!(mock.code(), Some(0));
    // The system closes or resets the connection; there is no response.
    assert_eq!(peer.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_second_signal_stops_the_mock_at_once() {
    let mut mock = Running::start(&[]);
    let _peer = mock.with_half_a_request(&halves().0);
    mock.signal("INT");
    mock.until_log_says("a second signal stops at once");
    mock.signal("TERM");
    mock.until_log_says("WARN stopped at once on SIGTERM");
    assert_eq!(mock.code(), Some(0));
}
