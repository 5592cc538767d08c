//! Where the state is kept: `memory`, `sqlite:FILE` or `redis://…`.

use std::{fmt, path::PathBuf, str::FromStr};

use wechatpay_protocol::display::quoted;
use wechatpay_texts::Text;

use super::{RedisUrl, RedisUrlError};

/// Where the state is kept.
///
/// ```
/// use wechatpay_mock::StorePlace;
///
/// let place: StorePlace = "sqlite:state.db".parse()?;
/// assert_eq!(place, StorePlace::Sqlite("state.db".into()));
/// assert_eq!(StorePlace::default(), StorePlace::Memory);
/// # Ok::<(), wechatpay_mock::StorePlaceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorePlace {
    /// In memory: bounded, and lost when the mock stops.
    #[default]
    Memory,
    /// In a file of SQLite, which one mock has at a time.
    Sqlite(PathBuf),
    /// In Redis or Valkey, which any number of mocks share.
    Redis(RedisUrl),
}

/// A place for the state that is none. It shows no password.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum StorePlaceError {
    /// It has none of the forms.
    #[text(
        "expected memory, sqlite:FILE or a URL of Redis, found {0}; for example sqlite:wechatpay-mock.db or \
         redis://127.0.0.1:6379"
    )]
    Form(String),
    /// It is meant to be the URL of a Redis.
    #[text(transparent)]
    Redis(#[from] RedisUrlError),
}

/// The state can't be kept there.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("store {place}: {problem}")]
pub struct StoreError {
    place: String,
    problem: String,
}

impl StorePlace {
    /// The state can't be kept there.
    pub(crate) fn error(&self, problem: impl Into<String>) -> StoreError {
        StoreError { place: self.to_string(), problem: problem.into() }
    }
}

impl FromStr for StorePlace {
    type Err = StorePlaceError;

    fn from_str(text: &str) -> Result<Self, StorePlaceError> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some((scheme, rest)) if rest.starts_with("//") && scheme.starts_with("redis") => {
                Ok(Self::Redis(text.parse()?))
            }
            // What follows the colon may contain a password.
            Some((begin, _)) => Err(StorePlaceError::Form(quoted(&format!("{begin}:…")))),
            None => Err(StorePlaceError::Form(quoted(text))),
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Redis(url) => write!(f, "{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_and_shown_without_a_password() {
        for text in
            ["memory", "sqlite:a b.db", "sqlite:C:\\x.db", "redis://h:1/2", "rediss+cluster://a:1,b:2"]
        {
            assert_eq!(text.parse::<StorePlace>().unwrap().to_string(), text);
        }
        let secret: StorePlace = "redis://user:p@ss@127.0.0.1".parse().unwrap();
        assert_eq!(secret.to_string(), "redis://127.0.0.1:6379");
        assert!(!format!("{secret:?}").contains("ss@"));
        assert!(matches!("redis://".parse::<StorePlace>(), Err(StorePlaceError::Redis(_))));
        for text in ["", "sqlite:", "sqlite", "http://a", "postgres://u:secret@h/", "Memory"] {
            let error = text.parse::<StorePlace>().unwrap_err().to_string();
            assert!(error.contains("sqlite:FILE") && !error.contains("secret"), "{error}");
        }
    }
}
