//! The log on stderr.

use std::{
    env::{self, VarError},
    fmt::{self, Debug, Write},
    io,
};

use anstream::{AutoStream, ColorChoice};
use jiff::ZonedDateTime;
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    filter::ParseError,
    fmt::{FormatFields, format::Writer, time::FormatTime},
};

use crate::{options::LogFormat, output};

/// `RUST_LOG` cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    #[error("RUST_LOG: expected log directives such as `info` or `warn,hyper=debug`, found {found:?}")]
    Directives { found: String, source: ParseError },
    #[error("RUST_LOG: expected UTF-8 text such as `info`, found other bytes")]
    NotUtf8,
}

/// Starts the log, with a line for each request unless `quiet`. `RUST_LOG` overrides that.
///
/// # Errors
/// [`LogError`] if `RUST_LOG` cannot be parsed.
pub(crate) fn start(format: LogFormat, quiet: bool) -> Result<(), LogError> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(quiet)?)
        .with_writer(io::stderr)
        .with_target(false)
        // tracing writes these to stderr, and panics if it is closed.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => {
            let has_colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            log.with_ansi(has_colour).with_timer(LocalTime).fmt_fields(MessageOnly).init();
        }
        LogFormat::Json => {
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

/// The time in the machine's time zone. The JSON log uses UTC.
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", ZonedDateTime::now().strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"))
    }
}

/// Writes an event's message without its fields, which repeat it for programs.
struct MessageOnly;

impl<'writer> FormatFields<'writer> for MessageOnly {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut event = Event::default();
        fields.record(&mut event);
        match event.status {
            Some(status) if writer.has_ansi_escapes() => {
                writer.write_str(&output::highlight_status(&event.message, status))
            }
            _ => writer.write_str(&event.message),
        }
    }
}

#[derive(Default)]
struct Event {
    message: String,
    status: Option<u16>,
}

impl Visit for Event {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a String does not fail.
            let _ = write!(self.message, "{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value.try_into().ok();
        }
    }
}
