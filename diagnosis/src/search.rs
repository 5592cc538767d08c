//! Finds the signed message: the right one, or one with one or two mistakes.

use std::ops::ControlFlow::{self, Break, Continue};

use wechatpay_protocol::Recovered;

use crate::{
    Deadline, Evidence, ProvedMistake, digest,
    known_mistake::Cost,
    layout::{self, ENDINGS, EndingRule, LINES, LineRule},
    values::{BODY, Values, WrongValue, wrong_values},
};

/// The signed message, and the mistakes that produce it from the right one.
pub(crate) struct Found {
    pub(crate) mistakes: Vec<ProvedMistake>,
    pub(crate) message: Vec<u8>,
}

/// How a search ended.
pub(crate) enum Outcome {
    Found(Found),
    /// Every message was tried.
    NotFound,
    /// Time was up before every message was tried.
    TimeUp,
}

/// With a body of more bytes, only single mistakes of low cost are tried.
const LARGE_BODY: usize = 64 * 1024;

/// Finds the signed message, the simplest explanation first.
pub(crate) fn search(evidence: &Evidence<'_>, recovered: &Recovered, deadline: Deadline) -> Outcome {
    let search = Search::new(evidence, recovered, deadline);
    search.try_all().break_value().unwrap_or(Outcome::NotFound)
}

/// Finds the message whose hash was sent in place of a signature. Tries only single mistakes of low cost.
pub(crate) fn search_hash(evidence: &Evidence<'_>, hash: &Recovered, deadline: Deadline) -> Outcome {
    let search = Search::new(evidence, hash, deadline);
    search.try_likeliest().break_value().unwrap_or(Outcome::NotFound)
}

struct Search<'a> {
    evidence: &'a Evidence<'a>,
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
    fn new(evidence: &'a Evidence<'a>, recovered: &'a Recovered, deadline: Deadline) -> Self {
        Self { evidence, timestamp: evidence.message.timestamp.to_string(), recovered, deadline }
    }

    fn right_values(&self) -> Values<'_> {
        let message = &self.evidence.message;
        [
            message.method.as_bytes(),
            message.target.as_bytes(),
            self.timestamp.as_bytes(),
            message.nonce_str.as_bytes(),
            message.body,
        ]
    }

    fn try_likeliest(&self) -> Step {
        self.try_messages(Recipe::RIGHT)?;
        self.try_each(single_mistakes(&self.wrong_values(Cost::Low), Cost::Low))
    }

    fn try_all(&self) -> Step {
        self.try_messages(Recipe::RIGHT)?;
        let mut few = self.wrong_values(Cost::Low);
        if self.evidence.message.body.len() > LARGE_BODY {
            self.try_each(single_mistakes(&few, Cost::Low))?;
            self.check_time()?;
            return self.try_hashes(Recipe::RIGHT);
        }
        // These are few and likely: a busy machine tries them even when time is up.
        single_mistakes(&few, Cost::Low).try_for_each(|recipe| self.try_messages(recipe))?;
        self.try_hashes(Recipe::RIGHT)?;
        self.check_time()?;
        let reserialized = self.wrong_values(Cost::Reserialize);
        self.try_each(single_mistakes(&reserialized, Cost::Reserialize))?;
        few.extend(reserialized);
        self.try_each(with_endings(&few))?;
        self.try_each(single_mistakes(&self.wrong_values(Cost::High), Cost::High))?;
        self.try_each(with_lines(&few))?;
        self.try_each(two_values(&few))?;
        single_mistakes(&few, Cost::Low).try_for_each(|recipe| {
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
        wrong_values(self.evidence, &self.right_values(), cost)
    }

    /// Tries the messages of a recipe.
    fn try_messages(&self, recipe: Recipe<'_>) -> Step {
        match self.messages(recipe).find(|message| self.recovered.is_of(message)) {
            Some(message) => {
                let mistakes = recipe.mistakes(&self.right_values()).collect();
                Break(Outcome::Found(Found { mistakes, message }))
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
                return Break(Outcome::Found(Found { mistakes, message }));
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
            None => vec![values.to_vec()],
            Some(rule) => (rule.apply)(self.evidence, &values),
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
fn single_mistakes(values: &[WrongValue], cost: Cost) -> impl Iterator<Item = Recipe<'_>> {
    let bodies = values.iter().filter(|wrong| wrong.line == BODY).map(Recipe::value);
    let others = values.iter().filter(|wrong| wrong.line != BODY).map(Recipe::value);
    let endings = ENDINGS.iter().filter(move |rule| rule.cost == cost).map(Recipe::ending);
    bodies.chain(line_mistakes(cost)).chain(endings).chain(others)
}

fn line_mistakes<'a>(cost: Cost) -> impl Iterator<Item = Recipe<'a>> {
    LINES.iter().filter(move |rule| rule.cost == cost).map(Recipe::lines)
}

/// A mistake in a value or in the lines, and one in their endings.
fn with_endings(values: &[WrongValue]) -> impl Iterator<Item = Recipe<'_>> {
    let others = line_mistakes(Cost::Low).chain(values.iter().map(Recipe::value));
    others.flat_map(|recipe| ENDINGS.iter().map(move |rule| Recipe { ending: Some(rule), ..recipe }))
}

/// A mistake in a value, and one in the lines.
fn with_lines(values: &[WrongValue]) -> impl Iterator<Item = Recipe<'_>> {
    values.iter().flat_map(|wrong| {
        line_mistakes(Cost::Low).map(move |recipe| Recipe { values: [Some(wrong), None], ..recipe })
    })
}

/// Mistakes in the values of two lines.
fn two_values(values: &[WrongValue]) -> impl Iterator<Item = Recipe<'_>> {
    values.iter().flat_map(move |one| {
        let others = values.iter().filter(move |other| other.line > one.line);
        others.map(move |other| Recipe { values: [Some(one), Some(other)], ..Recipe::RIGHT })
    })
}
