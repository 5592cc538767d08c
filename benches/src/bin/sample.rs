//! What `benches/compare` needs from the mock's cryptography.
//!
//! ```sh
//! sample requests 1000    # signed sample requests on stdout, each followed by a NUL
//! sample times            # microseconds for one verification and one signature, as JSON
//! ```
#![expect(clippy::print_stdout, reason = "printing is its purpose")]

use std::{
    env,
    error::Error,
    hint::black_box,
    io::{self, Write},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use wechatpay_benches::Signer;
use wechatpay_protocol::Timestamp;

const USAGE: &str = "usage: sample requests COUNT | sample times";

/// aws-lc renews the blinding of an RSA key with every 32nd signature. The mean over a block includes that; the median of
/// the blocks leaves out what else the machine did.
const BLOCK: u32 = 320;
const BLOCKS: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["requests", count] => requests(count.parse()?),
        ["times"] => {
            times();
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

fn requests(count: u64) -> Result<(), Box<dyn Error>> {
    let now = UNIX_EPOCH.elapsed()?;
    let timestamp = Timestamp::from_unix(now.as_secs());
    let signer = Signer::new(u64::try_from(now.as_micros())?);
    let threads = thread::available_parallelism()?.get() as u64;
    let each = count.div_ceil(threads);
    let signed = thread::scope(|scope| {
        let sign = |thread| {
            let numbers = thread * each..count.min((thread + 1) * each);
            numbers.map(|number| signer.request(number, timestamp)).collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || sign(thread))).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("signing does not panic"))
            .collect::<Vec<_>>()
    });
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    for request in signed {
        stdout.write_all(&request)?;
        stdout.write_all(b"\0")?;
    }
    Ok(stdout.flush()?)
}

fn times() {
    let signer = Signer::new(0);
    let (key, message) = (signer.key(), signer.request(0, Timestamp::from_unix(0)));
    let (verifying, signature) = (key.verifying_key(), key.sign(&message));
    let verify = median(|| verifying.verify(&message, &signature).expect("the signature is valid"));
    let sign = median(|| drop(black_box(key.sign(&message))));
    println!(r#"{{"verify_us": {verify:.2}, "sign_us": {sign:.2}}}"#);
}

/// Microseconds.
fn median(work: impl Fn()) -> f64 {
    let mut blocks: Vec<Duration> = (0..BLOCKS)
        .map(|_| {
            let begun = Instant::now();
            (0..BLOCK).for_each(|_| work());
            begun.elapsed() / BLOCK
        })
        .collect();
    blocks.sort_unstable();
    blocks[BLOCKS / 2].as_secs_f64() * 1e6
}
