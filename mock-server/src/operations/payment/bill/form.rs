//! The form that all bills have: UTF-8 with a byte-order mark, and lines ended by `\r\n`. First come the names of the
//! columns and the rows, then the names of the totals and the totals. Every value is after a backtick. (wild)

use wechatpay_protocol::Timestamp;

/// What a bill consists of.
pub(super) struct Form<R: 'static> {
    /// The columns, in groups that forms share.
    pub(super) columns: &'static [&'static [Column<R>]],
    pub(super) totals: &'static [Total<R>],
}

/// A column: its name, and its value in a row.
pub(super) struct Column<R>(pub(super) &'static str, pub(super) fn(&R) -> String);

/// A total: its name, and its value for all rows.
pub(super) struct Total<R>(pub(super) &'static str, pub(super) fn(&[R]) -> String);

impl<R> Form<R> {
    /// The file with these rows.
    pub(super) fn file(&self, rows: &[R]) -> Vec<u8> {
        let columns = || self.columns.iter().copied().flatten();
        let mut file = String::from("\u{feff}");
        push_line(&mut file, columns().map(|column| column.0.to_owned()));
        for row in rows {
            push_line(&mut file, columns().map(|column| value(&column.1(row))));
        }
        push_line(&mut file, self.totals.iter().map(|total| total.0.to_owned()));
        push_line(&mut file, self.totals.iter().map(|total| value(&total.1(rows))));
        file.into_bytes()
    }
}

fn push_line(file: &mut String, values: impl Iterator<Item = String>) {
    for (place, value) in values.enumerate() {
        if place > 0 {
            file.push(',');
        }
        file.push_str(&value);
    }
    file.push_str("\r\n");
}

/// A value after a backtick. Line breaks, and `\u{1}`, are written as documented. In published bills, quotation marks
/// are after a backslash (wild); that commas and backslashes are, too, is an own choice.
fn value(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 1);
    value.push('`');
    for character in text.chars() {
        match character {
            '\r' => value.push_str("\\r"),
            '\n' => value.push_str("\\n"),
            '\u{1}' => value.push(' '),
            '"' | ',' | '\\' => value.extend(['\\', character]),
            other => value.push(other),
        }
    }
    value
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing.
pub(super) fn time(unix: u64) -> String {
    let text = Timestamp::from_unix(unix).to_rfc3339();
    text.chars().take("2019-06-11T00:00:00".len()).map(|it| if it == 'T' { ' ' } else { it }).collect()
}

/// An amount of fen in yuan.
pub(super) fn yuan(fen: impl Into<i128>) -> String {
    let fen = fen.into();
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// A fee of fen in yuan, with five decimals.
pub(super) fn fee(fen: impl Into<i128>) -> String {
    yuan(fen) + "000"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_times_and_texts_are_written_as_in_bills() {
        assert_eq!([yuan(0), yuan(1), yuan(123_456), yuan(-27)], ["0.00", "0.01", "1234.56", "-0.27"]);
        assert_eq!([fee(0), fee(32), fee(-27)], ["0.00000", "0.32000", "-0.27000"]);
        assert_eq!(time(1_756_951_532), "2025-09-04 10:05:32");
        assert_eq!(value("a,\"b\"\\\r\n\u{1}`c"), "`a\\,\\\"b\\\"\\\\\\r\\n `c");
    }

    proptest! {
        #[test]
        fn whatever_a_text_is_it_is_one_value_in_one_line(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let mut line = String::new();
            push_line(&mut line, texts.iter().map(|text| value(text)));
            let line = line.strip_suffix("\r\n").unwrap();
            prop_assert!(!line.contains(['\r', '\n']));
            // A comma after an even number of backslashes separates values.
            let (mut values, mut is_escaped) = (1, false);
            for character in line.chars() {
                match character {
                    ',' if !is_escaped => values += 1,
                    _ => {}
                }
                is_escaped = character == '\\' && !is_escaped;
            }
            prop_assert_eq!(values, texts.len());
        }
    }
}
