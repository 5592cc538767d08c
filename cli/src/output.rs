//! Output of the commands: results on stdout, errors with their causes on stderr, and exit codes.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use wechatpay_protocol::display::{causes, printable, truncate};
use wechatpay_texts::phrase;

/// Exit code for a check or a call that failed.
pub(crate) const CHECK_FAILED: u8 = 1;
/// Exit code for wrong usage or configuration.
pub(crate) const WRONG_USAGE: u8 = 2;

/// The most characters of an error, and of each of its causes, that are shown.
const MAX_SHOWN: usize = 10_000;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// Why a command failed, what to do about it, and the exit code. `?` turns any error into wrong usage.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn Error>,
    hint: Option<String>,
    code: u8,
}

/// An error with a description of what failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Context {
    what: String,
    source: io::Error,
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), hint: None, code: WRONG_USAGE }
    }
}

impl Failure {
    /// For `map_err`: says what failed, with the I/O error as its cause.
    pub(crate) fn context(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Context { what, source }.into()
    }

    /// A failed check or call.
    pub(crate) fn check(error: impl Error + 'static) -> Self {
        Self { code: CHECK_FAILED, ..error.into() }
    }

    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    pub(crate) fn with_hint(self, hint: Option<impl Into<String>>) -> Self {
        Self { hint: hint.map(Into::into), ..self }
    }

    /// Prints the error, its causes and the hint, and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        // Nothing is left to do if stderr cannot be written.
        let _ = self.write(&mut anstream::stderr().lock());
        ExitCode::from(self.code)
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        // Errors may quote a peer.
        let shown = |error: &dyn Error| printable_lines(&truncate(&error.to_string(), MAX_SHOWN));
        let colon = phrase!(": ");
        writeln!(out, "{BAD}{}{BAD:#}{colon}{}", phrase!("error"), shown(&*self.error))?;
        for cause in causes(&*self.error) {
            writeln!(out, "  {DIM}{}{DIM:#}{colon}{}", phrase!("because"), shown(cause))?;
        }
        match &self.hint {
            Some(hint) => writeln!(out, "{GOOD}{}{GOOD:#}{colon}{hint}", phrase!("hint")),
            None => Ok(()),
        }
    }
}

/// Writes to stdout, coloured on a terminal. A closed pipe is not an error: the exit code and the reports
/// still count.
///
/// # Errors
/// If stdout cannot be written for any other reason.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::context(phrase!("cannot write to stdout"))(error))
        }
        _ => Ok(()),
    }
}

/// The text made safe for a terminal as [`printable`] does, except that it keeps its lines and tabs.
pub(crate) fn printable_lines(text: &str) -> String {
    let pieces = text.split_inclusive(['\n', '\t']);
    let shown = pieces.map(|piece| {
        let content = piece.trim_end_matches(['\n', '\t']);
        printable(content, usize::MAX).into_owned() + &piece[content.len()..]
    });
    shown.collect()
}

/// Prints JSON for scripts.
///
/// # Errors
/// As for [`print()`].
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(|out| writeln!(out, "{value:#}"))
}

/// The log line of a request, `#7 400 set_rights: …`, with its status coloured.
pub(crate) fn highlight_status(line: &str, status: u16) -> String {
    let style = if (200..300).contains(&status) { GOOD } else { BAD };
    line.replacen(&format!(" {status} "), &format!(" {style}{status}{style:#} "), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_keeps_its_lines_and_loses_its_power_over_the_terminal() {
        assert_eq!(printable_lines("{\n\t\"a\": \"会\"\n}\n"), "{\n\t\"a\": \"会\"\n}\n");
        assert_eq!(printable_lines("a\u{202e}b\u{2066}\r\n\u{1b}[2J"), "a\\u{202e}b\\u{2066}\\r\n\\u{1b}[2J");
        assert_eq!(printable_lines(""), "");
    }

    #[test]
    fn a_long_error_is_truncated_and_cannot_control_the_terminal() {
        let failure = Failure::check(io::Error::other(format!("\u{202e}{}", "a".repeat(900_000))));
        let mut out = Vec::new();
        failure.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\\u{202e}aaa") && text.contains("a…\n"), "{}", text.len());
        assert!(text.len() < 2 * MAX_SHOWN && !text.contains('\u{202e}'), "{}", text.len());
    }

    #[test]
    fn only_the_status_of_a_line_is_coloured() {
        let line = "#401 401 -: check 10: 401 … | GET /v3/401";
        assert_eq!(
            highlight_status(line, 401),
            format!("#401 {BAD}401{BAD:#} -: check 10: 401 … | GET /v3/401")
        );
        assert_eq!(highlight_status(line, 204), line);
    }
}
