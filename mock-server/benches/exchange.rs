//! How long a whole exchange takes without a socket, beside its bound: one verification and one signature.
//!
//! ```sh
//! cargo bench -p wechatpay-mock --features measured --bench exchange
//! ```
//!
//! Each line is the time of one request: lowest, best estimate and highest, with a confidence of 95 %. `bound` ÷ `exchange`
//! is how near the mock comes to what its cryptography allows; what is missing is our own code. `bound` is `verify` and
//! `sign` together. `without-signatures` is the exchange of a mock with `--no-signatures`.

mod measuring;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use measuring::{measured, time};
use tokio::runtime::{Builder, Runtime};
use wechatpay_mock::{Config, Signatures, measured::Measured};

fn exchange(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without sockets");
    let signing = measured(&Config::default());
    let cryptography = signing.cryptography();
    let mut group = criterion.benchmark_group("exchange");

    group.bench_function("verify", |bencher| bencher.iter(|| cryptography.verify()));
    group.bench_function("sign", |bencher| bencher.iter(|| cryptography.sign()));
    group.bench_function("bound", |bencher| {
        bencher.iter(|| {
            cryptography.verify();
            cryptography.sign()
        });
    });
    whole(&mut group, "exchange", &signing, &runtime);
    let mut config = Config::default();
    config.signatures = Signatures::off();
    whole(&mut group, "without-signatures", &measured(&config), &runtime);
}

/// The whole exchange with this gateway.
fn whole(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, measured: &Measured, runtime: &Runtime) {
    group.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter_custom(|count| {
            time(count, async || measured.request(), |request| measured.exchange(request))
        });
    });
}

criterion_group!(benches, exchange);
criterion_main!(benches);
