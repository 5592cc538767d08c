//! The time of a whole exchange without a socket, and of the verification and signature that are part of it.
//!
//! ```sh
//! cargo bench -p wechatpay-benches
//! ```
//!
//! Each line is the time of one exchange, verification, signature or start: lowest, best estimate and highest, with a
//! confidence of 95 %. The line below is the change since the last run, which `target/criterion/` keeps. `exchange` less
//! `verify` and `sign` is the cost of the mock's own code.

use std::{
    cell::RefCell,
    hint::black_box,
    sync::Arc,
    time::{Instant, UNIX_EPOCH},
};

use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Builder;
use wechatpay_benches::{Connection, Signer};
use wechatpay_mock::MockServer;
use wechatpay_protocol::Timestamp;

fn benches(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let start = || runtime.block_on(MockServer::builder().start()).expect("a free port");
    let now = || Timestamp::from_unix(UNIX_EPOCH.elapsed().unwrap_or_default().as_secs());
    let signer = Signer::new(0);
    let server = Arc::new(start());
    let connection = RefCell::new(runtime.block_on(async { Connection::open(&server) }));
    let mut number = 0;

    criterion.bench_function("exchange", |bencher| {
        bencher.iter_custom(|count| {
            let requests: Vec<_> =
                (number..number + count).map(|number| signer.request(number, now())).collect();
            number += count;
            let mut connection = connection.borrow_mut();
            let begun = Instant::now();
            runtime.block_on(async {
                for request in &requests {
                    connection.call(request).await;
                }
            });
            begun.elapsed()
        });
    });

    let message = signer.request(0, now());
    let (verifying, signature) = (signer.key().verifying_key(), signer.key().sign(&message));
    criterion.bench_function("verify", |bencher| {
        bencher.iter(|| verifying.verify(black_box(&message), &signature));
    });
    criterion.bench_function("sign", |bencher| bencher.iter(|| signer.key().sign(black_box(&message))));
    criterion.bench_function("start", |bencher| bencher.iter_with_large_drop(start));
}

criterion_group!(all, benches);
criterion_main!(all);
