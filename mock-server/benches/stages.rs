//! How long each stage of an exchange takes, and what is recorded after them. For the sample request, without a socket.
//!
//! ```sh
//! cargo bench -p wechatpay-mock --features measured --bench stages
//! cargo bench -p wechatpay-mock --features measured --bench stages -- authenticate
//! ```
//!
//! Each line is the time of one request: lowest, best estimate and highest, with a confidence of 95 %. `authenticate` has
//! one verification in it and `sign` one signature; the bench `exchange` says how long these take by themselves. Under it
//! stands the change from the run before, which is kept in `target/criterion/`.

mod measuring;

use criterion::{Criterion, criterion_group, criterion_main};
use measuring::{measured, time};
use tokio::runtime::Builder;
use wechatpay_mock::{Config, measured::Step};

fn stages(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without sockets");
    let measured = measured(&Config::default());
    let mut group = criterion.benchmark_group("stages");
    for step in Step::ALL {
        group.bench_function(step.name(), |bencher| {
            bencher.to_async(&runtime).iter_custom(|count| {
                time(count, || measured.before(step), |request| measured.step(step, request))
            });
        });
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
