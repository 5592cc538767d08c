//! Where Redis is: `redis://`, a cluster or Sentinel, with TLS or without.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Phrase, Text, phrase};

/// The port of Redis, and that of Sentinel.
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// The most replicas that a commit can wait for.
const MOST_REPLICAS: u8 = 9;

/// A server of Redis or Valkey, or several that work together.
///
/// | URL | what it names |
/// |---|---|
/// | `redis://HOST[:PORT][/DB]` | one server |
/// | `redis+cluster://HOST[:PORT],HOST…` | a cluster, by some of its nodes |
/// | `redis+sentinel://HOST[:PORT],HOST…/MASTER[/DB]` | the master of this name, by the Sentinels that watch it |
///
/// With `rediss` in place of `redis`, TLS is used. A user and a password stand before the hosts: `redis://USER:PASSWORD@HOST`. In
/// a cluster and with Sentinel, an answer waits until a replica has the change, as far as the master is known to have one; `?wait=0`
/// turns this off, and `?wait=2` waits for two.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    pub(super) form: Form,
    pub(super) is_tls: bool,
    /// At least one.
    pub(super) hosts: Vec<Address>,
    pub(super) database: i64,
    pub(super) login: RedisLogin,
    /// How many replicas must have a change before it is answered, as far as there are so many.
    pub(super) wait: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Single,
    Cluster,
    Sentinel { master: String },
}

/// A host with its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Who the mock is for Redis.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RedisLogin {
    /// The user; without one, Redis's default user.
    pub user: Option<String>,
    /// The user's password. It is never shown.
    pub password: Option<String>,
}

/// Text that is not a [`RedisUrl`]. It shows nothing that follows the scheme: where something is wrong, any part may be one of a password.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum RedisUrlError {
    /// It begins with no known scheme.
    #[text(
        "expected redis://, redis+cluster:// or redis+sentinel://, or the same with rediss for TLS, found {0}"
    )]
    Scheme(String),
    /// A host or its port is missing or malformed.
    #[text("expected HOST or HOST:PORT after :// and after the user and the password, found something else")]
    Host,
    /// One server was expected.
    #[text(
        "expected one host, found {0}: several are a cluster (redis+cluster://) or Sentinels (redis+sentinel://)"
    )]
    Hosts(usize),
    /// What follows the hosts does not fit the form.
    #[text("expected {0} after the hosts, found something else")]
    Path(Phrase),
    /// Something else than `wait` is asked for.
    #[text("expected ?wait=N with N from 0 to 9, found something else")]
    Query,
    /// The user or the password is not UTF-8 in percent-encoding.
    #[text("expected the user and the password in percent-encoding")]
    Login,
}

impl RedisUrl {
    /// The first of its hosts, with its port.
    pub(crate) fn first_host(&self) -> String {
        self.hosts.first().map(ToString::to_string).unwrap_or_default()
    }

    /// The same with a user and a password from elsewhere, as far as the URL has none.
    pub fn with_login(mut self, login: RedisLogin) -> Self {
        self.login = RedisLogin {
            user: self.login.user.or(login.user),
            password: self.login.password.or(login.password),
        };
        self
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (protocol, form) = scheme.split_once('+').unwrap_or((scheme, ""));
        let is_tls = match protocol {
            "redis" => false,
            "rediss" => true,
            // What has no scheme may contain a password.
            _ => {
                return Err(RedisUrlError::Scheme(if scheme.is_empty() {
                    "none".into()
                } else {
                    quoted(scheme)
                }));
            }
        };
        // A password may contain any character that nobody has encoded.
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (form, default_port) = match form {
            "" => (Form::Single, PORT),
            "cluster" => (Form::Cluster, PORT),
            "sentinel" => {
                let master = path.split('/').next().unwrap_or_default().to_owned();
                (Form::Sentinel { master }, SENTINEL_PORT)
            }
            _ => return Err(RedisUrlError::Scheme(quoted(scheme))),
        };
        let hosts = hosts.split(',').map(|host| Address::parse(host, default_port));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        if form == Form::Single && hosts.len() > 1 {
            return Err(RedisUrlError::Hosts(hosts.len()));
        }
        let wait = match query {
            None => u8::from(form != Form::Single),
            Some(query) => query
                .strip_prefix("wait=")
                .and_then(|wait| wait.parse().ok())
                .filter(|wait| *wait <= MOST_REPLICAS)
                .ok_or(RedisUrlError::Query)?,
        };
        let database = form.database(path)?;
        let login = login.map(RedisLogin::parse).transpose()?.unwrap_or_default();
        Ok(Self { form, is_tls, hosts, database, login, wait })
    }
}

impl Form {
    fn database(&self, path: &str) -> Result<i64, RedisUrlError> {
        let wrong = RedisUrlError::Path;
        let number = |text: &str| text.parse::<u16>().ok().map(i64::from);
        match self {
            Self::Single if path.is_empty() => Ok(0),
            Self::Single => number(path).ok_or_else(|| wrong(phrase!("/ and the number of a database"))),
            Self::Cluster if path.is_empty() => Ok(0),
            Self::Cluster => Err(wrong(phrase!("nothing (a cluster has one database)"))),
            Self::Sentinel { master } => {
                let expected = phrase!("/MASTER or /MASTER/DB");
                let rest = path.strip_prefix(master.as_str()).unwrap_or_default();
                match rest.strip_prefix('/') {
                    _ if master.is_empty() => Err(wrong(expected)),
                    None => Ok(0),
                    Some(database) => number(database).ok_or_else(|| wrong(expected)),
                }
            }
        }
    }
}

impl Address {
    fn parse(text: &str, default_port: u16) -> Result<Self, RedisUrlError> {
        let wrong = RedisUrlError::Host;
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or(wrong.clone())?,
            None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => default_port,
            port => port.and_then(|port| port.parse().ok()).filter(|port| *port != 0).ok_or(wrong.clone())?,
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl RedisLogin {
    fn parse(text: &str) -> Result<Self, RedisUrlError> {
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().map_err(|_| RedisUrlError::Login)?;
            Ok(Some(decoded.into_owned()).filter(|text| !text.is_empty()))
        };
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self { user: decoded(user)?, password: decoded(password)? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Without user and password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_tls { "rediss" } else { "redis" };
        let (form, path) = match &self.form {
            Form::Single => ("", String::new()),
            Form::Cluster => ("+cluster", String::new()),
            Form::Sentinel { master } => ("+sentinel", format!("/{master}")),
        };
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        write!(f, "{protocol}{form}://{}{path}", hosts.join(","))?;
        if self.database == 0 { Ok(()) } else { write!(f, "/{}", self.database) }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

impl fmt::Debug for RedisLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLogin").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RedisUrl, RedisUrlError> {
        text.parse()
    }

    #[test]
    fn every_form_is_read_and_shown_without_the_password() {
        for (text, shown, wait) in [
            ("redis://localhost", "redis://localhost:6379", 0),
            ("redis://me:s%40cret@localhost:7000/3?wait=2", "redis://localhost:7000/3", 2),
            ("rediss://:secret/@[::1]:7000", "rediss://[::1]:7000", 0),
            ("redis://:se?cret#@localhost/3?wait=2", "redis://localhost:6379/3", 2),
            ("redis+cluster://a:7000,b", "redis+cluster://a:7000,b:6379", 1),
            ("rediss+cluster://u:secret@a?wait=0", "rediss+cluster://a:6379", 0),
            ("redis+sentinel://a,b:7/main", "redis+sentinel://a:26379,b:7/main", 1),
            ("redis+sentinel://a/main/2", "redis+sentinel://a:26379/main/2", 1),
        ] {
            let url = read(text).unwrap();
            assert_eq!((url.to_string().as_str(), url.wait), (shown, wait), "{text}");
            assert!(!format!("{url:?} {:?}", url.login).contains("cret"), "{url:?}");
        }
        let login = read("redis://me:s%40cret@localhost").unwrap().login;
        assert_eq!((login.user.as_deref(), login.password.as_deref()), (Some("me"), Some("s@cret")));
    }

    #[test]
    fn a_url_that_fits_no_form_is_refused_without_showing_a_password() {
        for (text, part) in [
            ("localhost:6379", "found none"),
            ("http://localhost", "found \"http\""),
            ("redis+other://localhost", "redis+cluster://"),
            ("redis://u:secret@", "HOST"),
            ("redis://u:secret@a:b", "HOST:PORT"),
            ("redis://a:0", "HOST:PORT"),
            ("redis://u:secret@a,b", "redis+cluster"),
            ("redis://a/b", "database"),
            ("redis+cluster://a/1", "one database"),
            ("redis+sentinel://a", "/MASTER"),
            ("redis+sentinel://a/main/x", "/MASTER/DB"),
            ("redis://a?wait=10", "0 to 9"),
            ("redis://a?weight=1", "?wait=N"),
            ("redis://u:%ff@a", "percent-encoding"),
            // Nobody has said where the server is.
            ("redis://u:secret", "HOST"),
            ("redis://:secret", "HOST"),
            ("redis://u:12/secret", "database"),
            ("redis://u:12?secret", "?wait=N"),
            ("redis+sentinel://u:12/main/secret", "/MASTER/DB"),
            ("redis://[secret", "HOST"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn what_the_url_says_goes_before_the_environment() {
        let environment = RedisLogin { user: Some("env".into()), password: Some("env".into()) };
        let login = |text| {
            let RedisLogin { user, password } = read(text).unwrap().with_login(environment.clone()).login;
            [user.unwrap(), password.unwrap()]
        };
        assert_eq!(login("redis://me@a"), ["me", "env"]);
        assert_eq!(login("redis://me:own@a"), ["me", "own"]);
    }
}
