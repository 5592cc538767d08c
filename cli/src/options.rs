//! Options that several commands have.

use std::{
    env,
    ffi::OsStr,
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::{
    Arg, Args, Command, ValueEnum,
    builder::{FalseyValueParser, StringValueParser, TypedValueParser},
    error::ErrorKind,
};
use wechatpay_mock::{
    Advertised, Authority, Config, ConfigErrors, Host, NotifyMap, RedisLogin, StorePlace, StorePlaceError,
};
use wechatpay_texts::{Text, text};

use crate::output::Failure;

/// Where the mock listens by default, and where commands look for it.
pub(crate) const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// TOML file with merchants, keys, policies and limits [default: a development merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MockConfiguration {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// JSON file with the initial cards and members [default: the configuration's, or a sample card for each merchant]
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_SEED")]
    seed: Option<PathBuf>,
    /// Where to keep the state: memory, sqlite:FILE, redis://HOST:PORT, redis+cluster://HOST:PORT,…, or
    /// redis+sentinel://HOST:PORT,…/NAME; rediss for TLS [default: the configuration's, or memory]
    #[arg(long, value_name = "WHERE", env = "WECHATPAY_MOCK_STORE", hide_env_values = true, value_parser = PlaceParser)]
    store: Option<StorePlace>,
    /// Share the clock, fault rules and merchants created at run time with all mocks that have --shared and the same Redis. Each mock
    /// counts for itself how often a rule has applied
    #[arg(long, env = "WECHATPAY_MOCK_SHARED", value_parser = FalseyValueParser::new())]
    shared: bool,
    // A doc comment would have to link the URL.
    #[arg(long, value_name = "URL", env = "WECHATPAY_MOCK_ADVERTISE")]
    #[arg(
        help = "Where other mocks with the same Redis can call this one, such as http://10.0.0.7:8080 [default: where it \
                listens]"
    )]
    advertise: Option<Advertised>,
    #[command(flatten)]
    notify: NotifyOptions,
    /// Host that the proxy may also connect to; may be repeated. The proxy refuses all hosts except these and the gateway's
    #[arg(long, value_name = "HOST", env = "WECHATPAY_MOCK_PROXY_PASSTHROUGH", value_delimiter = ',')]
    proxy_passthrough: Vec<Host>,
}

/// Reads a place for the state. An error of clap's own would show the whole value, which may have a password.
#[derive(Clone)]
struct PlaceParser;

impl TypedValueParser for PlaceParser {
    type Value = StorePlace;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<StorePlace, clap::Error> {
        let text = StringValueParser::new().parse_ref(command, arg, value)?;
        text.parse().map_err(|error: StorePlaceError| {
            let message = text!("invalid value for '--store <WHERE>': {error}") + "\n";
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct NotifyOptions {
    // A doc comment would have to link the URL.
    #[arg(
        long = "notify-map",
        value_name = "FROM=TO",
        env = "WECHATPAY_MOCK_NOTIFY_MAP",
        value_delimiter = ','
    )]
    #[arg(
        help = "Send the callbacks of one address to another, such as https://shop.example.com=http://127.0.0.1:3000; \
                  may be repeated"
    )]
    maps: Vec<NotifyMap>,
    /// Host that callbacks may also be sent to; may be repeated. They are sent only to these and to this machine
    #[arg(
        long = "notify-host",
        value_name = "HOST",
        env = "WECHATPAY_MOCK_NOTIFY_HOST",
        value_delimiter = ','
    )]
    notify_hosts: Vec<Host>,
    /// PEM file with the authorities that the certificates of HTTPS receivers must be from [default: every certificate is
    /// accepted]
    #[arg(long = "notify-ca", value_name = "FILE", env = "WECHATPAY_MOCK_NOTIFY_CA")]
    ca: Option<PathBuf>,
}

/// A file with authorities can't be used.
#[derive(Debug, Text, thiserror::Error)]
#[text("--notify-ca {file}: {problem}", file = file.display())]
pub(crate) struct BadAuthorities {
    file: PathBuf,
    problem: String,
}

impl NotifyOptions {
    /// Adds the maps, the hosts and the authorities.
    ///
    /// # Errors
    /// [`BadAuthorities`] if the file can't be read, or has no usable certificate.
    pub(crate) fn apply(&self, config: &mut Config) -> Result<(), BadAuthorities> {
        config.notify.maps.extend_from_slice(&self.maps);
        config.notify.hosts.extend_from_slice(&self.notify_hosts);
        let Some(file) = &self.ca else { return Ok(()) };
        let read = fs::read_to_string(file).map_err(|error| error.to_string());
        let trusted = read.and_then(|pem| config.notify.trust(&pem));
        trusted.map_err(|problem| BadAuthorities { file: file.clone(), problem })
    }
}

#[derive(Debug, Args)]
pub(crate) struct AuthorityOptions {
    /// Extra host name or address for the HTTPS certificate; may be repeated
    #[arg(long = "host", value_name = "HOST", env = "WECHATPAY_MOCK_HOST", value_delimiter = ',')]
    hosts: Vec<Host>,
    /// Folder of the HTTPS certificate authority, created on first use [default: the configuration's, or one in your
    /// home folder]
    #[arg(long, value_name = "DIR", env = "WECHATPAY_MOCK_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text per request
    Text,
    /// One JSON object per line
    Json,
}

impl Configuration {
    /// The configuration in the file, or the default.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error in the file.
    pub(crate) fn read(&self) -> Result<Config, ConfigErrors> {
        self.read_with(&[])
    }

    /// The same with the operations of these contract files.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error in the files.
    pub(crate) fn read_with(&self, contracts: &[PathBuf]) -> Result<Config, ConfigErrors> {
        match &self.config {
            Some(config) => Config::from_files(config, contracts),
            None => Config::default().with_contract_files(contracts),
        }
    }
}

impl MockConfiguration {
    /// The configuration, with the seed and hosts from the options, and with these contract files.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every error in the configuration, the contract files or the seed, or [`BadAuthorities`].
    pub(crate) fn read_with(&self, contracts: &[PathBuf]) -> Result<Config, Failure> {
        let mut config = self.configuration.read_with(contracts)?;
        config.proxy_passthrough.extend_from_slice(&self.proxy_passthrough);
        self.notify.apply(&mut config)?;
        config.store = with_login(self.store.clone().unwrap_or(config.store));
        config.shared |= self.shared;
        config.advertise = self.advertise.clone().or(config.advertise);
        match &self.seed {
            Some(seed) => Ok(config.with_seed_file(seed)?),
            None => Ok(config),
        }
    }
}

/// The place, with the user and the password of Redis from the environment if its URL has none.
fn with_login(place: StorePlace) -> StorePlace {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    match place {
        StorePlace::Redis(url) => StorePlace::Redis(url.with_login(RedisLogin {
            user: variable("WECHATPAY_MOCK_REDIS_USER"),
            password: variable("WECHATPAY_MOCK_REDIS_PASSWORD"),
        })),
        place => place,
    }
}

impl AuthorityOptions {
    /// Adds the hosts, and sets the folder: from the option, else from the configuration, else the user's own.
    pub(crate) fn apply(&self, config: &mut Config) {
        config.hosts.extend_from_slice(&self.hosts);
        config.ca_dir = self.ca_dir.clone().or(config.ca_dir.take()).or_else(Authority::user_dir);
    }
}

/// Parses an address to listen on: `8080`, `:8080`, `localhost:8080` or `127.0.0.1:8080`. Without a host, it is
/// the loopback address.
///
/// # Errors
/// A message for the user.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse().ok().map(|port| SocketAddr::new(DEFAULT_ADDRESS.ip(), port));
    let only_port = text.strip_prefix("localhost:").or(text.strip_prefix(':')).unwrap_or(text);
    port(only_port)
        .or_else(|| text.parse().ok())
        .ok_or_else(|| text!("expected a port, or an IP address and a port, such as 8080 or 127.0.0.1:8080"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The options for hosts, together as `serve` and `run` have them.
    #[derive(Debug, Parser)]
    struct Hosts {
        #[command(flatten)]
        mock: MockConfiguration,
        #[command(flatten)]
        authority: AuthorityOptions,
    }

    #[test]
    fn each_option_for_hosts_has_its_own() {
        let arguments =
            ["", "--host", "own.test", "--notify-host", "notify.test", "--proxy-passthrough", "other.test"];
        let options = Hosts::parse_from(arguments);
        let mut config = options.mock.read_with(&[]).unwrap();
        options.authority.apply(&mut config);
        let of = |host: &str| [host.parse::<Host>().unwrap()];
        assert_eq!(config.hosts, of("own.test"));
        assert_eq!(config.notify.hosts, of("notify.test"));
        assert_eq!(config.proxy_passthrough, of("other.test"));
    }

    #[test]
    fn a_place_for_the_state_is_refused_without_showing_its_password() {
        let store =
            |place: &str| Hosts::try_parse_from(["", "--store", place]).map(|options| options.mock.store);
        assert_eq!(store("redis://:se?cret@h").unwrap().unwrap().to_string(), "redis://h:6379");
        for place in [
            "redis://:se?cret@",
            "redis://u:secret",
            "redis://:secret@h/x",
            "postgres://u:secret@h",
            "redis:secret@h",
        ] {
            let error = store(place).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("--store") && text.contains("expected") && !text.contains("cret"),
                "{text}"
            );
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn an_address_may_be_short() {
        for text in ["8080", ":8080", "localhost:8080", "127.0.0.1:8080"] {
            assert_eq!(address(text), Ok(DEFAULT_ADDRESS), "{text}");
        }
        assert_eq!(address("[::]:1").unwrap().to_string(), "[::]:1");
        for text in ["", ":", "localhost", "127.0.0.1", "mock:8080", "65536", "-1", "http://127.0.0.1:8080"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
