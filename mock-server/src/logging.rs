//! The log of the command, on stderr.

use std::{
    env::{self, VarError},
    io,
};

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::{
    EnvFilter,
    filter::ParseError,
    fmt::{FormatFields, format},
};

use crate::cli::LogForm;

/// `RUST_LOG` does not say what to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("expected RUST_LOG to say what to log, such as `info` or `warn,hyper=debug`, found {found:?}")]
    Directives { found: String, source: ParseError },
    #[error("expected RUST_LOG to say what to log in UTF-8, such as `info`, found something else")]
    NotUtf8,
}

/// From now on there is a line for each exchange, unless it shall be quiet. `RUST_LOG` changes what is shown.
///
/// # Errors
/// [`LogError`] if `RUST_LOG` makes no sense.
pub(crate) fn start(form: LogForm, quiet: bool) -> Result<(), LogError> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(quiet)?)
        .with_writer(io::stderr)
        .with_target(false)
        // It would be said on stderr, which panics if nobody reads that any more.
        .log_internal_errors(false);
    match form {
        LogForm::Text => {
            let has_colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            log.with_ansi(has_colour).fmt_fields(message_only()).init();
        }
        LogForm::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
        }
    }
    Ok(())
}

fn filter(quiet: bool) -> Result<EnvFilter, LogError> {
    let default = if quiet { "error" } else { "info" };
    match env::var(EnvFilter::DEFAULT_ENV) {
        Ok(found) if found.trim().is_empty() => Ok(EnvFilter::new(default)),
        Ok(found) => EnvFilter::try_new(&found).map_err(|source| LogError::Directives { found, source }),
        Err(VarError::NotPresent) => Ok(EnvFilter::new(default)),
        Err(VarError::NotUnicode(_)) => Err(LogError::NotUtf8),
    }
}

/// Writes the sentence, which says for people what the fields say for programs.
fn message_only() -> impl for<'writer> FormatFields<'writer> {
    format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        _ => Ok(()),
    })
}
