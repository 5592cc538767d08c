//! Servers that answer otherwise than the mock does, or not at all.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::load;

/// A server that sends these bytes in answer to the first request of each connection, and others to all after it.
struct Server {
    url: String,
    serving: JoinHandle<()>,
}

impl Server {
    /// `answer` gives what is sent, by the number of the request on its connection, from 0; after nothing, the connection ends.
    async fn start(answer: fn(usize) -> &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer));
            }
        });
        Self { url, serving }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: fn(usize) -> &'static str) {
    let mut received = Vec::new();
    for number in 0.. {
        // The body is the one place with a closing brace.
        while received.last() != Some(&b'}') {
            if stream.read_buf(&mut received).await.is_ok_and(|length| length > 0) {
                continue;
            }
            return;
        }
        received.clear();
        let answer = answer(number);
        if answer.is_empty() || stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

const OPTIONS: [&str; 4] = ["--rate", "100", "--verify-every", "0"];

#[tokio::test]
async fn answers_of_any_framing_are_taken() {
    for answer in [
        (|_| "HTTP/1.1 204 No Content\r\n\r\n") as fn(usize) -> &'static str,
        |_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        |_| "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        |_| "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        |number| {
            if number > 0 { "" } else { "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" }
        },
    ] {
        let server = Server::start(answer).await;
        let loaded = load(&server.url, &OPTIONS).await;
        assert_eq!(loaded.run.code, Some(0), "{}{}{}", answer(0), loaded.run.stdout, loaded.run.stderr);
        assert_eq!((loaded.figure("requests"), loaded.figure("failed")), (20, 0));
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_a_failure_and_the_next_is_a_new_one() {
    let server =
        Server::start(|number| if number % 2 == 1 { "" } else { "HTTP/1.1 204 No Content\r\n\r\n" }).await;
    let loaded = load(&server.url, &[&OPTIONS[..], &["--connections", "1"]].concat()).await;
    assert_eq!(loaded.run.code, Some(1), "{}{}", loaded.run.stdout, loaded.run.stderr);
    assert_eq!((loaded.figure("requests"), loaded.figure("failed")), (20, 10));
    assert!(
        loaded.run.stdout.contains("10: the connection ended before the answer did"),
        "{}",
        loaded.run.stdout
    );
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    let server = Server::start(|_| "SSH-2.0-OpenSSH\r\n").await;
    let loaded = load(&server.url, &OPTIONS).await;
    assert_eq!(loaded.run.code, Some(2), "{}", loaded.run.stdout);
    assert!(loaded.run.stderr.contains("found something else than HTTP"), "{}", loaded.run.stderr);
}

#[tokio::test]
async fn a_server_that_knows_no_such_path_is_one_error() {
    let server = Server::start(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    let loaded = load(&server.url, &OPTIONS).await;
    assert_eq!(loaded.run.code, Some(2), "{}", loaded.run.stdout);
    assert!(loaded.run.stderr.contains("does not take the request"), "{}", loaded.run.stderr);
    assert!(loaded.run.stderr.contains(": 404 Not Found"), "{}", loaded.run.stderr);
}

#[tokio::test]
async fn what_a_mock_says_about_a_signature_is_passed_on() {
    let server = Server::start(|_| {
        "HTTP/1.1 401 Unauthorized\r\nMock-Diagnosis: no-final-newline\r\nContent-Length: 39\r\n\r\n\
         {\"code\":\"SIGN_ERROR\",\"message\":\"wrong\"}"
    });
    let server = server.await;
    let loaded = load(&server.url, &OPTIONS).await;
    assert_eq!(loaded.run.code, Some(2), "{}", loaded.run.stdout);
    let reason = ": 401 SIGN_ERROR: wrong (Mock-Diagnosis: no-final-newline)";
    assert!(loaded.run.stderr.contains(reason), "{}", loaded.run.stderr);
}
