//! More peers than there is room for: the idle ones make room, and those that stall keep no other waiting.

use super::*;

#[test]
fn over_the_limit_the_connection_that_has_been_idle_longest_makes_room_for_the_next() {
    let mock = Mock::start("connections = 3");
    let request = Request::sample();
    let mut busy = mock.connect();
    busy.send(request.head(request.body.len()).as_bytes()).unwrap();
    let mut idle = [mock.connect(), mock.connect()];
    for peer in &mut idle {
        peer.send(UNKNOWN.as_bytes()).unwrap();
        assert_eq!(peer.response().unwrap(), "404");
    }
    let begun = Instant::now();
    let mut next = mock.connect();
    next.send(UNKNOWN.as_bytes()).unwrap();
    assert_eq!(next.response().unwrap(), "404");
    assert_eq!(idle[0].rest(), "");
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    assert!(idle[1].is_waiting());
    busy.send(&request.body).unwrap();
    assert_eq!(busy.response().unwrap(), "204");
}

#[test]
fn a_connection_that_gets_a_request_while_it_is_closed_for_another_keeps_none_waiting() {
    let mock = Mock::start("connections = 4\nbody_timeout = 20");
    let request = Request::sample();
    let head = [request.head(request.body.len()).as_bytes(), &request.body[..3]].concat();
    for _ in 0..30 {
        let idle = [(); 4].map(|()| mock.connect());
        // Only now are they old enough to be closed.
        thread::sleep(Duration::from_millis(120));
        let begun = Instant::now();
        let mut next = mock.connect();
        let _ = idle[0].send(&head);
        next.send(UNKNOWN.as_bytes()).unwrap();
        assert_eq!(next.response().unwrap(), "404");
        assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    }
}

#[test]
fn a_thousand_peers_that_begin_a_head_and_stop_keep_no_other_waiting() {
    let _alone = SOCKETS.write().unwrap_or_else(PoisonError::into_inner);
    let mock = Mock::start_by(&mut Command::new(BINARY), "connections = 300", None);
    let begun = Instant::now();
    let stalled: Vec<_> = (0..900)
        .map(|_| {
            let peer = mock.connect();
            peer.send(b"GET /v3/none HTTP/1.1\r\nX-").unwrap();
            peer
        })
        .collect();
    mock.is_healthy();
    println!("opened after {:?}", begun.elapsed());
    drop(stalled);
}

#[test]
fn without_free_file_descriptors_the_connection_that_has_been_idle_longest_makes_room() {
    let sockets = SOCKETS.read().unwrap_or_else(PoisonError::into_inner);
    let few_files = ["-c", "ulimit -n 24; exec \"$0\" \"$@\"", BINARY];
    let mock = Mock::start_by(Command::new("sh").args(few_files), "", Some(sockets));
    let (begun, work) = (Instant::now(), mock.work());
    let idle: Vec<_> = (0..48).map(|_| mock.connect()).collect();
    let mut last = mock.connect();
    last.send(UNKNOWN.as_bytes()).unwrap();
    assert_eq!(last.response().unwrap(), "404");
    let (waited, work) = (begun.elapsed(), mock.work() - work);
    println!("worked {work:?} of {waited:?}");
    assert!(waited < SLACK, "{waited:?}");
    assert!(idle.iter().any(Peer::is_waiting), "not all of them need be closed");
    mock.is_healthy();
}

#[test]
fn a_small_chunked_body_does_not_wait_behind_stalled_uploads() {
    let mock = Mock::start("");
    let (begun, large) = (Instant::now(), Request::sample().head(1024 * 1024));
    let stalled: Vec<_> = (0..200)
        .map(|at| {
            let peer = mock.connect();
            peer.send(large.as_bytes()).unwrap();
            // Some have sent enough to count as large.
            peer.send(&vec![b' '; if at % 2 == 0 { 0 } else { 9 * 1024 }]).unwrap();
            peer
        })
        .collect();
    let request = Request::sample();
    let head = request.head(request.body.len());
    let framed = format!("Content-Length: {}", request.body.len());
    let mut peer = mock.connect();
    peer.send(head.replace(&framed, "Transfer-Encoding: chunked").as_bytes()).unwrap();
    for byte in &request.body {
        peer.send(&[b"1\r\n", &[*byte][..], b"\r\n"].concat()).unwrap();
    }
    peer.send(b"0\r\n\r\n").unwrap();
    assert_eq!(peer.response().unwrap(), "204");
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    drop(stalled);
}
