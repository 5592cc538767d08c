//! A table in Markdown whose columns stand under each other.

use std::fmt;

pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(heads: &[&str; N]) -> Self {
        Self { rows: vec![heads.map(str::to_owned)] }
    }

    pub(crate) fn add(&mut self, row: [String; N]) {
        self.rows.push(row);
    }
}

/// Nothing, if there is no row but the head.
impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [head, rows @ ..] = self.rows.as_slice() else { return Ok(()) };
        if rows.is_empty() {
            return Ok(());
        }
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; N] = std::array::from_fn(width);
        let line = |f: &mut fmt::Formatter<'_>, row: &[String; N]| {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, head)?;
        line(f, &widths.map(|width| "-".repeat(width)))?;
        rows.iter().try_for_each(|row| line(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::new(&["what", "µs"]);
        assert_eq!(table.to_string(), "");
        table.add(["sign".into(), "240".into()]);
        table.add(["verification".into(), "18".into()]);
        assert_eq!(
            table.to_string(),
            "| what         | µs  |\n| ------------ | --- |\n| sign         | 240 |\n| verification | 18  |\n"
        );
    }
}
