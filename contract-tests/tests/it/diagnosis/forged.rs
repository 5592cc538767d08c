//! 10,000 wrong signatures that no known mistake explains.

use std::{thread, time::Duration};

use wechatpay_mock::diagnosis::{TIME_LIMIT, Verdict};
use wechatpay_protocol::SigningKey;

use super::scene::{Scene, base64, pem};

/// Signatures of each of the three kinds.
const EACH: usize = 3334;

/// The time limit for most of them. It cuts the search short, which must not make the diagnosis claim more than it
/// knows.
const LITTLE_TIME: Duration = Duration::from_millis(1);

#[test]
fn random_bytes_are_not_explained() {
    in_parallel(|index| {
        let bytes: Vec<u8> = (0..256).map(|_| random()).collect();
        let diagnosis = scene(index).diagnose(&base64(&bytes), time(index)).unwrap();
        assert_eq!(
            (diagnosis.verdict, &diagnosis.mistakes[..]),
            (Verdict::Unexplained, &[][..]),
            "{bytes:?}"
        );
    });
}

#[test]
fn the_right_key_over_random_messages_is_identified_without_a_mistake() {
    let key = SigningKey::from_pem(&pem("apiclient_key.pem")).unwrap();
    in_parallel(|index| {
        let message: Vec<u8> = (0..=16 + usize::from(random())).map(|_| random()).collect();
        let diagnosis = scene(index).diagnose(&key.sign(&message).to_string(), time(index)).unwrap();
        assert_eq!(
            (diagnosis.verdict, &diagnosis.mistakes[..]),
            (Verdict::OtherMessage, &[][..]),
            "{message:?}"
        );
    });
}

#[test]
fn an_unknown_key_over_right_messages_is_not_explained() {
    let key = SigningKey::from_pem(&pem("other_key.pem")).unwrap();
    in_parallel(|index| {
        let scene = scene(index);
        let signature = key.sign(scene.message().as_bytes()).to_string();
        let diagnosis = scene.diagnose(&signature, time(index)).unwrap();
        assert_eq!(
            (diagnosis.verdict, &diagnosis.mistakes[..]),
            (Verdict::Unexplained, &[][..]),
            "{scene:?}"
        );
    });
}

/// A new request for each signature, with or without what suggests a mistake, and only two known keys.
fn scene(index: usize) -> Scene {
    let mut scene = match index % 5 {
        0 => Scene::get(),
        1 => Scene::default(),
        2 => Scene::default().with_body("{\"c\":\"??\",\"b\":\"<钻>\",\"a\":{\"e\":1,\"d\":2}}"),
        3 => Scene::default().with_body(""),
        _ => Scene { headers: vec![("via", "1.1 a"), ("x-original-uri", "/a")], ..Scene::default() },
    };
    scene.nonce = (0..16).map(|_| format!("{:02x}", random())).collect();
    scene.other_keys.truncate(1);
    scene
}

fn time(index: usize) -> Duration {
    if index.is_multiple_of(50) { TIME_LIMIT } else { LITTLE_TIME }
}

fn in_parallel(check: impl Fn(usize) + Sync) {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for first in 0..threads {
            let check = &check;
            scope.spawn(move || (first..EACH).step_by(threads).for_each(check));
        }
    });
}

fn random() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).unwrap();
    byte[0]
}
