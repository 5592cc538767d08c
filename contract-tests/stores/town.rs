//! Shoppers: clients that change points and money, and insist on an answer to each change. At the end, everything adds up.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use wechatpay_client::{Client, Method};
use wechatpay_protocol::Credentials;

use crate::{LONG, RECOVERS_WITHIN, chance, process::Mock, receiver::Receiver, until};

/// The member whose points all shoppers of a merchant change.
const COMMON: &str = "common";
/// What each order costs, in fen.
const PRICE: u64 = 100;
/// What the first order of each merchant costs: as much as a refund can be.
const LARGEST: u64 = 100_000_000;
/// How long a shopper waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The rest before a request is repeated.
const REST: Duration = Duration::from_millis(20);

/// Merchants, mocks, and what shoppers do with them.
pub(crate) struct Town {
    pub(crate) folder: TempDir,
    pub(crate) receiver: Receiver,
    merchants: Vec<Merchant>,
    shoppers: usize,
    mocks: Mutex<Vec<Option<Gateway>>>,
    /// How many changes are left to begin.
    left: AtomicI64,
    done: watch::Sender<usize>,
    refused: watch::Sender<usize>,
    unanswered: AtomicUsize,
    /// The longest that a change took with all its repetitions, in milliseconds.
    longest: AtomicU64,
}

/// A mock as the merchants reach it.
#[derive(Clone)]
struct Gateway {
    address: String,
    /// By merchant.
    clients: Vec<Client>,
}

struct Merchant {
    credentials: Credentials,
    /// What it can refund.
    balance: u64,
    /// The points that were added to the member whom all have in common.
    common: AtomicI64,
    orders: Mutex<Vec<Order>>,
    /// The least amount that was refused since the merchant had not enough.
    least_refused: AtomicU64,
}

#[derive(Clone, Debug)]
struct Order {
    number: String,
    /// What was refunded.
    refunded: Option<u64>,
}

/// One attempt.
enum Attempt {
    Answered(Value),
    /// 4xx.
    Refused(String),
    /// Nobody knows whether it was done.
    Unknown,
}

/// One shopper, with a member of its own.
struct Shopper {
    town: Arc<Town>,
    number: usize,
    merchant: usize,
    /// Which mock it asks.
    mock: usize,
    /// The points of its member.
    points: i64,
}

impl Town {
    /// So many shoppers at so many merchants will make so many changes.
    pub(crate) async fn new(merchants: usize, shoppers: usize, changes: usize) -> Arc<Self> {
        // Of four changes, one is an order whose refund is 50 fen on average: most of them can be refunded, the last ones not.
        let balance = (changes as u64 / 4 / merchants as u64) * 40;
        let merchant = |number: usize| Merchant {
            credentials: Credentials {
                mchid: format!("19000000{number:02}").parse().unwrap(),
                ..Credentials::development()
            },
            balance,
            common: AtomicI64::new(0),
            orders: Mutex::default(),
            least_refused: AtomicU64::new(u64::MAX),
        };
        let town = Self {
            folder: TempDir::new().unwrap(),
            receiver: Receiver::start().await,
            merchants: (1..=merchants).map(merchant).collect(),
            shoppers,
            mocks: Mutex::default(),
            left: AtomicI64::new(changes.try_into().unwrap()),
            done: watch::Sender::default(),
            refused: watch::Sender::default(),
            unanswered: AtomicUsize::new(0),
            longest: AtomicU64::new(0),
        };
        town.write_configuration();
        Arc::new(town)
    }

    fn write_configuration(&self) {
        let members = (0..self.shoppers).map(|number| json!({ "code": format!("member{number}") }));
        let members: Vec<_> = members.chain([json!({ "code": COMMON })]).collect();
        let mut configuration = String::from("seed = \"seed.json\"\n");
        let mut seeds = serde_json::Map::new();
        for Merchant { credentials, balance, .. } in &self.merchants {
            let mchid = credentials.mchid.as_str();
            configuration += &format!("[[merchant]]\nmchid = \"{mchid}\"\nbalance = {balance}\n");
            let seed = json!({ "cards": [{ "card_id": card(credentials), "members": members }] });
            seeds.insert(mchid.to_owned(), seed);
        }
        fs::write(self.folder.path().join("mock.toml"), configuration).unwrap();
        fs::write(self.folder.path().join("seed.json"), json!({ "merchants": seeds }).to_string()).unwrap();
    }

    /// Starts a mock on this store, which shoppers do not know yet.
    pub(crate) fn mock(&self, store: &str) -> Mock {
        Mock::start(self.folder.path(), &self.arguments(store).each_ref().map(String::as_str))
    }

    /// Starts a mock, and does not wait until it listens.
    pub(crate) fn begin_mock(&self, store: &str) -> Mock {
        Mock::begin(self.folder.path(), &self.arguments(store).each_ref().map(String::as_str))
    }

    fn arguments(&self, store: &str) -> [String; 4] {
        let configuration = self.folder.path().join("mock.toml");
        ["--config".into(), configuration.to_str().unwrap().into(), "--store".into(), store.into()]
    }

    /// From now on, shoppers ask this mock as the `nth`.
    pub(crate) fn open(&self, nth: usize, mock: &Mock) {
        let client = |merchant: &Merchant| {
            let builder = Client::builder().base_url(&mock.url).credentials(&merchant.credentials);
            builder.timeout(PATIENCE).build().unwrap()
        };
        let address = mock.url.strip_prefix("http://").unwrap().to_owned();
        let gateway = Gateway { address, clients: self.merchants.iter().map(client).collect() };
        let mut mocks = self.mocks.lock().unwrap();
        let size = mocks.len().max(nth + 1);
        mocks.resize(size, None);
        mocks[nth] = Some(gateway);
    }

    /// From now on, shoppers know that it is gone.
    pub(crate) fn close(&self, nth: usize) {
        self.mocks.lock().unwrap()[nth] = None;
    }

    fn gateway(&self, turn: usize) -> Option<Gateway> {
        let mocks = self.mocks.lock().unwrap();
        mocks.get(turn % mocks.len().max(1))?.clone()
    }

    /// Lets all shoppers shop. The result resolves when all changes are answered.
    pub(crate) fn shop(self: &Arc<Self>) -> JoinSet<Shopped> {
        (0..self.shoppers)
            .map(|number| {
                let (town, merchant) = (Arc::clone(self), number % self.merchants.len());
                Shopper { town, number, merchant, mock: number / self.merchants.len(), points: 0 }.shop()
            })
            .collect()
    }

    /// Resolves when so many changes were answered.
    pub(crate) async fn has_done(&self, count: usize) {
        let mut done = self.done.subscribe();
        timeout(LONG, done.wait_for(|done| *done >= count)).await.expect("the changes are answered").unwrap();
    }

    pub(crate) fn done(&self) -> usize {
        *self.done.borrow()
    }

    /// Resolves when so many requests were answered with 503.
    pub(crate) async fn has_refused(&self, count: usize) {
        let mut refused = self.refused.subscribe();
        timeout(LONG, refused.wait_for(|refused| *refused >= count))
            .await
            .expect("requests are refused")
            .unwrap();
    }

    pub(crate) fn refused(&self) -> usize {
        *self.refused.borrow()
    }

    /// Whether the `nth` mock says that it is healthy.
    pub(crate) async fn is_healthy(&self, nth: usize) -> bool {
        let Some(gateway) = self.gateway(nth) else { return false };
        matches!(gateway.admin("GET", "/__mock/health", "").await, Some((200, _)))
    }

    /// What happened, in one line.
    pub(crate) fn says(&self) -> String {
        let (unanswered, longest) = (self.unanswered.load(SeqCst), self.longest());
        let (done, refused, callbacks) = (self.done(), self.refused(), self.receiver.arrived().len());
        format!(
            "{done} changes, {callbacks} callbacks, {unanswered} requests without an answer, {refused} answered with 503, \
             the longest change took {} ms",
            longest.as_millis()
        )
    }

    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.load(SeqCst))
    }

    /// Everything that was answered is there, and nothing was done twice.
    pub(crate) async fn adds_up(self: &Arc<Self>, shopped: Vec<Shopped>) {
        // First: a query lets happen what is due, and its callback then tells of it.
        self.everything_was_told().await;
        for Shopped { merchant, number, points } in shopped {
            let mut asking = self.asking(merchant);
            assert_eq!(asking.points_of(&format!("member{number}")).await, points, "member{number}");
        }
        for (at, merchant) in self.merchants.iter().enumerate() {
            let mut asking = self.asking(at);
            assert_eq!(asking.points_of(COMMON).await, merchant.common.load(SeqCst), "the common member");
            let orders = merchant.orders.lock().unwrap().clone();
            for Order { number, refunded } in &orders {
                let order = asking.order(number).await;
                let expected = if refunded.is_some() { "REFUND" } else { "SUCCESS" };
                assert_eq!(order["trade_state"], expected, "{order}");
                assert_eq!(order["amount"]["total"], PRICE, "{order}");
                if let Some(refunded) = refunded {
                    let target = format!("/v3/refund/domestic/refunds/R{number}");
                    let refund = asking.insist(Method::GET, &target, &Value::Null).await.unwrap();
                    assert_eq!(
                        (&refund["status"], &refund["amount"]["refund"]),
                        (&"SUCCESS".into(), &(*refunded).into())
                    );
                }
            }
            asking.balance_is_right(merchant, &orders).await;
        }
    }

    /// Each payment and each refund has one callback, which has arrived at least once.
    async fn everything_was_told(&self) {
        let mut expected = Vec::new();
        for order in self.merchants.iter().flat_map(|merchant| merchant.orders.lock().unwrap().clone()) {
            expected.push(("TRANSACTION.SUCCESS".to_owned(), order.number.clone()));
            expected
                .extend(order.refunded.map(|_| ("REFUND.SUCCESS".to_owned(), format!("R{}", order.number))));
        }
        until("all callbacks", async || {
            let arrived = self.receiver.arrived();
            expected.iter().all(|about| arrived.contains_key(about))
        })
        .await;
        for (about, arrivals) in self.receiver.arrived() {
            assert_eq!(arrivals.ids.len(), 1, "{about:?} has one callback: {arrivals:?}");
        }
    }

    /// Somebody who only asks.
    fn asking(self: &Arc<Self>, merchant: usize) -> Shopper {
        Shopper { town: Arc::clone(self), number: usize::MAX, merchant, mock: 0, points: 0 }
    }
}

/// What a shopper has done.
pub(crate) struct Shopped {
    merchant: usize,
    number: usize,
    points: i64,
}

impl Gateway {
    /// A call to `/__mock/`; `None` without an answer.
    async fn admin(&self, method: &str, target: &str, body: &str) -> Option<(u16, String)> {
        let length = body.len();
        let host = &self.address;
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let exchange = async {
            let mut stream = TcpStream::connect(host).await.ok()?;
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.ok()?;
            let answer = String::from_utf8(answer).ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            let status = head.split(' ').nth(1)?.parse().ok()?;
            Some((status, body.to_owned()))
        };
        timeout(PATIENCE, exchange).await.ok()?
    }
}

impl Shopper {
    async fn shop(mut self) -> Shopped {
        for nth in 0.. {
            if self.town.left.fetch_sub(1, SeqCst) <= 0 {
                break;
            }
            let (begun, name) = (Instant::now(), format!("{}-{nth}", self.number));
            match (self.number + nth) % 4 {
                0 | 1 => self.change_points(&name).await,
                2 => self.change_common_points(&name).await,
                _ => self.buy(&name).await,
            }
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
            self.town.longest.fetch_max(took, SeqCst);
            self.town.done.send_modify(|done| *done += 1);
        }
        Shopped { merchant: self.merchant, number: self.number, points: self.points }
    }

    fn merchant(&self) -> &Merchant {
        &self.town.merchants[self.merchant]
    }

    /// Whenever there is no answer, the points are those before or those after.
    async fn change_points(&mut self, name: &str) {
        let (before, added) = (self.points, 1 + i64::try_from(chance(9)).unwrap());
        let member = format!("member{}", self.number);
        let change = json!({
            "out_request_no": name, "before_bonus_value": before, "bonus_value": before + added, "add_bonus_value": added,
        });
        let begun = Instant::now();
        loop {
            match self.attempt(Method::PATCH, &self.rights(&member), &change).await {
                Attempt::Answered(_) => break,
                Attempt::Refused(code) => panic!("{change}: {code}"),
                Attempt::Unknown => {
                    assert!(begun.elapsed() < LONG, "{change}: no answer");
                    sleep(REST).await;
                    let now = self.points_of(&member).await;
                    assert!(now == before || now == before + added, "{now} points after {change}");
                }
            }
        }
        self.points = before + added;
        // What was answered is there, also for who asks another mock.
        if chance(4) == 0 {
            self.mock += 1;
            assert_eq!(self.points_of(&member).await, self.points, "after {change}");
        }
    }

    async fn change_common_points(&mut self, name: &str) {
        let added = 1 + i64::try_from(chance(9)).unwrap();
        let change = json!({ "out_request_no": name, "add_bonus_value": added });
        self.insist(Method::PATCH, &self.rights(COMMON), &change).await.unwrap();
        self.merchant().common.fetch_add(added, SeqCst);
    }

    /// Places an order, pays it, and wants some of the money back.
    async fn buy(&mut self, name: &str) {
        let number = format!("ORDER-{}-{name}", self.merchant);
        self.place_and_pay(&number, PRICE).await;
        let amount = 1 + chance(PRICE);
        let refunded = self.refund(&format!("R{number}"), &number, PRICE, amount).await.then_some(amount);
        if refunded.is_none() {
            self.merchant().least_refused.fetch_min(amount, SeqCst);
        }
        self.merchant().orders.lock().unwrap().push(Order { number, refunded });
    }

    async fn place_and_pay(&mut self, number: &str, total: u64) {
        let mchid = self.merchant().credentials.mchid.to_string();
        let order = json!({
            "appid": "wxd678efh567hg6787", "mchid": mchid, "description": "测试",
            "out_trade_no": number, "notify_url": self.town.receiver.url, "amount": { "total": total, "currency": "CNY" },
        });
        self.insist(Method::POST, "/v3/pay/transactions/native", &order).await.unwrap();
        let payment = json!({ "out_trade_no": number, "merchant": mchid, "action": "pay" }).to_string();
        let begun = Instant::now();
        loop {
            let answer = match self.town.gateway(self.mock) {
                Some(gateway) => gateway.admin("POST", "/__mock/payments", &payment).await,
                None => None,
            };
            match answer {
                Some((200, _)) => return,
                // It was paid, but that was not answered.
                Some((409, _)) if self.order(number).await["trade_state"] == "SUCCESS" => return,
                None | Some((503, _)) => {}
                Some((status, text)) => panic!("{payment}: {status} {text}"),
            }
            assert!(begun.elapsed() < LONG, "{payment}: no answer");
            self.mock += 1;
            sleep(REST).await;
        }
    }

    /// Whether the merchant had enough.
    async fn refund(&mut self, number: &str, order: &str, total: u64, amount: u64) -> bool {
        let refund = json!({
            "out_trade_no": order, "out_refund_no": number, "notify_url": self.town.receiver.url,
            "amount": { "refund": amount, "total": total, "currency": "CNY" },
        });
        match self.insist(Method::POST, "/v3/refund/domestic/refunds", &refund).await {
            Ok(_) => true,
            Err(code) if code == "NOT_ENOUGH" => false,
            Err(code) => panic!("{refund}: {code}"),
        }
    }

    /// What is left is what the refunds have not taken: it can be refunded, and not a fen more.
    async fn balance_is_right(&mut self, merchant: &Merchant, orders: &[Order]) {
        let refunded: u64 = orders.iter().filter_map(|order| order.refunded).sum();
        let rest = merchant.balance.checked_sub(refunded).expect("no more is refunded than there is");
        assert!(rest < merchant.least_refused.load(SeqCst), "{rest} fen were left when less was refused");
        let number = format!("LARGEST-{}", merchant.credentials.mchid);
        self.place_and_pay(&number, LARGEST).await;
        assert!(
            !self.refund(&format!("R1{number}"), &number, LARGEST, rest + 1).await,
            "{rest} fen are left, not more"
        );
        assert!(
            rest == 0 || self.refund(&format!("R2{number}"), &number, LARGEST, rest).await,
            "{rest} fen are left"
        );
        assert!(!self.refund(&format!("R3{number}"), &number, LARGEST, 1).await, "nothing is left");
    }

    fn member(&self, member: &str) -> String {
        let card = card(&self.merchant().credentials);
        format!("/v3/marketing/membercard-open/cards/{card}/codes/{member}")
    }

    fn rights(&self, member: &str) -> String {
        format!("{}/rights", self.member(member))
    }

    async fn points_of(&mut self, member: &str) -> i64 {
        let target = self.member(member);
        let card = self.insist(Method::GET, &target, &Value::Null).await.unwrap();
        card["bonus_value"].as_i64().unwrap()
    }

    async fn order(&mut self, number: &str) -> Value {
        let mchid = &self.merchant().credentials.mchid;
        let target = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}");
        self.insist(Method::GET, &target, &Value::Null).await.unwrap()
    }

    /// Repeats a request until it is answered or refused.
    async fn insist(&mut self, method: Method, target: &str, body: &Value) -> Result<Value, String> {
        let begun = Instant::now();
        loop {
            match self.attempt(method.clone(), target, body).await {
                Attempt::Answered(value) => return Ok(value),
                Attempt::Refused(code) => return Err(code),
                Attempt::Unknown => assert!(begun.elapsed() < LONG, "{method} {target} {body}: no answer"),
            }
            sleep(REST).await;
        }
    }

    /// One request. After one that was not answered, the next goes to another mock.
    async fn attempt(&mut self, method: Method, target: &str, body: &Value) -> Attempt {
        let Some(gateway) = self.town.gateway(self.mock) else {
            self.mock += 1;
            return Attempt::Unknown;
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let error = match gateway.clients[self.merchant].call(method, target, body).await {
            Ok(answer) => {
                return Attempt::Answered(serde_json::from_slice(answer.body()).unwrap_or_default());
            }
            Err(error) => error,
        };
        self.mock += 1;
        match error.api_error() {
            None => {
                assert!(error.is_transport() || error.is_timeout(), "{target}: {error:?}");
                self.town.unanswered.fetch_add(1, SeqCst);
                Attempt::Unknown
            }
            Some(error) if error.is_refusal() => {
                Attempt::Refused(error.code().unwrap_or_default().to_owned())
            }
            Some(error) => {
                let found = (error.status().as_u16(), error.code());
                assert_eq!(found, (503, Some("SYSTEM_ERROR")), "{target}: {error}");
                self.town.refused.send_modify(|refused| *refused += 1);
                Attempt::Unknown
            }
        }
    }
}

/// Waits until all shoppers are done, and checks that everything adds up and nobody waited longer than it may take to recover.
pub(crate) async fn finish(town: &Arc<Town>, shoppers: JoinSet<Shopped>) {
    let shopped = shoppers.join_all().await;
    town.adds_up(shopped).await;
    println!("{}", town.says());
    assert!(town.longest() < RECOVERS_WITHIN, "the longest change took {:?}", town.longest());
}

/// The merchant's only card.
fn card(credentials: &Credentials) -> String {
    format!("card-of-{}", credentials.mchid)
}

/// What SQLite itself says of a file.
pub(crate) fn is_whole(file: &Path) -> bool {
    let connection = rusqlite::Connection::open(file).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    said == "ok"
}
