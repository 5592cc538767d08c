//! The language of the output: `--lang`, `WECHATPAY_MOCK_LANG`, or the locale; and the help in it.

use std::{collections::HashMap, env, ffi::OsString, sync::LazyLock};

use clap::{Arg, Command, builder::StyledStr};
use wechatpay_texts::Language;

/// The environment variables that choose a language, the first that is set counts.
const VARIABLES: [&str; 4] = ["WECHATPAY_MOCK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

/// What separates the phrases of a line: a command from what it does.
const GAP: &str = "  ";

/// The phrases of the help in Chinese, by the English ones.
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

/// Takes `--lang` and its value from the command line, which is not parsed yet: errors and help have a language, too. Without
/// it, the language is that of the environment. A value that is no language is left for clap to refuse.
pub(crate) fn take(words: &mut Vec<OsString>) -> Language {
    let own = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let option = words[..own].iter().position(|word| word == "--lang" || text(word).starts_with("--lang="));
    let taken = option.and_then(|at| {
        let (name, end) = match text(&words[at]).strip_prefix("--lang=") {
            Some(name) => (name, at + 1),
            None => (text(words.get(at + 1)?), at + 2),
        };
        name.parse().ok().map(|language| (language, at..end))
    });
    match taken {
        Some((language, place)) => {
            words.drain(place);
            language
        }
        None => of_environment(|name| env::var(name).ok()),
    }
}

fn text(word: &OsString) -> &str {
    word.to_str().unwrap_or_default()
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
    if let Some(about) = command.get_about().map(chinese) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().map(chinese) {
        command = command.long_about(about);
    }
    if let Some(examples) = command.get_after_help().map(chinese) {
        command = command.after_help(examples);
    }
    command
}

fn with_chinese_help(mut argument: Arg) -> Arg {
    if let Some(help) = argument.get_help().map(chinese) {
        argument = argument.help(help);
    }
    if let Some(help) = argument.get_long_help().map(chinese) {
        argument = argument.long_help(help);
    }
    argument
}

/// The text with each of its phrases in Chinese. Commands and names have none.
fn chinese(english: &StyledStr) -> String {
    let in_line = |line: &str| line.split(GAP).map(chinese_phrase).collect::<Vec<_>>().join(GAP);
    english.to_string().lines().map(in_line).collect::<Vec<_>>().join("\n")
}

fn chinese_phrase(english: &str) -> String {
    let phrase = english.trim_start();
    let chinese = HELP.get(phrase).map_or(phrase, String::as_str);
    format!("{}{chinese}", &english[..english.len() - phrase.len()])
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
    use std::collections::HashSet;

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
    fn the_option_is_taken_from_before_and_after_a_command_but_not_from_that_of_run() {
        let take = |words: &str| {
            let mut words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let language = take(&mut words);
            (language, words.join(std::ffi::OsStr::new(" ")).into_string().unwrap())
        };
        assert_eq!(take("mock --lang zh serve"), (Language::Chinese, "mock serve".into()));
        assert_eq!(take("mock serve --lang=zh -q"), (Language::Chinese, "mock serve -q".into()));
        let unchanged = ["mock --lang", "mock --lang fr", "mock run -- npm --lang zh"];
        assert_eq!(unchanged.map(|words| take(words).1), unchanged.map(str::to_owned));
    }

    /// Every text of the help, of this command and all below it.
    fn texts(command: &Command) -> Vec<String> {
        let own = [command.get_about(), command.get_long_about(), command.get_after_help()];
        let arguments = command.get_arguments().flat_map(|one| [one.get_help(), one.get_long_help()]);
        let found = own.into_iter().chain(arguments).flatten().map(ToString::to_string);
        found.chain(command.get_subcommands().flat_map(texts)).collect()
    }

    #[test]
    fn every_phrase_of_the_help_has_its_chinese_and_no_other_has() {
        let texts = texts(&crate::args::command_line());
        let phrases: Vec<_> =
            texts.iter().flat_map(|text| text.lines()).flat_map(|line| line.split(GAP)).collect();
        let is_code = |phrase: &&str| {
            let starts =
                ["wechatpay-mock", "curl ", "eval ", "for /f ", "--", "HEALTHCHECK ", "http://", "GET, "];
            starts.iter().any(|start| phrase.starts_with(start)) || phrase.len() < 2
        };
        let phrases: HashSet<_> =
            phrases.into_iter().map(str::trim).filter(|phrase| !is_code(phrase)).collect();
        let missing: Vec<_> = phrases.iter().filter(|phrase| !HELP.contains_key(**phrase)).collect();
        let unused: Vec<_> = HELP.keys().filter(|phrase| !phrases.contains(phrase.as_str())).collect();
        assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}\nunused: {unused:#?}");
    }
}
