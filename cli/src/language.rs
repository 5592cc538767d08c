//! The language of the output: `--lang`, `WECHATPAY_MOCK_LANG`, or the locale; and the help in it.

use std::{collections::HashMap, env, ffi::OsString, sync::LazyLock};

use clap::{Arg, Command, builder::StyledStr};
use wechatpay_texts::Language;

/// The environment variables that choose a language, the first that is set counts.
const VARIABLES: [&str; 4] = ["WECHATPAY_MOCK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

/// The help in Chinese, by the English text.
static HELP: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../texts/help.toml")).expect("help.toml is a table of texts")
});

/// What clap itself says, in Chinese: pairs that are replaced one after another.
#[derive(serde::Deserialize)]
struct OfClap {
    replace: Vec<[String; 2]>,
}

static OF_CLAP: LazyLock<OfClap> = LazyLock::new(|| {
    toml::from_str(include_str!("../texts/clap.toml")).expect("clap.toml has pairs of texts")
});

/// The language that the command line or the environment asks for. The command line is not parsed yet: its errors and its
/// help have a language, too.
pub(crate) fn chosen(words: &[OsString]) -> Language {
    let own = words.iter().take_while(|word| *word != "--").map(|word| word.to_str().unwrap_or_default());
    of_option(own).unwrap_or_else(|| of_environment(|name| env::var(name).ok()))
}

fn of_option<'w>(mut words: impl Iterator<Item = &'w str>) -> Option<Language> {
    while let Some(word) = words.next() {
        let name = match word.strip_prefix("--lang=") {
            None if word == "--lang" => words.next()?,
            None => continue,
            Some(name) => name,
        };
        return name.parse().ok();
    }
    None
}

fn of_environment(value: impl Fn(&str) -> Option<String>) -> Language {
    let set = |name| value(name).filter(|value| !value.is_empty());
    VARIABLES.into_iter().find_map(set).map_or(Language::English, |locale| Language::of_locale(&locale))
}

/// The command line with its help in the current language.
pub(crate) fn localized(command: Command) -> Command {
    match Language::current() {
        Language::English => command,
        Language::Chinese => in_chinese(command),
    }
}

fn in_chinese(command: Command) -> Command {
    let mut command = command.mut_args(with_chinese_help).mut_subcommands(in_chinese);
    if let Some(about) = command.get_about().and_then(chinese) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().and_then(chinese) {
        command = command.long_about(about);
    }
    if let Some(examples) = command.get_after_help().and_then(chinese) {
        command = command.after_help(examples);
    }
    command
}

fn with_chinese_help(mut argument: Arg) -> Arg {
    if let Some(help) = argument.get_help().and_then(chinese) {
        argument = argument.help(help);
    }
    if let Some(help) = argument.get_long_help().and_then(chinese) {
        argument = argument.long_help(help);
    }
    argument
}

fn chinese(english: &StyledStr) -> Option<&'static str> {
    HELP.get(&english.to_string()).map(String::as_str)
}

/// The text of clap in the current language.
pub(crate) fn of_clap(text: String) -> String {
    match Language::current() {
        Language::English => text,
        Language::Chinese => {
            OF_CLAP.replace.iter().fold(text, |text, [english, chinese]| text.replace(english, chinese))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        let language = |set: &'static [(&str, &str)]| {
            of_environment(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(language(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_TW")]), Language::Chinese);
        assert_eq!(language(&[("WECHATPAY_MOCK_LANG", "en"), ("LC_ALL", "zh_CN")]), Language::English);
        assert_eq!(language(&[]), Language::English);
    }

    #[test]
    fn the_option_counts_before_the_environment_and_before_a_command() {
        let of = |words: &[&str]| of_option(words.iter().copied());
        assert_eq!(of(&["wechatpay-mock", "serve", "--lang", "zh"]), Some(Language::Chinese));
        assert_eq!(of(&["wechatpay-mock", "--lang=en", "serve"]), Some(Language::English));
        assert_eq!(of(&["wechatpay-mock", "--lang"]), None);
        let words = ["wechatpay-mock", "run", "--", "npm", "--lang", "zh"].map(OsString::from);
        assert_eq!(chosen(&words), of_environment(|name| env::var(name).ok()));
    }

    /// Every text of the help, of this command and all below it.
    fn texts(command: &Command) -> Vec<String> {
        let own = [command.get_about(), command.get_long_about(), command.get_after_help()];
        let arguments = command.get_arguments().flat_map(|one| [one.get_help(), one.get_long_help()]);
        let texts = own.into_iter().chain(arguments).flatten().map(ToString::to_string);
        texts.chain(command.get_subcommands().flat_map(texts)).collect()
    }

    #[test]
    fn every_text_of_the_help_has_its_chinese_and_no_other_has() {
        let texts = texts(&crate::args::command_line());
        let missing: Vec<_> = texts.iter().filter(|text| !HELP.contains_key(*text)).collect();
        let unused: Vec<_> = HELP.keys().filter(|text| !texts.contains(text)).collect();
        assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}\nunused: {unused:#?}");
    }
}
