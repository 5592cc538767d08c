//! Simplified characters as traditional ones.

use std::{collections::HashMap, sync::LazyLock};

/// A character or a phrase in each line. (OpenCC; which of its phrases, see the file)
const TABLE: &str = include_str!("traditional.txt");

/// The same text in traditional characters.
///
/// Each character has one counterpart, and so have phrases of which a character is written differently. Phrases are
/// known as far as titles of the built-in contract have them: another text may get a wrong 後 or 復.
pub(crate) fn traditional(text: &str) -> String {
    static CHARACTERS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
        let pair = |line: &str| {
            let mut characters = line.chars();
            Some((characters.next()?, characters.next()?))
        };
        lines().filter(|line| !line.contains(' ')).filter_map(pair).collect()
    });
    static PHRASES: LazyLock<Vec<(&str, &str)>> =
        LazyLock::new(|| lines().filter_map(|line| line.split_once(' ')).collect());

    let mut converted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let phrases = PHRASES.iter().filter(|(simplified, _)| rest.starts_with(simplified));
        match phrases.max_by_key(|(simplified, _)| simplified.len()) {
            Some((simplified, phrase)) => {
                converted.push_str(phrase);
                rest = &rest[simplified.len()..];
            }
            None => {
                converted.push(CHARACTERS.get(&first).copied().unwrap_or(first));
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    converted
}

fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_written_as_a_reader_of_traditional_chinese_expects() {
        for (simplified, expected) in [
            ("商户请求单号", "商戶請求單號"),
            ("变更后的会员积分值", "變更後的會員積分值"),
            ("联系方式", "聯繫方式"),
            ("风险系数值", "風險係數值"),
            ("平台证书列表", "平台證書列表"),
            ("重复的券Code列表", "重複的券Code列表"),
            ("协商历史", "協商歷史"),
            ("请求体", "請求體"),
            ("", ""),
        ] {
            assert_eq!(traditional(simplified), expected);
        }
    }

    #[test]
    fn every_line_of_the_table_is_a_pair() {
        for line in lines() {
            let is_phrase = line.split_once(' ').is_some_and(|(simplified, phrase)| {
                simplified.chars().count() == phrase.chars().count() && !phrase.contains(' ')
            });
            assert!(is_phrase || line.chars().count() == 2, "{line}");
        }
    }
}
