//! How long the cryptography of one exchange takes, done by the library that the mock does it with.

use std::{env, hint::black_box, time::Instant};

use serde::{Deserialize, Serialize};
use wechatpay_protocol::{Credentials, KeyError, RequestMessage, ResponseMessage, SigningKey, Timestamp};

use crate::{
    cores::{Cores, Side},
    failure::{During, Failure},
    figures::median,
    programs::output,
    sample,
};

/// How often each is done without a look at the clock. aws-lc makes new values to blind the key with each 32 signatures, which
/// takes longer than a signature: all of a block's ten times count.
const BLOCK: u32 = 320;

/// How many blocks there are. The median of them leaves out those in which something else had the core.
const BLOCKS: usize = 25;

/// How long each takes on one thread, in microseconds: the mean within a block, since throughput is bounded by all that is done,
/// and the median of the blocks.
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
    let mut block = || {
        let begun = Instant::now();
        for _ in 0..BLOCK {
            assert!(what(), "the development merchant's key signs, and verifies what it signed");
        }
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(BLOCK)
    };
    // The first one only warms up.
    block();
    median((0..BLOCKS).map(|_| block()))
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    #[test]
    fn what_takes_long_only_now_and_then_counts_by_its_share() {
        const OFTEN: u32 = 32;
        const LONG: Duration = Duration::from_micros(640);
        let mut number = 0;
        let mean = microseconds(|| {
            number += 1;
            if number % OFTEN == 0 {
                thread::sleep(LONG);
            }
            true
        });
        assert!(mean >= 20.0, "{mean}");
    }

    #[test]
    fn a_block_in_which_something_else_had_the_core_does_not_count() {
        const LONG: Duration = Duration::from_millis(50);
        let mut number = 0;
        let mean = microseconds(|| {
            number += 1;
            if number == 5 * BLOCK {
                thread::sleep(LONG);
            }
            true
        });
        // If it counted as it does in its block, or by its share in all of them.
        let share = LONG.as_secs_f64() * 1e6 / f64::from(BLOCK) / BLOCKS as f64;
        assert!(mean < share, "{mean} {share}");
    }
}
