//! Texts of a length, of a pattern, and of characters that the gateway allows.

use std::ops::RangeInclusive;

use proptest::{
    char, collection::vec, prelude::*, sample::Index, strategy::Union, string::string_regex_parsed,
};
use regex::Regex;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};
use wechatpay_protocol::Timestamp;

/// The rules of a text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// The longest that can be sent, in characters.
    pub(super) longest: Option<usize>,
    /// Whether the lengths count bytes. Then all characters are of one byte.
    pub(super) is_in_bytes: bool,
    pub(super) pattern: Option<Pattern>,
    /// Whether it is a time. Rules of some operations read it, so valid texts are times in RFC 3339.
    pub(super) is_time: bool,
}

/// A regular expression that texts match.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The expression to generate from: the same without anchors at its ends and without characters that the gateway
    /// forbids.
    generated: Hir,
}

/// The usual maximum length of a text in characters, apart from texts of the schema's maximum.
const USUAL_LENGTH: usize = 32;

/// The end of the year 2099, in Unix seconds.
const LAST_TIME: u64 = 4_102_444_800;

impl Text {
    /// Texts that break no rule.
    pub(super) fn valid(&self) -> BoxedStrategy<String> {
        if self.is_time {
            return (0..LAST_TIME).prop_map(|unix| Timestamp::from_unix(unix).to_rfc3339()).boxed();
        }
        let most = self.max.unwrap_or(self.min + 2 * USUAL_LENGTH);
        let lengths = self.min..=most.min(self.longest.unwrap_or(most));
        match (self.of_lengths(lengths.clone()), &self.pattern) {
            (Some(texts), _) => texts,
            (None, None) => self.characters(lengths),
            (None, Some(pattern)) => pattern.matches_of_lengths(lengths),
        }
    }

    /// Texts that are too short, and match the pattern if such texts can be made.
    pub(super) fn too_short(&self) -> Option<BoxedStrategy<String>> {
        let most = self.min.checked_sub(1)?;
        Some(self.of_lengths(0..=most).unwrap_or_else(|| self.characters(0..=most)))
    }

    /// Texts that are too long, and match the pattern if such texts can be made.
    pub(super) fn too_long(&self) -> Option<BoxedStrategy<String>> {
        let least = self.max.filter(|max| self.longest.is_none_or(|longest| *max < longest))? + 1;
        let lengths = least..=least + USUAL_LENGTH;
        Some(self.of_lengths(lengths.clone()).unwrap_or_else(|| self.characters(lengths)))
    }

    /// Texts that break the pattern only.
    pub(super) fn unmatched(&self) -> Option<BoxedStrategy<String>> {
        let regex = self.pattern.as_ref()?.regex.clone();
        let altered = self.with_one_character_of(self.character());
        Some(altered.prop_filter("it matches", move |text| !regex.is_match(text)).boxed())
    }

    /// Texts with a character of four bytes, such as an emoji, that break no other rule.
    pub(super) fn with_four_bytes(&self) -> Option<BoxedStrategy<String>> {
        // The contract's patterns forbid such characters themselves.
        let has_room = self.pattern.is_none() && self.max != Some(0) && !self.is_in_bytes;
        has_room.then(|| self.with_one_character_of(char::range('\u{1f300}', '\u{1faff}').boxed()))
    }

    /// Valid texts with one character replaced, or added to an empty one.
    fn with_one_character_of(&self, characters: BoxedStrategy<char>) -> BoxedStrategy<String> {
        let replace = |(text, at, character): (String, Index, char)| {
            let mut characters: Vec<_> = text.chars().collect();
            match characters.len() {
                0 => characters.push(character),
                length => characters[at.index(length)] = character,
            }
            String::from_iter(characters)
        };
        (self.valid(), any::<Index>(), characters).prop_map(replace).boxed()
    }

    /// Texts of these lengths that match the pattern; `None` if they can't be made from it directly.
    fn of_lengths(&self, lengths: RangeInclusive<usize>) -> Option<BoxedStrategy<String>> {
        match &self.pattern {
            None => Some(self.characters(lengths)),
            Some(pattern) => pattern.repeated(lengths),
        }
    }

    /// Any texts of these lengths.
    fn characters(&self, lengths: RangeInclusive<usize>) -> BoxedStrategy<String> {
        characters(self.character(), lengths)
    }

    fn character(&self) -> BoxedStrategy<char> {
        if self.is_in_bytes { char::range(' ', '~').boxed() } else { character() }
    }
}

impl Pattern {
    /// Reads a pattern; `Err` says why no texts can be made from it. In JavaScript's dialect, which schemas use, `\d` is a
    /// digit of ASCII, and `\s` also the byte-order mark.
    pub(super) fn parse(pattern: &str, is_ascii: bool) -> Result<Self, String> {
        let pattern = pattern.replace("\\d", "[0-9]").replace("\\s", "[\\s\\x{FEFF}]");
        let regex = Regex::new(&pattern).map_err(|error| error.to_string())?;
        let generated = regex_syntax::parse(&pattern).map_err(|error| error.to_string())?;
        let last = if is_ascii { '~' } else { '\u{ffff}' };
        let generated = up_to(last, &without_anchors(generated));
        string_regex_parsed(&generated).map(drop).map_err(|error| error.to_string())?;
        Ok(Self { regex, generated })
    }

    /// Matches of these lengths in characters, if the pattern is one repeated class of characters.
    fn repeated(&self, lengths: RangeInclusive<usize>) -> Option<BoxedStrategy<String>> {
        let HirKind::Repetition(repetition) = self.generated.kind() else { return None };
        let HirKind::Class(_) = repetition.sub.kind() else { return None };
        let least = repetition.min.max(u32::try_from(*lengths.start()).ok()?);
        let most = u32::try_from(*lengths.end()).ok()?.min(repetition.max.unwrap_or(u32::MAX));
        if least > most {
            return None;
        }
        let of_length = |(least, most)| {
            let bounded = Repetition { min: least, max: Some(most), ..repetition.clone() };
            string_regex_parsed(&Hir::repetition(bounded)).ok()
        };
        let usual = u32::try_from(USUAL_LENGTH).ok()?;
        let bounds = [(least, most.min(least.saturating_add(usual))), (least, least), (most, most)];
        let texts: Option<Vec<_>> = bounds.into_iter().map(of_length).collect();
        Some(Union::new(texts?).boxed())
    }

    /// Matches, without those of other lengths.
    fn matches_of_lengths(&self, lengths: RangeInclusive<usize>) -> BoxedStrategy<String> {
        let texts = string_regex_parsed(&self.generated).expect("parse has checked this");
        texts.prop_filter("its length", move |text| lengths.contains(&text.chars().count())).boxed()
    }
}

/// The expression without `^` at its beginning and `$` at its end.
fn without_anchors(expression: Hir) -> Hir {
    let HirKind::Concat(parts) = expression.kind() else { return expression };
    let is = |look: Look| move |part: &Hir| matches!(part.kind(), HirKind::Look(found) if *found == look);
    let start = usize::from(parts.first().is_some_and(is(Look::Start)));
    let end = parts.len() - usize::from(parts.last().is_some_and(is(Look::End)));
    Hir::concat(parts[start..end].to_vec())
}

/// The expression without characters after the last one.
fn up_to(last: char, expression: &Hir) -> Hir {
    let each = |parts: &[Hir]| parts.iter().map(|part| up_to(last, part)).collect();
    match expression.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.intersect(&ClassUnicode::new([ClassUnicodeRange::new('\0', last)]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Repetition(repetition) => {
            let sub = Box::new(up_to(last, &repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => up_to(last, &capture.sub),
        HirKind::Concat(parts) => Hir::concat(each(parts)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) => {
            expression.clone()
        }
    }
}

/// Texts of these lengths, the shortest and the longest among them.
fn characters(character: BoxedStrategy<char>, lengths: RangeInclusive<usize>) -> BoxedStrategy<String> {
    let (least, most) = lengths.into_inner();
    let usual = least..=most.min(least + USUAL_LENGTH);
    let lengths = prop_oneof![4 => usual, 1 => Just(least), 1 => Just(most)];
    // A long text repeats its beginning: a thousand random characters are slow to generate and find no more errors.
    let text = |(beginning, length): (Vec<char>, usize)| beginning.into_iter().cycle().take(length).collect();
    (vec(character, 1..=USUAL_LENGTH), lengths).prop_map(text).boxed()
}

/// Characters of one to three bytes in UTF-8: the gateway allows no others. (documented)
fn character() -> BoxedStrategy<char> {
    prop_oneof![
        6 => char::range(' ', '~'),
        3 => char::range('\u{4e00}', '\u{9fa5}'),
        1 => char::range('\0', '\u{7ff}'),
        1 => char::range('\u{800}', '\u{d7ff}'),
        1 => char::range('\u{e000}', '\u{ffff}'),
    ]
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    use super::*;

    fn samples(strategy: &BoxedStrategy<String>) -> Vec<String> {
        let mut runner = TestRunner::deterministic();
        (0..300).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    }

    fn lengths(texts: &[String]) -> Vec<usize> {
        texts.iter().map(|text| text.chars().count()).collect()
    }

    fn text(pattern: Option<&str>) -> Text {
        let pattern = pattern.map(|pattern| Pattern::parse(pattern, false).unwrap());
        Text { min: 2, max: Some(128), longest: None, is_in_bytes: false, pattern, is_time: false }
    }

    #[test]
    fn the_shortest_and_longest_texts_occur_and_none_beyond() {
        for pattern in [None, Some("^[0-9a-zA-Z_\\-|\\*]{1,}$")] {
            let valid = lengths(&samples(&text(pattern).valid()));
            assert_eq!((valid.iter().min(), valid.iter().max()), (Some(&2), Some(&128)), "{pattern:?}");
            let too_long = lengths(&samples(&text(pattern).too_long().unwrap()));
            assert_eq!(
                (too_long.iter().min(), too_long.iter().max()),
                (Some(&129), Some(&161)),
                "{pattern:?}"
            );
            let too_short = lengths(&samples(&text(pattern).too_short().unwrap()));
            assert!(too_short.contains(&1) && too_short.iter().all(|length| *length < 2), "{pattern:?}");
        }
    }

    #[test]
    fn characters_of_one_to_three_bytes_occur_and_none_of_four() {
        for pattern in [None, Some("^[^/]+$"), Some("^(a|[^b])[^/]*$")] {
            let texts = samples(&text(pattern).valid()).concat();
            let lengths: BTreeSet<_> = texts.chars().map(char::len_utf8).collect();
            assert_eq!(lengths, [1, 2, 3].into(), "{pattern:?}");
        }
    }

    #[test]
    fn a_text_with_four_bytes_has_such_a_character_within_the_length() {
        for text in samples(&text(None).with_four_bytes().unwrap()) {
            assert_eq!(text.chars().filter(|it| it.len_utf8() == 4).count(), 1, "{text}");
            assert!((2..=128).contains(&text.chars().count()), "{text}");
        }
    }

    #[test]
    fn a_pattern_of_several_parts_is_matched_completely() {
        let pattern = regex::Regex::new("^[A-Z]{3}-[0-9]+$").unwrap();
        for text in samples(&text(Some(pattern.as_str())).valid()) {
            assert!(pattern.is_match(&text), "{text}");
        }
    }
}
