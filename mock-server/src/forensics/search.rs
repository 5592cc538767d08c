//! Which message was signed: the right one, one with a mistake in it, one with two.

use std::time::Instant;

use wechatpay_protocol::Recovered;

use crate::forensics::{
    Case, Hypothesis, digest,
    layout::{self, ENDINGS, EndingMistake, ORDERS, OrderMistake},
    value::{Effort, TABLES},
};

/// A message that was signed, and the mistakes that made it out of the right one.
pub(super) struct Found {
    pub(super) mistakes: Vec<&'static Hypothesis>,
    pub(super) message: Vec<u8>,
}

/// What a search came to.
pub(super) enum Outcome {
    Found(Found),
    /// Every message was tried.
    NotFound,
    /// Time was up before every message was tried.
    OutOfTime,
}

/// Bodies over this size are not rewritten, nor are two mistakes looked for.
const LARGE: usize = 64 * 1024;

/// Finds the message that was signed, the simplest explanation first.
pub(super) fn search(case: &Case<'_>, recovered: &Recovered, deadline: Instant) -> Outcome {
    let search = Search { case, recovered, deadline };
    match search.run() {
        Err(outcome) => outcome,
        Ok(()) => Outcome::NotFound,
    }
}

/// Finds the message of which this is a mere hash; only the likeliest are tried.
pub(super) fn search_hash(case: &Case<'_>, hash: &Recovered, deadline: Instant) -> Outcome {
    let search = Search { case, recovered: hash, deadline };
    let little = candidates(case, Effort::Little);
    match search.messages(Recipe::RIGHT).and_then(|()| search.all(single(&little, Effort::Little))) {
        Err(outcome) => outcome,
        Ok(()) => Outcome::NotFound,
    }
}

struct Search<'a> {
    case: &'a Case<'a>,
    recovered: &'a Recovered,
    deadline: Instant,
}

/// A value that may have been signed in place of the right one.
struct Candidate {
    hypothesis: &'static Hypothesis,
    line: usize,
    value: Vec<u8>,
}

/// How a message is made.
#[derive(Clone, Copy)]
struct Recipe<'a> {
    values: [Option<&'a Candidate>; 2],
    order: Option<&'static OrderMistake>,
    ending: Option<&'static EndingMistake>,
}

/// Goes on, or ends the search: the message is found, or time is up.
type Step = Result<(), Outcome>;

impl Search<'_> {
    fn run(&self) -> Step {
        self.messages(Recipe::RIGHT)?;
        let mut few = candidates(self.case, Effort::Little);
        if self.case.message.body.len() > LARGE {
            self.all(single(&few, Effort::Little))?;
            return self.in_time().and_then(|()| self.hashes(Recipe::RIGHT));
        }
        // These are few and likely: they are tried even if the machine is so busy that time is up already.
        single(&few, Effort::Little).try_for_each(|recipe| self.messages(recipe))?;
        self.hashes(Recipe::RIGHT)?;
        self.in_time()?;
        let rewritten = candidates(self.case, Effort::Rewriting);
        self.all(single(&rewritten, Effort::Rewriting))?;
        few.extend(rewritten);
        self.all(with_endings(&few))?;
        self.all(single(&candidates(self.case, Effort::Many), Effort::Many))?;
        self.all(with_orders(&few))?;
        self.all(two_values(&few))?;
        single(&few, Effort::Little).try_for_each(|recipe| self.in_time().and_then(|()| self.hashes(recipe)))
    }

    /// Tries these while there is time.
    fn all<'c>(&self, mut recipes: impl Iterator<Item = Recipe<'c>>) -> Step {
        recipes.try_for_each(|recipe| self.in_time().and_then(|()| self.messages(recipe)))
    }

    fn in_time(&self) -> Step {
        if Instant::now() > self.deadline { Err(Outcome::OutOfTime) } else { Ok(()) }
    }

    /// The messages that a recipe makes.
    fn messages(&self, recipe: Recipe<'_>) -> Step {
        self.made(recipe, |message| {
            if self.recovered.is_of(&message) { self.found(recipe, None, message) } else { Ok(()) }
        })
    }

    /// The hashes of these messages, taken for messages themselves.
    fn hashes(&self, recipe: Recipe<'_>) -> Step {
        self.made(recipe, |message| {
            let mut hashes = digest::signed_in_place_of(&message).into_iter();
            match hashes.find(|hash| self.recovered.is_of(hash)) {
                Some(hash) if recipe.is_right() => self.found(recipe, Some(digest::hash_signed()), hash),
                Some(_) => self.found(recipe, Some(digest::hash_signed()), message),
                None => Ok(()),
            }
        })
    }

    fn made(&self, recipe: Recipe<'_>, mut tried: impl FnMut(Vec<u8>) -> Step) -> Step {
        let timestamp = self.case.message.timestamp.to_string();
        let mut values = right_values(self.case, &timestamp);
        for candidate in recipe.values.into_iter().flatten() {
            values[candidate.line] = &candidate.value;
        }
        let orders = match recipe.order {
            None => vec![layout::lines(&values)],
            Some(order) => (order.lines)(self.case, &values),
        };
        for lines in orders {
            match recipe.ending {
                None => tried(layout::message(&lines))?,
                Some(ending) => (ending.messages)(&lines).into_iter().try_for_each(&mut tried)?,
            }
        }
        Ok(())
    }

    fn found(&self, recipe: Recipe<'_>, hashed: Option<&'static Hypothesis>, message: Vec<u8>) -> Step {
        let mistakes = hashed.into_iter().chain(recipe.mistakes()).collect();
        Err(Outcome::Found(Found { mistakes, message }))
    }
}

impl<'a> Recipe<'a> {
    const RIGHT: Self = Self { values: [None, None], order: None, ending: None };

    fn of_value(value: &'a Candidate) -> Self {
        Self { values: [Some(value), None], ..Self::RIGHT }
    }

    fn of_order(order: &'static OrderMistake) -> Self {
        Self { order: Some(order), ..Self::RIGHT }
    }

    fn of_ending(ending: &'static EndingMistake) -> Self {
        Self { ending: Some(ending), ..Self::RIGHT }
    }

    fn is_right(&self) -> bool {
        self.mistakes().next().is_none()
    }

    fn mistakes(&self) -> impl Iterator<Item = &'static Hypothesis> + use<> {
        let [one, other] = self.values.map(|value| value.map(|value| value.hypothesis));
        let order = self.order.map(|order| &order.hypothesis);
        let ending = self.ending.map(|ending| &ending.hypothesis);
        [one, other, order, ending].into_iter().flatten()
    }
}

fn right_values<'a>(case: &Case<'a>, timestamp: &'a str) -> layout::Values<'a> {
    let message = &case.message;
    [
        message.method.as_bytes(),
        message.target.as_bytes(),
        timestamp.as_bytes(),
        message.nonce_str.as_bytes(),
        message.body,
    ]
}

/// The values of all mistakes of this effort.
fn candidates(case: &Case<'_>, effort: Effort) -> Vec<Candidate> {
    let timestamp = case.message.timestamp.to_string();
    let right = right_values(case, &timestamp);
    let mut candidates: Vec<Candidate> = Vec::new();
    for (line, table) in TABLES.into_iter().enumerate() {
        let first = candidates.len();
        for mistake in table.iter().filter(|mistake| mistake.effort == effort) {
            for value in (mistake.signed)(case) {
                let is_new =
                    effort == Effort::Many || candidates[first..].iter().all(|other| other.value != value);
                if is_new && value != right[line] {
                    candidates.push(Candidate { hypothesis: &mistake.hypothesis, line, value });
                }
            }
        }
    }
    candidates
}

const BODY: usize = 4;

/// One mistake. What is wrong about the body comes before what is wrong about line ends: the last newline of a body,
/// trimmed, is both.
fn single(values: &[Candidate], effort: Effort) -> impl Iterator<Item = Recipe<'_>> {
    let of_lines = |is_meant: fn(usize) -> bool| {
        values.iter().filter(move |value| is_meant(value.line)).map(Recipe::of_value)
    };
    let orders = ORDERS.iter().filter(move |order| order.effort == effort).map(Recipe::of_order);
    let endings = ENDINGS.iter().filter(move |_| effort == Effort::Little).map(Recipe::of_ending);
    of_lines(|line| line == BODY).chain(orders).chain(endings).chain(of_lines(|line| line != BODY))
}

fn orders() -> impl Iterator<Item = &'static OrderMistake> {
    ORDERS.iter().filter(|order| order.effort == Effort::Little)
}

/// A mistake in a value or in the order, and one in how lines end.
fn with_endings(values: &[Candidate]) -> impl Iterator<Item = Recipe<'_>> {
    let other = orders().map(Recipe::of_order).chain(values.iter().map(Recipe::of_value));
    other.flat_map(|recipe| ENDINGS.iter().map(move |ending| Recipe { ending: Some(ending), ..recipe }))
}

/// A mistake in a value, and one in the order.
fn with_orders(values: &[Candidate]) -> impl Iterator<Item = Recipe<'_>> {
    values
        .iter()
        .flat_map(|value| orders().map(move |order| Recipe { order: Some(order), ..Recipe::of_value(value) }))
}

/// Mistakes in the values of two lines.
fn two_values(values: &[Candidate]) -> impl Iterator<Item = Recipe<'_>> {
    values.iter().flat_map(move |one| {
        let others = values.iter().filter(move |other| other.line > one.line);
        others.map(move |other| Recipe { values: [Some(one), Some(other)], ..Recipe::RIGHT })
    })
}
