//! Finds the signed message: the right one, or one with one or two mistakes.

use std::ops::ControlFlow::{self, Break, Continue};

use wechatpay_protocol::Recovered;

use crate::{
    Deadline, Difference, Evidence, ProvedMistake, digest,
    known_mistake::Cost,
    layout::{self, EndingRule, LineRule},
    received,
    rules::{Case, Rules},
    signer::Claim,
    subject::Subject,
    values::{BODY, Values, WrongValue, right_values},
};

/// The signed message, and the mistakes that produce it from the right one.
pub(crate) struct Found {
    pub(crate) mistakes: Vec<ProvedMistake>,
    pub(crate) message: Vec<u8>,
    /// The right message.
    pub(crate) right: Vec<u8>,
}

/// How a search ended.
pub(crate) enum Outcome {
    Found(Found),
    /// Every message was tried.
    NotFound,
    /// Time was up before every message was tried.
    TimeUp,
}

/// A signature, and the messages that it may be of.
pub(crate) trait Suspects {
    fn claim(&self) -> Claim<'_>;

    /// Finds the signed message, the simplest explanation first.
    fn search(&self, recovered: &Recovered, deadline: Deadline) -> Outcome;

    /// Finds the message whose hash was sent in place of a signature. Tries only single mistakes of low cost.
    fn search_hash(&self, hash: &Recovered, deadline: Deadline) -> Outcome;
}

/// With a body of more bytes, only single mistakes of low cost are tried.
const LARGE_BODY: usize = 64 * 1024;

impl Found {
    /// The first difference between the signed message and the right one.
    pub(crate) fn difference(&self, subject: Subject) -> Option<Difference> {
        Difference::between(subject, &self.right, &self.message)
    }
}

impl Suspects for Case<'_> {
    fn claim(&self) -> Claim<'_> {
        let Evidence { signature, key, ref other_keys, .. } = *self.evidence;
        Claim { subject: self.rules.subject, signature, key, other_keys }
    }

    fn search(&self, recovered: &Recovered, deadline: Deadline) -> Outcome {
        Search::new(*self, recovered, deadline).try_all().break_value().unwrap_or(Outcome::NotFound)
    }

    fn search_hash(&self, hash: &Recovered, deadline: Deadline) -> Outcome {
        Search::new(*self, hash, deadline).try_likeliest().break_value().unwrap_or(Outcome::NotFound)
    }
}

struct Search<'a> {
    case: Case<'a>,
    timestamp: String,
    recovered: &'a Recovered,
    deadline: Deadline,
}

/// The mistakes in a message: at most two.
#[derive(Clone, Copy)]
struct Recipe<'a> {
    values: [Option<&'a WrongValue>; 2],
    lines: Option<&'static LineRule>,
    ending: Option<&'static EndingRule>,
}

/// Whether to continue.
type Step = ControlFlow<Outcome>;

impl<'a> Search<'a> {
    fn new(case: Case<'a>, recovered: &'a Recovered, deadline: Deadline) -> Self {
        Self { case, timestamp: case.evidence.message.timestamp.to_string(), recovered, deadline }
    }

    fn right_values(&self) -> Values<'_> {
        right_values(self.case.evidence, &self.timestamp)
    }

    fn try_likeliest(&self) -> Step {
        self.try_messages(Recipe::RIGHT)?;
        let rules = self.case.rules;
        self.try_each(single_mistakes(rules, &self.wrong_values(Cost::Low), Cost::Low))
    }

    fn try_all(&self) -> Step {
        let rules = self.case.rules;
        self.try_messages(Recipe::RIGHT)?;
        let mut few = self.wrong_values(Cost::Low);
        if self.case.evidence.message.body.len() > LARGE_BODY {
            self.try_each(single_mistakes(rules, &few, Cost::Low))?;
            self.check_time()?;
            return self.try_hashes(Recipe::RIGHT);
        }
        // These are few and likely: a busy machine tries them even when time is up.
        single_mistakes(rules, &few, Cost::Low).try_for_each(|recipe| self.try_messages(recipe))?;
        self.try_hashes(Recipe::RIGHT)?;
        self.check_time()?;
        let reserialized = self.wrong_values(Cost::Reserialize);
        self.try_each(single_mistakes(rules, &reserialized, Cost::Reserialize))?;
        few.extend(reserialized);
        self.try_each(with_endings(rules, &few))?;
        self.try_each(single_mistakes(rules, &self.wrong_values(Cost::High), Cost::High))?;
        self.try_each(with_lines(rules, &few))?;
        self.try_each(two_values(&few))?;
        single_mistakes(rules, &few, Cost::Low).try_for_each(|recipe| {
            self.check_time()?;
            self.try_hashes(recipe)
        })
    }

    /// Tries the messages of these recipes while there is time.
    fn try_each<'r>(&self, mut recipes: impl Iterator<Item = Recipe<'r>>) -> Step {
        recipes.try_for_each(|recipe| {
            self.check_time()?;
            self.try_messages(recipe)
        })
    }

    fn check_time(&self) -> Step {
        if self.deadline.is_over() { Break(Outcome::TimeUp) } else { Continue(()) }
    }

    fn wrong_values(&self, cost: Cost) -> Vec<WrongValue> {
        let mut all = self.case.wrong_values(&self.right_values(), cost);
        if cost == Cost::Low {
            all.extend(self.case.answered.into_iter().flat_map(received::of_the_request));
        }
        all
    }

    /// Tries the messages of a recipe.
    fn try_messages(&self, recipe: Recipe<'_>) -> Step {
        match self.messages(recipe).find(|message| self.recovered.is_of(message)) {
            Some(message) => {
                let mistakes = recipe.mistakes(&self.right_values()).collect();
                Break(Outcome::Found(Found { mistakes, message, right: self.case.message() }))
            }
            None => Continue(()),
        }
    }

    /// Tries the hashes of a recipe's messages, each signed as if it were a message.
    fn try_hashes(&self, recipe: Recipe<'_>) -> Step {
        for message in self.messages(recipe) {
            let mut hashes = digest::signed_in_place_of(&message).into_iter();
            if let Some((hash, variants)) = hashes.find(|(hash, _)| self.recovered.is_of(hash)) {
                let hashed = ProvedMistake { known: &digest::HASH_SIGNED, variants };
                let mistakes: Vec<_> =
                    [hashed].into_iter().chain(recipe.mistakes(&self.right_values())).collect();
                // With another mistake, the difference is shown in the message rather than in its hash.
                let message = if mistakes.len() == 1 { hash } else { message };
                return Break(Outcome::Found(Found { mistakes, message, right: self.case.message() }));
            }
        }
        Continue(())
    }

    fn messages<'r>(&'r self, recipe: Recipe<'r>) -> impl Iterator<Item = Vec<u8>> + 'r {
        let mut values = self.right_values();
        for wrong in recipe.values.into_iter().flatten() {
            values[wrong.line] = &wrong.value;
        }
        let lines = match recipe.lines {
            None => vec![self.case.lines(&values)],
            Some(rule) => (rule.apply)(self.case.evidence, &values),
        };
        lines.into_iter().flat_map(move |lines| match recipe.ending {
            None => vec![layout::message(&lines)],
            Some(rule) => (rule.apply)(&lines),
        })
    }
}

impl<'a> Recipe<'a> {
    /// No mistake.
    const RIGHT: Self = Self { values: [None, None], lines: None, ending: None };

    fn value(value: &'a WrongValue) -> Self {
        Self { values: [Some(value), None], ..Self::RIGHT }
    }

    fn lines(rule: &'static LineRule) -> Self {
        Self { lines: Some(rule), ..Self::RIGHT }
    }

    fn ending(rule: &'static EndingRule) -> Self {
        Self { ending: Some(rule), ..Self::RIGHT }
    }

    fn mistakes(self, right: &Values<'_>) -> impl Iterator<Item = ProvedMistake> {
        let values = self.values.into_iter().flatten().map(move |wrong| ProvedMistake {
            known: &wrong.rule.mistake,
            variants: (wrong.rule.variants)(right[wrong.line], &wrong.value),
        });
        let lines = self.lines.map(|rule| &rule.mistake);
        let ending = self.ending.map(|rule| &rule.mistake);
        values.chain([lines, ending].into_iter().flatten().map(ProvedMistake::from))
    }
}

/// One mistake. A body comes before line endings: if its own final newline was trimmed, it looks like either.
fn single_mistakes<'v>(
    rules: &'static Rules,
    values: &'v [WrongValue],
    cost: Cost,
) -> impl Iterator<Item = Recipe<'v>> {
    let bodies = values.iter().filter(|wrong| wrong.line == BODY).map(Recipe::value);
    let others = values.iter().filter(|wrong| wrong.line != BODY).map(Recipe::value);
    let endings = rules.endings.iter().filter(move |rule| rule.cost == cost).map(Recipe::ending);
    bodies.chain(line_mistakes(rules, cost)).chain(endings).chain(others)
}

fn line_mistakes<'a>(rules: &'static Rules, cost: Cost) -> impl Iterator<Item = Recipe<'a>> {
    rules.lines.iter().filter(move |rule| rule.cost == cost).map(Recipe::lines)
}

/// A mistake in a value or in the lines, and one in their endings.
fn with_endings<'v>(rules: &'static Rules, values: &'v [WrongValue]) -> impl Iterator<Item = Recipe<'v>> {
    let others = line_mistakes(rules, Cost::Low).chain(values.iter().map(Recipe::value));
    others.flat_map(|recipe| rules.endings.iter().map(move |rule| Recipe { ending: Some(rule), ..recipe }))
}

/// A mistake in a value, and one in the lines.
fn with_lines<'v>(rules: &'static Rules, values: &'v [WrongValue]) -> impl Iterator<Item = Recipe<'v>> {
    values.iter().flat_map(move |wrong| {
        line_mistakes(rules, Cost::Low).map(move |recipe| Recipe { values: [Some(wrong), None], ..recipe })
    })
}

/// Mistakes in the values of two lines.
fn two_values(values: &[WrongValue]) -> impl Iterator<Item = Recipe<'_>> {
    values.iter().flat_map(move |one| {
        let others = values.iter().filter(move |other| other.line > one.line);
        others.map(move |other| Recipe { values: [Some(one), Some(other)], ..Recipe::RIGHT })
    })
}
