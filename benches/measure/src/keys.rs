//! How long the cryptography of one exchange takes, done by the library that the mock does it with.

use std::{
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Credentials, KeyError, RequestMessage, ResponseMessage, SigningKey, Timestamp};

use crate::{
    cores::{Cores, Side},
    failure::{During, Failure},
    figures::median,
    programs::output,
    sample,
};

/// How often each is done.
const TIMES: usize = 4000;

/// The median of each, in microseconds, on one thread.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// To verify the signature of the sample call.
    pub(crate) verify_us: f64,
    /// To sign an empty 204.
    pub(crate) sign_us: f64,
}

impl Keys {
    /// Measures both, on the core that this process has been given.
    ///
    /// # Errors
    /// If the development merchant's key is none.
    pub(crate) fn measure() -> Result<Self, KeyError> {
        let key = SigningKey::from_pem(&Credentials::development().merchant_key)?;
        let verifying = key.verifying_key();
        let timestamp = Timestamp::from_unix(1_756_951_531);
        let nonce = "86e29041ed8ebf0d47c6646a74f9186d";
        let request = RequestMessage {
            method: sample::METHOD,
            target: sample::TARGET,
            timestamp,
            nonce_str: nonce,
            body: sample::BODY.as_bytes(),
        };
        let request = request.to_bytes();
        let signature = key.sign(&request);
        let answer = ResponseMessage { timestamp, nonce, body: b"" }.to_bytes();
        Ok(Self {
            verify_us: microseconds(|| black_box(verifying.verify(black_box(&request), &signature)).is_ok()),
            sign_us: microseconds(|| black_box(key.sign(black_box(&answer))).as_bytes().len() == 256),
        })
    }

    /// Measures both in a process of its own, on the core that servers have.
    ///
    /// # Errors
    /// If that process fails.
    pub(crate) async fn measure_apart(cores: Cores) -> Result<Self, Failure> {
        let what = || "the time of the cryptography".to_owned();
        let own = env::current_exe().during(what)?;
        let printed = output(cores.command(Side::Server, &own).arg("keys"), &what()).await?;
        serde_json::from_str(&printed).during(what)
    }

    /// What an exchange can't do without, in microseconds.
    pub(crate) fn exchange_us(&self) -> f64 {
        self.verify_us + self.sign_us
    }

    /// The medians of several.
    pub(crate) fn median(all: &[Self]) -> Self {
        Self {
            verify_us: median(all.iter().map(|keys| keys.verify_us)),
            sign_us: median(all.iter().map(|keys| keys.sign_us)),
        }
    }
}

fn microseconds(mut what: impl FnMut() -> bool) -> f64 {
    let mut once = || {
        let begun = Instant::now();
        assert!(what(), "the development merchant's key signs, and verifies what it signed");
        begun.elapsed()
    };
    for _ in 0..TIMES / 10 {
        once();
    }
    median((0..TIMES).map(|_| once()).map(|time: Duration| time.as_secs_f64() * 1e6))
}
