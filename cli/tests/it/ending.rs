//! The command ends as it is asked to: SIGINT and SIGTERM, twice if need be.

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

    /// A peer that has sent that, and the mock waits for more.
    fn half_way(&self, request: &[u8]) -> TcpStream {
        let mut peer = TcpStream::connect(&self.address).unwrap();
        peer.write_all(request).unwrap();
        peer
    }

    /// Reads the log up to a line with this in it.
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
fn asked_to_end_it_does_with_exit_code_0() {
    for signal in ["INT", "TERM"] {
        let mut mock = Running::start(&[]);
        mock.signal(signal);
        mock.until_log_says(&format!("ending, as SIG{signal} asks"));
        mock.until_log_says("ended");
        assert_eq!(mock.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_request_that_is_on_its_way_is_answered_first() {
    let mut mock = Running::start(&[]);
    let (begin, end) = halves();
    let mut peer = mock.half_way(&begin);
    mock.signal("TERM");
    mock.until_log_says("shutting down: waiting up to 10 s, open connections: 1");
    peer.write_all(&end).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    mock.until_log_says(" INFO ended");
    assert_eq!(mock.code(), Some(0));
}

#[test]
fn what_takes_longer_than_the_limit_is_cut_off_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("mock.toml");
    fs::write(&config, "[limits]\nshutdown = 1\n").unwrap();
    let mut mock = Running::start(&["--config", config.to_str().unwrap()]);
    let mut peer = mock.half_way(&halves().0);
    mock.signal("TERM");
    mock.until_log_says("WARN shutting down: not finished within 1 s, connections cut off: 1");
    assert_eq!(mock.code(), Some(0));
    // Closed or reset, as the system has it; there is no answer.
    assert_eq!(peer.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn asked_again_it_ends_at_once() {
    let mut mock = Running::start(&[]);
    let _peer = mock.half_way(&halves().0);
    mock.signal("INT");
    mock.until_log_says("a second one ends at once");
    mock.signal("TERM");
    mock.until_log_says("WARN ended at once, as another SIGTERM asks");
    assert_eq!(mock.code(), Some(0));
}
