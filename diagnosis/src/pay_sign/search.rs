//! Finds the signed message: the right four lines, or lines with one or two mistakes.

use std::ops::ControlFlow::{self, Break, Continue};

use wechatpay_protocol::Recovered;

use super::lines::{Handed, KEY_VALUE_SIGNED, LINES, LineRule, VALUES, ValueRule, Values, bytes, message};
use crate::{
    Deadline, KnownMistake, ProvedMistake, digest,
    known_mistake::Cost,
    layout::ENDINGS,
    search::{Found, Outcome, Suspects},
    signer::Claim,
};

/// A paySign, and what may be right: a payment may be opened with one of several appids.
pub(super) struct Case<'a> {
    pub(super) claim: Claim<'a>,
    pub(super) handed: Vec<Handed<'a>>,
}

struct Search<'a> {
    handed: &'a Handed<'a>,
    right: Values,
    recovered: &'a Recovered,
    deadline: Deadline,
}

/// Lines with a mistake.
type WrongLines = (&'static KnownMistake, Vec<String>);

/// A wrong value, and the line that it is on.
type WrongValue = (&'static KnownMistake, usize, String);

/// Whether to continue.
type Step = ControlFlow<Outcome>;

impl Suspects for Case<'_> {
    fn claim(&self) -> Claim<'_> {
        self.claim
    }

    fn search(&self, recovered: &Recovered, deadline: Deadline) -> Outcome {
        let searches: Vec<_> =
            self.handed.iter().map(|handed| Search::new(handed, recovered, deadline)).collect();
        // The likely ones are few: a busy machine tries them even when time is up.
        let step = searches.iter().try_for_each(Search::try_likely);
        let outcome = step.break_value().or_else(|| {
            let step = searches.iter().try_for_each(Search::try_hashes);
            step.break_value().or_else(|| searches.iter().try_for_each(Search::try_unlikely).break_value())
        });
        outcome.unwrap_or(Outcome::NotFound)
    }

    fn search_hash(&self, hash: &Recovered, deadline: Deadline) -> Outcome {
        let mut searches = self.handed.iter().map(|handed| Search::new(handed, hash, deadline));
        searches.try_for_each(|search| search.try_likely()).break_value().unwrap_or(Outcome::NotFound)
    }
}

impl<'a> Search<'a> {
    fn new(handed: &'a Handed<'a>, recovered: &'a Recovered, deadline: Deadline) -> Self {
        Self { handed, right: handed.right(), recovered, deadline }
    }

    /// The right message, and those with one likely mistake.
    fn try_likely(&self) -> Step {
        self.try_message(&[], message(&self.right))?;
        self.try_endings(&[], &self.right)?;
        let values = self.wrong_values(Cost::Low);
        values.iter().try_for_each(|wrong| self.try_message(&[wrong.0], message(&self.with(wrong))))?;
        self.try_lines(Cost::Low)?;
        self.try_key_values()
    }

    /// Messages with one unlikely mistake, or with two likely ones.
    fn try_unlikely(&self) -> Step {
        let few = self.wrong_values(Cost::Low);
        for wrong in self.wrong_values(Cost::High) {
            self.check_time()?;
            self.try_message(&[wrong.0], message(&self.with(&wrong)))?;
        }
        self.try_lines(Cost::High)?;
        for (mistake, lines) in self.wrong_lines(&self.right, Cost::Low) {
            self.check_time()?;
            self.try_endings(&[mistake], &lines)?;
        }
        for wrong in &few {
            self.check_time()?;
            let values = self.with(wrong);
            self.try_endings(&[wrong.0], &values)?;
            for (mistake, lines) in self.wrong_lines(&values, Cost::Low) {
                self.try_message(&[wrong.0, mistake], message(&lines))?;
            }
            for other in few.iter().filter(|other| other.1 > wrong.1) {
                let mut values = values.clone();
                values[other.1].clone_from(&other.2);
                self.try_message(&[wrong.0, other.0], message(&values))?;
            }
        }
        Continue(())
    }

    fn try_lines(&self, cost: Cost) -> Step {
        let all = self.wrong_lines(&self.right, cost);
        all.iter().try_for_each(|(mistake, lines)| self.try_message(&[mistake], message(lines)))
    }

    fn try_endings(&self, mistakes: &[&'static KnownMistake], lines: &[String]) -> Step {
        ENDINGS.iter().try_for_each(|rule| {
            let mistakes = [mistakes, &[&rule.mistake]].concat();
            let mut messages = (rule.apply)(&bytes(lines)).into_iter();
            messages.try_for_each(|message| self.try_message(&mistakes, message))
        })
    }

    /// The texts of API v2, with and without a secret, as text or as a line.
    fn try_key_values(&self) -> Step {
        let secrets = self.handed.secrets.iter().map(|secret| format!("&key={}", secret.text));
        let ends: Vec<_> = [String::new()].into_iter().chain(secrets).collect();
        let texts = self.handed.key_values();
        let texts = texts.iter().flat_map(|text| ends.iter().map(move |end| format!("{text}{end}")));
        let mut messages = texts.flat_map(|text| [format!("{text}\n"), text]);
        messages.try_for_each(|text| match self.recovered.is_of(text.as_bytes()) {
            // The text may end in a secret, so it is not shown.
            true => self.found(vec![(&KEY_VALUE_SIGNED).into()], message(&self.right)),
            false => Continue(()),
        })
    }

    /// Hashes of messages, each signed as if it were a message.
    fn try_hashes(&self) -> Step {
        let endings = ENDINGS.iter().map(|rule| (Some(&rule.mistake), (rule.apply)(&bytes(&self.right))));
        let all = [(None, vec![message(&self.right)])].into_iter().chain(endings);
        let mut all = all.flat_map(|(mistake, messages)| messages.into_iter().map(move |one| (mistake, one)));
        all.try_for_each(|(mistake, message)| {
            let mut hashes = digest::signed_in_place_of(&message).into_iter();
            let Some((hash, variants)) = hashes.find(|(hash, _)| self.recovered.is_of(hash)) else {
                return Continue(());
            };
            let hashed = ProvedMistake { known: &digest::HASH_SIGNED, variants };
            let shown = if mistake.is_some() { message } else { hash };
            self.found([hashed].into_iter().chain(mistake.map(Into::into)).collect(), shown)
        })
    }

    fn try_message(&self, mistakes: &[&'static KnownMistake], message: Vec<u8>) -> Step {
        if !self.recovered.is_of(&message) {
            return Continue(());
        }
        self.found(mistakes.iter().copied().map(ProvedMistake::from).collect(), message)
    }

    fn found(&self, mistakes: Vec<ProvedMistake>, message: Vec<u8>) -> Step {
        Break(Outcome::Found(Found { mistakes, message, right: self.handed.message() }))
    }

    fn check_time(&self) -> Step {
        if self.deadline.is_over() { Break(Outcome::TimeUp) } else { Continue(()) }
    }

    fn wrong_values(&self, cost: Cost) -> Vec<WrongValue> {
        let rules =
            VALUES.iter().enumerate().flat_map(|(line, rules)| rules.iter().map(move |rule| (line, rule)));
        let rules = rules.filter(|(_, rule)| rule.cost == cost);
        let of_rule = |(line, rule): (usize, &'static ValueRule)| {
            (rule.apply)(self.handed).into_iter().map(move |value| (&rule.mistake, line, value))
        };
        rules.flat_map(of_rule).filter(|(_, line, value)| self.right[*line] != *value).collect()
    }

    fn wrong_lines(&self, values: &Values, cost: Cost) -> Vec<WrongLines> {
        let rules = LINES.iter().filter(|rule| rule.cost == cost);
        let of_rule = |rule: &'static LineRule| {
            (rule.apply)(self.handed, values).into_iter().map(move |lines| (&rule.mistake, lines))
        };
        rules.flat_map(of_rule).collect()
    }

    /// The right values but for this one.
    fn with(&self, (_, line, value): &WrongValue) -> Values {
        let mut values = self.right.clone();
        values[*line].clone_from(value);
        values
    }
}
