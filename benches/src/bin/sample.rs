//! What `benches/compare` needs from the mock's cryptography.
//!
//! ```sh
//! sample requests 1000    # signed sample requests on stdout, each followed by a NUL
//! sample orders 1000      # the same of orders
//! sample mixed 1000       # of four, two sample requests, an order, and a query of an order of before
//! sample transfers 1000   # the same of transfers, each with an encrypted name
//! sample shop 1000 URL    # the same of a shop: a tenth of the orders is paid, a hundredth refunded; URL gets callbacks
//! sample times            # microseconds for one verification, one signature and one decryption, as JSON
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

use wechatpay_benches::{Signer, decrypting_key};
use wechatpay_protocol::Timestamp;

const USAGE: &str = "usage: sample requests COUNT | sample orders COUNT | sample mixed COUNT | sample transfers COUNT | sample shop COUNT NOTIFY_URL | sample times";

/// How many requests after an order its refund or its query is sent, so that it is paid or placed by then.
const LATER: u64 = 1000;

/// An order whose number begins with this is paid as soon as it is placed.
const PAID: &str = "MOCK*pay*";

/// aws-lc renews the blinding of an RSA key with every 32nd signature. The mean over a block includes that; the median of
/// the blocks leaves out what else the machine did.
const BLOCK: u32 = 320;
const BLOCKS: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["requests", count] => requests(count.parse()?, &Signer::request),
        ["orders", count] => requests(count.parse()?, &|signer, number, timestamp| {
            signer.order("bench-", number, "http://127.0.0.1:1/notify", timestamp)
        }),
        ["mixed", count] => requests(count.parse()?, &mixed),
        ["transfers", count] => requests(count.parse()?, &Signer::transfer),
        ["shop", count, url] => {
            requests(count.parse()?, &|signer, number, timestamp| shop(signer, number, url, timestamp))
        }
        ["times"] => {
            times();
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

/// Of a hundred requests, ten place an order that is paid, and one refunds such an order.
fn shop(signer: &Signer, number: u64, url: &str, timestamp: Timestamp) -> Vec<u8> {
    match number % 100 {
        // The order that was placed as the first of a hundred. wrk never sends the first request of all.
        99 if number > LATER + 100 => signer.refund(PAID, number - 99 - LATER, number, url, timestamp),
        rest if rest % 10 == 0 => signer.order(PAID, number, url, timestamp),
        _ => signer.order("bench-", number, url, timestamp),
    }
}

/// Changes of a member's rights, orders, and queries of orders.
fn mixed(signer: &Signer, number: u64, timestamp: Timestamp) -> Vec<u8> {
    match number % 4 {
        0 => signer.order("bench-", number, "http://127.0.0.1:1/notify", timestamp),
        // wrk never sends the first request of all.
        1 if number > LATER + 4 => signer.query("bench-", number - 1 - LATER, number, timestamp),
        _ => signer.request(number, timestamp),
    }
}

fn requests(
    count: u64,
    make: &(dyn Fn(&Signer, u64, Timestamp) -> Vec<u8> + Sync),
) -> Result<(), Box<dyn Error>> {
    let now = UNIX_EPOCH.elapsed()?;
    let timestamp = Timestamp::from_unix(now.as_secs());
    let signer = &Signer::new(u64::try_from(now.as_micros())?);
    let threads = thread::available_parallelism()?.get() as u64;
    let each = count.div_ceil(threads);
    let signed = thread::scope(|scope| {
        let sign = |thread| {
            let numbers = thread * each..count.min((thread + 1) * each);
            numbers.map(|number| make(signer, number, timestamp)).collect::<Vec<_>>()
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
    let decrypting = decrypting_key();
    let decrypt = median(|| drop(black_box(decrypting.decrypt(signer.user_name()))));
    println!(r#"{{"verify_us": {verify:.2}, "sign_us": {sign:.2}, "decrypt_us": {decrypt:.2}}}"#);
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
