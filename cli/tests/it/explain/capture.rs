//! Captures in each form.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// An HTTP message to write into a capture.
#[derive(Clone)]
pub(super) struct Shown {
    /// `POST /notify HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub(super) first_line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Shown {
    /// Raw HTTP with its length.
    pub(super) fn raw(&self) -> Vec<u8> {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (first, length) = (&self.first_line, self.body.len());
        [format!("{first}\r\n{headers}Content-Length: {length}\r\n\r\n").as_bytes(), &self.body].concat()
    }

    /// Headers and body, as they are copied from a log.
    pub(super) fn copied(&self) -> Vec<u8> {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        [headers.as_bytes(), b"\n", &self.body, b"\n"].concat()
    }

    fn header_pairs(&self) -> Value {
        self.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    }
}

/// The output of `curl -v` with the bodies.
pub(super) fn curl(request: &Shown, response: &Shown) -> Vec<u8> {
    let marked = |mark: &str, message: &Shown| {
        let headers: String =
            message.headers.iter().map(|(name, value)| format!("{mark} {name}: {value}\n")).collect();
        format!("{mark} {}\n{headers}{mark}\n", message.first_line)
    };
    let report = "* Connected to api.mch.weixin.qq.com (127.0.0.1) port 443\n* using HTTP/1.x\n";
    let sent = [report.as_bytes(), marked(">", request).as_bytes(), &request.body].concat();
    let newline: &[u8] = if request.body.is_empty() { b"" } else { b"\n" };
    let uploaded = b"* upload completely sent off\n";
    let left = b"* Connection #0 to host api.mch.weixin.qq.com left intact\n";
    [&sent, newline, uploaded, marked("<", response).as_bytes(), &response.body, left].concat()
}

/// An archive of these exchanges.
pub(super) fn har(exchanges: &[(&Shown, Option<&Shown>)]) -> Vec<u8> {
    let entries = exchanges.iter().map(|(request, response)| {
        let mut words = request.first_line.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let response = response.map(|response| {
            let status: u16 = response.first_line.split(' ').nth(1).unwrap().parse().unwrap();
            json!({ "status": status, "headers": response.header_pairs(), "content": content(&response.body) })
        });
        let mut entry = json!({
            "request": {
                "method": method,
                "url": format!("https://api.mch.weixin.qq.com{target}"),
                "headers": request.header_pairs(),
                "postData": content(&request.body),
            },
            "response": response,
        });
        if request.body.is_empty() {
            entry["request"].as_object_mut().unwrap().remove("postData");
        }
        entry
    });
    let entries: Vec<_> = entries.collect();
    json!({ "log": { "version": "1.2", "entries": entries } }).to_string().into()
}

fn content(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => json!({ "mimeType": "application/json", "text": text }),
        Err(_) => json!({ "text": BASE64_STANDARD.encode(body), "encoding": "base64" }),
    }
}
