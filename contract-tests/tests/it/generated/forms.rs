//! Uploads: the signature covers the part `meta` only.

use http::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wechatpay_openapi::{Contract, Form, Operation, RequestBody};

use super::{Answer, Setup, accepted::is_described, example::example};

/// An image, as far as its first bytes say.
const FILE: &[u8] = b"\x89PNG\r\n\x1a\n--boundary\r\n";

/// The operations that take a form.
fn uploads() -> impl Iterator<Item = (&'static Operation, &'static Form)> {
    let operations = Contract::current().operations().iter();
    operations.filter_map(|operation| match operation.request_body() {
        Some(RequestBody::Multipart(form)) => Some((operation, form)),
        _ => None,
    })
}

/// A form, part by part: headers and content.
#[derive(Clone)]
struct Upload {
    operation: &'static Operation,
    meta: String,
    parts: Vec<(String, Vec<u8>)>,
    end: &'static str,
}

impl Upload {
    /// The operation's example, with a file of the digest in `meta`.
    fn example(setup: &Setup, operation: &'static Operation, form: &'static Form) -> Self {
        let example = operation.example().unwrap();
        let mut meta: Value = serde_json::from_str(example["meta"].as_str().unwrap()).unwrap();
        let digest: String = Sha256::digest(FILE).iter().map(|byte| format!("{byte:02x}")).collect();
        for name in ["sha256", "file_digest"] {
            if meta.get(name).is_some() {
                meta[name] = digest.clone().into();
            }
        }
        let meta = meta.to_string();
        let encrypted = setup.encrypted(form.meta().unwrap(), meta.as_bytes());
        let meta = encrypted.map_or(meta, |meta| String::from_utf8(meta).unwrap());
        let disposition = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
        let json = format!("{}\r\nContent-Type: application/json", disposition("meta"));
        let mut parts = vec![(json, meta.clone().into())];
        for (name, value) in example.as_object().unwrap().iter().filter(|(name, _)| *name != "meta") {
            let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
            parts.push((disposition(name), text.into()));
        }
        for name in form.files() {
            let head = format!("{}; filename=\"a.png\"\r\nContent-Type: image/png", disposition(name));
            parts.push((head, FILE.to_vec()));
        }
        Self { operation, meta, parts, end: "\r\n--bounds--\r\n" }
    }

    fn send(&self, setup: &Setup) -> Answer {
        let mut body = Vec::new();
        for (index, (head, content)) in self.parts.iter().enumerate() {
            let begin = if index == 0 { "" } else { "\r\n" };
            body.extend(format!("{begin}--bounds\r\n{head}\r\n\r\n").into_bytes());
            body.extend(content);
        }
        body.extend(self.end.as_bytes());
        let request = example(self.operation);
        let form = ("Content-Type".to_owned(), "multipart/form-data; boundary=bounds".to_owned());
        let method = request.method.as_str();
        setup.send_signed(method, &request.target, &[form], &body, self.meta.as_bytes())
    }
}

fn assert_refused(answer: &Answer, status: StatusCode, message: &str, upload: &Upload) {
    let error = answer.error().unwrap_or_else(|| panic!("{}: {answer:?}", upload.operation));
    assert_eq!((answer.status, error.message.as_str()), (status, message), "{}", upload.operation);
}

#[test]
fn the_example_of_every_upload_is_accepted() {
    let setup = Setup::new();
    assert!(uploads().count() >= 14);
    for (operation, form) in uploads() {
        let answer = Upload::example(&setup, operation, form).send(&setup);
        let reason = setup.mock.exchanges().last().and_then(|exchange| exchange.error.clone());
        assert!(answer.status.is_success() && answer.is_signed, "{operation}: {answer:?} {reason:?}");
        is_described(operation, &answer).unwrap_or_else(|problem| panic!("{operation}: {problem}"));
    }
}

#[test]
fn each_required_part_and_each_required_field_of_meta_must_be_there() {
    let setup = Setup::new();
    for (operation, form) in uploads() {
        let whole = Upload::example(&setup, operation, form);
        for name in required(form.schema().as_value()) {
            let part = format!("name=\"{name}\"");
            let mut upload = whole.clone();
            upload.parts.retain(|(head, _)| !head.contains(&part));
            let answer = upload.send(&setup);
            if name == "meta" {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{operation}");
                continue;
            }
            let title = form.schema().as_value()["properties"][name]["title"].as_str().unwrap();
            let message = format!("输入源“/{name}”映射到字段“{title}”必填性规则校验失败，此字段为必填项");
            assert_refused(&answer, StatusCode::BAD_REQUEST, &message, &upload);
            let location = if name == "file" { "fil" } else { name };
            assert_eq!(answer.json()["detail"]["location"], location, "{operation}");
        }
        let schema = form.meta().unwrap().as_value();
        for name in required(schema) {
            let mut upload = whole.clone();
            let mut meta: Value = serde_json::from_str(&upload.meta).unwrap();
            meta.as_object_mut().unwrap().remove(name);
            upload.meta = meta.to_string();
            upload.parts[0].1 = upload.meta.clone().into();
            let title = schema["properties"][name]["title"].as_str().unwrap();
            let message =
                format!("输入源“/body/{name}”映射到字段“{title}”必填性规则校验失败，此字段为必填项");
            assert_refused(&upload.send(&setup), StatusCode::BAD_REQUEST, &message, &upload);
        }
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The upload whose behaviour was published.
fn media(setup: &Setup) -> Upload {
    let (operation, form) =
        uploads().find(|(operation, _)| operation.id() == "post_merchant_media_upload").unwrap();
    Upload::example(setup, operation, form)
}

#[test]
fn a_file_of_another_digest_and_a_form_without_end_are_refused() {
    let setup = Setup::new();
    let message = "图片sha256值有误，请检查后重新提交";
    let mut altered = media(&setup);
    altered.parts[1].1.push(b'!');
    let mut open = media(&setup);
    open.end = "";
    for upload in [altered, open] {
        let answer = upload.send(&setup);
        assert_refused(&answer, StatusCode::BAD_REQUEST, message, &upload);
        assert!(answer.is_signed);
    }
}

#[test]
fn a_filename_or_another_type_on_meta_is_a_sign_error() {
    let setup = Setup::new();
    for (from, to, named) in [
        ("name=\"meta\"", "name=\"meta\"; filename=\"meta.json\"", "without a filename"),
        ("application/json", "text/plain", "as application/json"),
    ] {
        let mut upload = media(&setup);
        upload.parts[0].0 = upload.parts[0].0.replace(from, to);
        let answer = upload.send(&setup);
        assert_eq!((answer.status, answer.is_signed), (StatusCode::UNAUTHORIZED, false));
        assert_eq!(answer.error().unwrap().code, "SIGN_ERROR");
        let reason = setup.mock.exchanges().last().unwrap().error.as_ref().unwrap().reason();
        assert!(reason.contains(named), "{reason}");
    }
}

#[test]
fn the_type_of_meta_may_be_left_out() {
    let setup = Setup::new();
    let mut upload = media(&setup);
    upload.parts[0].0 = upload.parts[0].0.replace("\r\nContent-Type: application/json", "");
    assert!(upload.send(&setup).status.is_success());
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    let setup = Setup::new();
    let upload = media(&setup);
    let json = ("Content-Type".to_owned(), "application/json".to_owned());
    let meta = upload.meta.as_bytes();
    let answer = setup.send_signed("POST", upload.operation.path().as_str(), &[json], meta, meta);
    assert_refused(&answer, StatusCode::BAD_REQUEST, "参数错误", &upload);
}
