//! Whether a server is one that can be used.

use ::redis::Value;
use wechatpay_texts::{phrase, text};

use super::{
    super::{StoreResult, UnavailableError},
    Inner, keys,
    node::Request,
    values::text,
};

/// The form in which everything is kept.
const FORMAT: &str = "1";

/// The oldest server that has every command in use.
const OLDEST: [u32; 2] = [6, 2];

impl Inner {
    /// Whether the server is one that can be used.
    pub(super) fn check(&self) -> StoreResult<()> {
        let info = self.link.ask(keys::common_slot(), &Request::of(::redis::cmd("INFO").arg("server")))?;
        let info = text(&info).or(match &info {
            Value::VerbatimString { text, .. } => Some(text),
            _ => None,
        });
        let info = info.unwrap_or_default();
        let of = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(str::trim).unwrap_or_default()
        };
        let version: Vec<u32> = of("redis_version").split('.').map_while(|part| part.parse().ok()).collect();
        if !version.is_empty() && version.as_slice() < OLDEST.as_slice() {
            let found = of("redis_version");
            return Err(UnavailableError::of(|| {
                text!("expected Redis 6.2 or newer, or Valkey, found Redis {found}")
            }));
        }
        let reason = match (of("redis_mode"), self.link.is_cluster()) {
            ("cluster", false) => {
                Some(phrase!("the server is part of a cluster: name it with redis+cluster://"))
            }
            ("standalone", true) => Some(phrase!("the server is no cluster: name it with redis://")),
            ("sentinel", _) => {
                Some(phrase!("the server is a Sentinel: name it with redis+sentinel://HOST:PORT/MASTER"))
            }
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(UnavailableError::of(|| reason.to_string()));
        }
        let mut request = Request::of(::redis::cmd("SET").arg(keys::FORMAT).arg(FORMAT).arg("NX"));
        request.add(::redis::cmd("GET").arg(keys::FORMAT));
        let answers = self.link.call(keys::common_slot(), &request)?;
        match answers.get(1).and_then(text) {
            Some(FORMAT) => Ok(()),
            found => Err(UnavailableError::of(|| {
                let found = found.unwrap_or(phrase!("none").text());
                text!("its content has the format {found}, which this mock does not know: expected {FORMAT}")
            })),
        }
    }
}
