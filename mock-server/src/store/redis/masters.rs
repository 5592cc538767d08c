//! Who the masters are: what the nodes of a cluster or the Sentinels say.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::redis::Value;
use parking_lot::{Mutex, RwLock};
use wechatpay_texts::phrase;

use super::{
    super::redis_url::{Address, Form, RedisUrl},
    keys,
    node::{Node, Request, client, exchange, millis},
    values::text,
};

/// How long other nodes may take to say which one is the master. (own choice)
pub(super) const KNOWS_WITHIN: Duration = Duration::from_millis(300);

/// The servers, and which of them has which slots.
pub(super) struct Masters {
    pub(super) url: RedisUrl,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    /// Which server has which slots.
    topology: RwLock<Topology>,
    /// When the topology was last asked for. Held while somebody asks for it.
    asked: Mutex<Option<Instant>>,
    begun: Instant,
    /// How many requests were sent.
    pub(super) sent: AtomicU64,
}

#[derive(Default)]
struct Topology {
    /// In order: the last slot of a range, and its master.
    masters: Vec<(u16, Arc<Node>)>,
}

/// Who has the slots up to this one, as a node of the cluster says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    last: u16,
    master: Address,
    replicas: usize,
    /// Whether the master itself says so, which it does also after it was replaced, until it hears of that.
    is_own_word: bool,
}

impl Masters {
    pub(super) fn new(url: RedisUrl) -> Self {
        Self {
            url,
            nodes: Mutex::default(),
            topology: RwLock::default(),
            asked: Mutex::default(),
            begun: Instant::now(),
            sent: AtomicU64::new(0),
        }
    }

    /// A hash tag for each master, whose slot it has.
    pub(super) fn tag_of_each(&self) -> Vec<String> {
        let topology = self.topology.read();
        let mut masters: HashSet<_> = topology.masters.iter().map(|(_, node)| &node.address).collect();
        // As many as there are slots, several times: each of them has one then.
        let tags = (0..16 * u32::from(keys::SLOTS)).map(|tag| tag.to_string());
        let mut found = Vec::new();
        for tag in tags {
            if masters.is_empty() {
                break;
            }
            if topology.at(keys::slot(&tag)).is_some_and(|node| masters.remove(&node.address)) {
                found.push(tag);
            }
        }
        found
    }

    pub(super) fn known(&self, slot: u16) -> Option<Arc<Node>> {
        self.topology.read().at(slot).map(Arc::clone)
    }

    /// Finds out which servers are the masters, unless somebody has asked since this moment. What can't be found out stays as it was.
    /// A node that has failed is asked last.
    pub(super) fn ask_again(&self, since: Instant, deadline: Instant, failed: Option<&Node>) {
        let Some(mut asked) = self.asked.try_lock_until(deadline) else { return };
        if asked.is_some_and(|asked| asked > since) {
            return;
        }
        let masters = match &self.url.form {
            Form::Single => {
                self.url.hosts.first().and_then(|host| Some(vec![(u16::MAX, self.node_at(host)?)]))
            }
            Form::Cluster => self.masters_of_cluster(failed, deadline),
            Form::Sentinel { master } => {
                self.master_by_sentinel(master).map(|master| vec![(u16::MAX, master)])
            }
        };
        *asked = Some(Instant::now());
        let Some(masters) = masters else { return };
        let addresses = |masters: &[(u16, Arc<Node>)]| {
            let mut addresses: Vec<_> = masters.iter().map(|(_, node)| node.address.to_string()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            addresses
        };
        let now = addresses(&masters);
        let before = std::mem::replace(&mut *self.topology.write(), Topology { masters });
        let before = addresses(&before.masters);
        if !before.is_empty() && before != now {
            tracing::info!(masters = now.join(","), "{}", phrase!("Redis has other masters now"));
        }
    }

    fn node_at(&self, address: &Address) -> Option<Arc<Node>> {
        let mut nodes = self.nodes.lock();
        if let Some(node) = nodes.get(address) {
            return Some(Arc::clone(node));
        }
        let node = Arc::new(Node::new(address, &self.url).ok()?);
        nodes.insert(address.clone(), Arc::clone(&node));
        Some(node)
    }

    /// Asks nodes of the cluster until each master is known by the word of another node.
    fn masters_of_cluster(&self, failed: Option<&Node>, deadline: Instant) -> Option<Vec<(u16, Arc<Node>)>> {
        let now = self.now();
        let mut addresses = Vec::new();
        let known = self.nodes.lock().keys().cloned().collect::<Vec<_>>();
        for address in known.iter().chain(&self.url.hosts) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        // Not the same one first each time: it may be the one that is lost.
        let first = usize::try_from(now).unwrap_or_default() % addresses.len().max(1);
        addresses.rotate_left(first);
        addresses.sort_by_key(|address| failed.is_some_and(|failed| failed.address == *address));
        let mut request = Request::of(::redis::cmd("CLUSTER").arg("SLOTS"));
        request.add(::redis::cmd("CLUSTER").arg("MYID"));
        let mut found = Vec::new();
        for address in addresses.iter().take_while(|_| Instant::now() < deadline) {
            let Some(answers) = self.answers_of(address, &self.url, &request) else { continue };
            add_word(&mut found, ranges(&answers, address));
            if !found.is_empty() && found.iter().all(|range| !range.is_own_word) {
                break;
            }
        }
        let mut masters = Vec::new();
        for Range { last, master, replicas, is_own_word } in found {
            let node = self.node_at(&master)?;
            if !is_own_word {
                node.listed_replicas.store(replicas, Relaxed);
                node.named.store(now, Relaxed);
            }
            masters.push((last, node));
        }
        masters.sort_by_key(|(last, _)| *last);
        Some(masters).filter(|masters| !masters.is_empty())
    }

    fn master_by_sentinel(&self, master: &str) -> Option<Arc<Node>> {
        let now = self.now();
        let request = Request::of(::redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(master));
        let first = usize::try_from(self.now()).unwrap_or_default() % self.url.hosts.len().max(1);
        let hosts = self.url.hosts.iter().cycle().skip(first).take(self.url.hosts.len());
        // A Sentinel has no databases and, mostly, no users.
        let plain = RedisUrl { database: 0, login: Default::default(), ..self.url.clone() };
        for host in hosts {
            let answers = self.answers_of(host, &plain, &request).unwrap_or_default();
            let [Value::Array(answer)] = answers.as_slice() else { continue };
            let [host, port] = answer.as_slice() else { continue };
            let port = text(port).and_then(|port| port.parse().ok());
            if let (Some(host), Some(port)) = (text(host), port) {
                let node = self.node_at(&Address { host: host.to_owned(), port })?;
                node.named.store(now, Relaxed);
                return Some(node);
            }
        }
        None
    }

    /// What one node answers over a connection of its own.
    fn answers_of(&self, address: &Address, url: &RedisUrl, request: &Request) -> Option<Vec<Value>> {
        let client = client(address, url).ok()?;
        let mut connection = client.get_connection_with_timeout(KNOWS_WITHIN).ok()?;
        connection.set_read_timeout(Some(KNOWS_WITHIN)).ok()?;
        let deadline = Instant::now() + KNOWS_WITHIN;
        let answers = exchange(&mut connection, &request.bytes, request.count, deadline).ok()?;
        self.sent.fetch_add(1, Relaxed);
        Some(answers)
    }

    /// Milliseconds since this was made, from 1 on.
    pub(super) fn now(&self) -> u64 {
        millis(self.begun.elapsed()) + 1
    }
}

impl Topology {
    fn at(&self, slot: u16) -> Option<&Arc<Node>> {
        let at = self.masters.partition_point(|(last, _)| *last < slot);
        self.masters.get(at).map(|(_, node)| node)
    }
}

/// The answers of a node to `CLUSTER SLOTS` and `CLUSTER MYID`.
fn ranges(answers: &[Value], asked: &Address) -> Vec<Range> {
    let [Value::Array(ranges), own_id] = answers else { return Vec::new() };
    let range = |range: &Value| {
        let Value::Array(range) = range else { return None };
        let [Value::Int(_), Value::Int(last), Value::Array(master), replicas @ ..] = range.as_slice() else {
            return None;
        };
        let [host, Value::Int(port), id @ ..] = master.as_slice() else { return None };
        let host = text(host).filter(|host| !host.is_empty() && *host != "?").unwrap_or(&asked.host);
        let master = Address { host: host.to_owned(), port: u16::try_from(*port).ok()? };
        // A node may have several addresses.
        let has_own_id = id.first().and_then(text).is_some_and(|id| text(own_id) == Some(id));
        let is_own_word = has_own_id || master == *asked;
        Some(Range { last: u16::try_from(*last).ok()?, master, replicas: replicas.len(), is_own_word })
    };
    let mut ranges: Vec<_> = ranges.iter().filter_map(range).collect();
    // A node that knows no other is a cluster by itself.
    if ranges.iter().all(|range| range.is_own_word && range.replicas == 0) {
        ranges.iter_mut().for_each(|range| range.is_own_word = false);
    }
    ranges
}

/// Adds what another node says: it counts where a master has spoken for itself.
fn add_word(found: &mut Vec<Range>, other: Vec<Range>) {
    if found.is_empty() {
        *found = other;
        return;
    }
    for range in found.iter_mut().filter(|range| range.is_own_word) {
        if let Some(other) = other.iter().find(|other| other.last == range.last && !other.is_own_word) {
            *range = other.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node says: the last slot, the port of the master, which is also its ID, and how many replicas it has.
    fn said(by: u16, ranges: &[(u16, u16, usize)]) -> Vec<Range> {
        let text = |text: String| Value::BulkString(text.into());
        let node = |port: u16| {
            let host = text("127.0.0.1".into());
            Value::Array(vec![host, Value::Int(port.into()), text(port.to_string())])
        };
        let range = |(last, master, replicas): &(u16, u16, usize)| {
            let nodes = std::iter::once(*master).chain(std::iter::repeat_n(9, *replicas)).map(node);
            Value::Array([Value::Int(0), Value::Int((*last).into())].into_iter().chain(nodes).collect())
        };
        let answers = [Value::Array(ranges.iter().map(range).collect()), text(by.to_string())];
        // By a name that is not the one that the cluster uses.
        super::ranges(&answers, &Address { host: "redis".into(), port: by })
    }

    fn ports(found: &[Range]) -> Vec<(u16, bool)> {
        found.iter().map(|range| (range.master.port, range.is_own_word)).collect()
    }

    #[test]
    fn the_word_of_another_node_counts_more_than_a_masters_own() {
        // The first was stopped, and the third has replaced it.
        let mut found = said(1, &[(99, 1, 1), (199, 2, 1)]);
        assert_eq!(ports(&found), [(1, true), (2, false)]);
        add_word(&mut found, said(3, &[(99, 3, 0), (199, 2, 1)]));
        assert_eq!(ports(&found), [(1, true), (2, false)]);
        add_word(&mut found, said(2, &[(99, 3, 0), (199, 2, 1)]));
        assert_eq!(ports(&found), [(3, false), (2, false)]);
    }

    #[test]
    fn a_master_speaks_for_itself_only_in_a_cluster_without_others() {
        assert_eq!(ports(&said(1, &[(99, 1, 0), (199, 1, 0)])), [(1, false), (1, false)]);
        assert_eq!(ports(&said(1, &[(99, 1, 1), (199, 1, 0)])), [(1, true), (1, true)]);
        assert_eq!(ports(&said(1, &[(99, 1, 0), (199, 2, 0)])), [(1, true), (2, false)]);
    }
}
