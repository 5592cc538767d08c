//! Which mistakes a message may have: those of a request, or those of a response.

use wechatpay_protocol::RequestMessage;

use crate::{
    Evidence,
    known_mistake::Cost,
    layout::{self, EndingRule, LineRule, Lines},
    subject::Subject,
    values::{self, ValueRule, Values, WrongValue},
};

/// The mistakes of a subject.
pub(crate) struct Rules {
    pub(crate) subject: Subject,
    /// The place of the message's first line among the [`Values`]: a response has neither method nor path.
    pub(crate) first: usize,
    /// The tables of wrong values, each with the place of the line that they are for.
    pub(crate) values: &'static [(usize, &'static [ValueRule])],
    pub(crate) lines: &'static [LineRule],
    pub(crate) endings: &'static [EndingRule],
}

pub(crate) static REQUEST: Rules = Rules {
    subject: Subject::Request,
    first: 0,
    values: &values::TABLES,
    lines: layout::LINES,
    endings: layout::ENDINGS,
};

/// A signature to explain, and the mistakes to try.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    /// Of a response, method and path are those of the request, if it is known.
    pub(crate) evidence: &'a Evidence<'a>,
    pub(crate) rules: &'static Rules,
    /// Of a response, the request that it answers.
    pub(crate) answered: Option<&'a RequestMessage<'a>>,
}

impl Case<'_> {
    /// The lines of the right message.
    pub(crate) fn lines<'v>(&self, values: &Values<'v>) -> Lines<'v> {
        values[self.rules.first..].to_vec()
    }

    /// The right message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let timestamp = self.evidence.message.timestamp.to_string();
        layout::message(&self.lines(&values::right_values(self.evidence, &timestamp)))
    }

    /// The wrong values of all rules of this cost.
    pub(crate) fn wrong_values(&self, right: &Values<'_>, cost: Cost) -> Vec<WrongValue> {
        let mut all: Vec<WrongValue> = Vec::new();
        for (line, rule) in self.rules.values().filter(|(_, rule)| rule.cost == cost) {
            for value in (rule.apply)(self.evidence) {
                let is_same = |other: &WrongValue| other.line == line && other.value == value;
                // Values of high cost are many and rarely repeat.
                let is_new = cost == Cost::High || !all.iter().any(is_same);
                if is_new && value != right[line] {
                    all.push(WrongValue { rule, line, value });
                }
            }
        }
        all
    }
}

impl Rules {
    /// Every rule for values, with the place of the line that its values are for.
    pub(crate) fn values(&self) -> impl Iterator<Item = (usize, &'static ValueRule)> {
        self.values.iter().flat_map(|&(line, rules)| rules.iter().map(move |rule| (line, rule)))
    }
}
