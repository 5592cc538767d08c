//! Sends signed requests to a mock, while `benches/instructions` counts instructions.
//!
//! Counting covers the function [`counted`]. Clock and randomness are fixed, so two runs do the same.

use std::{env, sync::Arc};

use tokio::runtime::Builder;
use wechatpay_benches::{Connection, Signer};
use wechatpay_mock::{Clock, Limits, MockServer, Randomness};
use wechatpay_protocol::Timestamp;

/// Within the validity of the development certificates.
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// So few that the journal is full before counting begins, as in any mock that has run for a while.
const JOURNAL: u64 = 2;
const WARM_UP: u64 = 8;

fn main() {
    let count: u64 =
        env::args().nth(1).and_then(|count| count.parse().ok()).expect("usage: counted REQUESTS");
    let signer = Signer::new(0);
    let requests: Vec<_> = (0..WARM_UP + count).map(|number| signer.request(number, NOW)).collect();
    let (warm_up, requests) = requests.split_at(WARM_UP as usize);

    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut connection = runtime.block_on(async {
        let limits = Limits::default().with_journal_exchanges(JOURNAL).expect("within its range");
        let server = MockServer::builder()
            .clock(Clock::fixed(NOW))
            .randomness(Randomness::fixed([7; 16]))
            .limits(limits)
            .start()
            .await
            .expect("a free port");
        let mut connection = Connection::open(&Arc::new(server));
        for request in warm_up {
            connection.call(request).await;
        }
        connection
    });
    counted(|| {
        runtime.block_on(async {
            for request in requests {
                connection.call(request).await;
            }
        });
    });
}

/// callgrind counts what runs within this function, by its name.
#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}
