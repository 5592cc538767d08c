//! What the command, the mock and the kit say, in the language of their reader.
//!
//! A text stands in English where it is said, and in Chinese in the catalogue of its crate: the files `texts/zh/*.toml`
//! beside `Cargo.toml`, whose keys are the English texts. A text without Chinese, and one whose placeholders differ, does
//! not compile; a test finds entries that no source uses.
//!
//! ```toml
//! "expected a port, found {found}" = "应为端口号，实际是 {found}"
//! ```
//!
//! - [`text!`] is `format!` in both languages;
//! - [`Text`](derive@Text) is `Display` for errors: `#[text("…")]` stands where `thiserror` has `#[error("…")]`;
//! - [`phrase!`] is a text for tables, which chooses its language when it is shown.
//!
//! The language is that of the process ([`Language::set`]), unless a piece of code has its own ([`Language::within`]), as
//! a call of a browser that asks for Chinese does.
#![forbid(unsafe_code)]

use std::{
    cell::Cell,
    fmt,
    pin::Pin,
    str::FromStr,
    sync::atomic::{AtomicU8, Ordering},
    task::{Context, Poll},
};

pub use wechatpay_texts_macros::{Text, catalogue, phrase, text};

/// The language of the process, as a [`Language`].
static OF_PROCESS: AtomicU8 = AtomicU8::new(Language::English as u8);

thread_local! {
    /// The language of the code that runs, if it has its own.
    static OWN: Cell<Option<Language>> = const { Cell::new(None) };
}

/// A language of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// A language that the texts do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLanguage;

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected zh or en")
    }
}

impl std::error::Error for UnknownLanguage {}

impl Language {
    /// The language of the code that calls it: its own, or that of the process.
    pub fn current() -> Self {
        OWN.get().unwrap_or_else(|| match OF_PROCESS.load(Ordering::Relaxed) {
            0 => Self::English,
            _ => Self::Chinese,
        })
    }

    /// Makes it the language of the process.
    pub fn set(self) {
        OF_PROCESS.store(self as u8, Ordering::Relaxed);
    }

    /// Runs the code in this language, on this thread.
    pub fn within<T>(self, code: impl FnOnce() -> T) -> T {
        /// Gives the language before back, also after a panic.
        struct Before(Option<Language>);
        impl Drop for Before {
            fn drop(&mut self) {
                OWN.set(self.0);
            }
        }
        let _before = Before(OWN.replace(Some(self)));
        code()
    }

    /// The language that a locale names: `zh_CN.UTF-8` is Chinese, every other English.
    ///
    /// ```
    /// use wechatpay_texts::Language;
    ///
    /// assert_eq!(Language::of_locale("zh_CN.UTF-8"), Language::Chinese);
    /// assert_eq!(Language::of_locale("C"), Language::English);
    /// ```
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") { Self::Chinese } else { Self::English }
    }

    /// Its name: `zh`.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        [Self::English, Self::Chinese]
            .into_iter()
            .find(|language| language.name() == name)
            .ok_or(UnknownLanguage)
    }
}

/// A text without values in both languages, from [`phrase!`]. Shown, it is in the [current](Language::current) one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// In English.
    pub english: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
}

impl Phrase {
    /// A name, which is the same in both languages.
    pub const fn name(name: &'static str) -> Self {
        Self { english: name, chinese: name }
    }

    /// In the current language.
    pub fn text(self) -> &'static str {
        match Language::current() {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }
}

impl From<Phrase> for String {
    fn from(phrase: Phrase) -> Self {
        phrase.text().to_owned()
    }
}

impl fmt::Display for Phrase {
    /// Padded by columns: a Chinese character takes two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad(f, self.text())
    }
}

/// Writes the text, padded by columns of a terminal: `f.pad` for text that may be Chinese, of which a character takes two.
///
/// # Errors
/// If `f` cannot be written to.
pub fn pad(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let columns: usize = text.chars().map(|one| if one.is_ascii() { 1 } else { 2 }).sum();
    let missing = f.width().unwrap_or(0).saturating_sub(columns);
    let before = if f.align() == Some(fmt::Alignment::Right) { missing } else { 0 };
    let after = missing - before;
    write!(f, "{:before$}{text}{:after$}", "", "")
}

/// A text that is kept in both languages. Shown, it is in the [current](Language::current) one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// In English.
    pub english: String,
    /// In Chinese.
    pub chinese: String,
}

impl Both {
    /// The text that the code makes in each language.
    pub fn of(text: impl Fn() -> String) -> Self {
        Self { english: Language::English.within(&text), chinese: Language::Chinese.within(&text) }
    }

    /// The length of both together, in bytes.
    pub fn size(&self) -> usize {
        self.english.len() + self.chinese.len()
    }
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match Language::current() {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        };
        pad(f, text)
    }
}

/// A future that runs in its own language, wherever it is polled.
#[derive(Debug)]
pub struct Within<F> {
    language: Language,
    future: Pin<Box<F>>,
}

impl<F: Future> Within<F> {
    /// The future in this language.
    pub fn new(language: Language, future: F) -> Self {
        Self { language, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let language = self.language;
        language.within(|| self.future.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_within_a_language_does_not_leave_it_behind() {
        assert_eq!(Language::current(), Language::English);
        let inner =
            Language::Chinese.within(|| (Language::current(), Language::English.within(Language::current)));
        assert_eq!(inner, (Language::Chinese, Language::English));
        assert_eq!(Language::current(), Language::English);
    }

    #[test]
    fn a_phrase_is_shown_in_the_current_language() {
        let phrase = Phrase { english: "yes", chinese: "是" };
        assert_eq!(format!("{phrase:>4}{phrase:4}."), " yesyes .");
        assert_eq!(Language::Chinese.within(|| format!("{phrase:>4}{phrase:4}.")), "  是是  .");
        assert_eq!(Language::Chinese.within(|| phrase.to_string()), "是");
    }

    #[test]
    fn a_text_that_is_kept_in_both_languages_is_shown_in_the_current_one() {
        let both = Both::of(|| Language::current().name().to_owned());
        assert_eq!(
            (both.to_string(), Language::Chinese.within(|| both.to_string())),
            ("en".into(), "zh".into())
        );
    }

    #[test]
    fn a_locale_is_chinese_only_if_its_language_is() {
        for locale in ["zh_CN.UTF-8", "zh", "ZH-hans", "zh_TW"] {
            assert_eq!(Language::of_locale(locale), Language::Chinese, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "en_US.UTF-8", "POSIX", "zha_CN"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }
}
