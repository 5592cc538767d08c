//! Faults by number, for clients that can't add rules: `MOCK*system-error*0001`, in any number that the merchant generates.
//!
//! A trigger number is `MOCK`, the name of a fault, and any text, separated by `*`. The name can be followed by
//! parameters, each after a `|`: the numbers that the fault takes, and `x` with a number, which limits the fault to the
//! first uses of this trigger number. `MOCK*system-error|x1*0001` fails once, and succeeds when it is sent again.
//!
//! In numbers of letters and digits only, `MOCKsystemerror0001` takes its place, without parameters.
//!
//! A malformed trigger number counts as an ordinary number, with a warning.

use std::hash::{DefaultHasher, Hash, Hasher};

use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    faults::{
        ActiveFault, Applied, FAULTS, Fault, FaultSource, Latency, On, rule::Plan,
        rule_error::check_milliseconds,
    },
    operations::magic::{self, PREFIX},
};

/// How long a number can refuse connections at most, in milliseconds, since that affects all merchants. (own
/// choice)
const LONGEST_REFUSE: u64 = 5_000;

/// A form of trigger number with more than a fault's name, or with another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerForm {
    /// An example: `MOCK*latency|250*0001`.
    pub number: &'static str,
    /// What the example does.
    pub meaning: Phrase,
}

/// Every form of trigger number with more than a fault's name, or with another meaning.
pub const TRIGGER_FORMS: &[TriggerForm] = &[
    TriggerForm { number: "MOCK*latency|250*0001", meaning: phrase!("the response is delayed by 250 ms") },
    TriggerForm {
        number: "MOCK*latency-uniform|100|300*0001",
        meaning: phrase!("the response is delayed by 100 to 300 ms, evenly distributed"),
    },
    TriggerForm {
        number: "MOCK*latency-normal|200|50*0001",
        meaning: phrase!(
            "the response is delayed by about 200 ms, normally distributed with a standard deviation of 50 ms"
        ),
    },
    TriggerForm {
        number: "MOCK*no-answer|5000*0001",
        meaning: phrase!("like no-answer, but the connection is closed after 5000 ms"),
    },
    TriggerForm {
        number: "MOCK*refuse|5000*0001",
        meaning: phrase!("like refuse, but for 5000 ms, the maximum for a number"),
    },
    TriggerForm {
        number: "MOCK*system-error|x1*0001",
        meaning: phrase!(
            "only the first use of this number gets the fault, so that a retry succeeds; x2 means the first two, and \
             so on; works with any fault or latency"
        ),
    },
    TriggerForm {
        number: "MOCKsystemerror0001",
        meaning: phrase!(
            "the same as MOCK*system-error*0001, for numbers of letters and digits only, such as out_bill_no; without \
             hyphens and parameters, with any fault and with any of the names below"
        ),
    },
    TriggerForm {
        number: "MOCK*pay*0001",
        meaning: phrase!("out_trade_no: no fault; the user pays as soon as the order is placed"),
    },
    TriggerForm {
        number: "MOCK*pay-fail*0001",
        meaning: phrase!(
            "out_trade_no: no fault; the user tries to pay, and fails: the order stays unpaid, and a code-payment order becomes PAYERROR"
        ),
    },
    TriggerForm {
        number: "MOCK*user-paying*0001",
        meaning: phrase!(
            "out_trade_no of a code payment: no fault; the user is asked for the password, so the order is USERPAYING"
        ),
    },
    TriggerForm {
        number: "MOCK*refund-abnormal*0001",
        meaning: phrase!(
            "out_refund_no: no fault; the refund becomes ABNORMAL, as if the user's card were gone"
        ),
    },
    TriggerForm {
        number: "MOCK*refund-closed*0001",
        meaning: phrase!("out_refund_no: no fault; the refund becomes CLOSED"),
    },
    TriggerForm {
        number: "MOCK*closed-no-relation*0001",
        meaning: phrase!(
            "out_order_no of profit sharing: no fault; the first receiver gets nothing and is CLOSED, with the fail_reason \
             NO_RELATION; any other reason of the contract works too, as in closed-account-abnormal"
        ),
    },
    TriggerForm {
        number: "MOCK*failed-balance-not-enough*0001",
        meaning: phrase!(
            "out_return_no of profit sharing: no fault; nothing is returned: the return is FAILED, with the fail_reason \
             BALANCE_NOT_ENOUGH; any other reason of the contract works too, as in failed-time-out-closed"
        ),
    },
    TriggerForm {
        number: "MOCKconfirm0001",
        meaning: phrase!(
            "out_bill_no, out_authorization_no: no fault; the user confirms as soon as there is something to confirm"
        ),
    },
    TriggerForm {
        number: "MOCKdecline0001",
        meaning: phrase!(
            "out_bill_no, out_authorization_no: no fault; the user declines as soon as there is something to confirm"
        ),
    },
    TriggerForm {
        number: "MOCKaccountfrozen0001",
        meaning: phrase!(
            "out_bill_no, out_detail_no: no fault; the transfer fails, with the fail_reason ACCOUNT_FROZEN; any other \
             reason of the contract works too"
        ),
    },
    TriggerForm {
        number: "MOCKnotenough0001",
        meaning: phrase!(
            "out_bill_no, out_batch_no: no fault; the transfer is refused, as if the merchant had too little money"
        ),
    },
    TriggerForm {
        number: "MOCKaddress0001",
        meaning: phrase!(
            "out_bill_no, out_batch_no: no fault; the transfer is refused, as if from an address that may not transfer"
        ),
    },
    TriggerForm {
        number: "MOCKusererror0001",
        meaning: phrase!(
            "out_bill_no, out_batch_no: no fault; the transfer is refused, as if something were wrong with the merchant"
        ),
    },
    TriggerForm {
        number: "MOCK*confirm*0001",
        meaning: phrase!(
            "out_order_no of pay score: no fault; the user confirms the service order as soon as it is created"
        ),
    },
    TriggerForm {
        number: "MOCK*pay*0002",
        meaning: phrase!(
            "out_order_no of pay score: no fault; the money is collected as soon as the service order is completed"
        ),
    },
    TriggerForm {
        number: "MOCK*pay-fail*0002",
        meaning: phrase!(
            "out_order_no of pay score: no fault; the money of the service order can't be collected"
        ),
    },
    TriggerForm {
        number: "MOCK*assessment*0001",
        meaning: phrase!(
            "out_order_no: the user is refused with 综合评估未通过: with NO_AUTH if no confirmation is needed, or else when \
             confirming"
        ),
    },
    TriggerForm {
        number: "MOCK*overdue*0001",
        meaning: phrase!("out_order_no: the same with 存在待处理的超时未支付订单"),
    },
    TriggerForm {
        number: "MOCK*teenager*0001",
        meaning: phrase!(
            "out_order_no: the same with 已开启青少年模式支付限额，暂无法使用支付分先用后付服务"
        ),
    },
    TriggerForm {
        number: "MOCK*deducting*0001",
        meaning: phrase!(
            "out_order_no: the service order can't be completed, changed or collected: 单据正在扣款中，请稍后重试"
        ),
    },
];

/// What a trigger number asks for.
#[derive(Clone, Debug)]
pub(super) struct TriggerNumber {
    pub(super) plan: Plan,
    /// How many uses of the number get the fault.
    pub(super) times: Option<u64>,
}

impl TriggerNumber {
    /// The fault for the n-th use of the number, if that use gets it.
    pub(super) fn fault(self, nth: u64) -> Option<ActiveFault> {
        let applies = self.times.is_none_or(|times| nth <= times);
        applies.then(|| ActiveFault::new(FaultSource::TriggerNumber, self.plan, nth))
    }
}

/// Parses the number in the field of this name; `None` if it is an ordinary one.
///
/// # Errors
/// What is wrong with a trigger number, in words.
pub(super) fn trigger_number(name: &str, number: &str) -> Option<Result<TriggerNumber, String>> {
    if magic::name_in(number).is_some_and(is_for_operations) {
        return None;
    }
    let of_requests = FAULTS.iter().filter(|fault| fault.is_of(On::Request)).map(|fault| fault.name());
    let bare = magic::bare_in(number, of_requests);
    let spec = bare.or_else(|| number.strip_prefix(PREFIX))?;
    let named = bare.or_else(|| spec.split_once('*').map(|(spec, _)| spec));
    let mut seed = DefaultHasher::new();
    number.hash(&mut seed);
    let trigger = match named {
        Some(spec) => read(spec, seed.finish()),
        None => Err(text!("expected MOCK*FAULT*ANYTHING, found no * after {spec:?}")),
    };
    Some(trigger.map_err(|problem| text!("{name}: {problem}")))
}

/// Whether a name in a number is no fault, but says what happens to an order, a refund or a sharing.
fn is_for_operations(name: &str) -> bool {
    magic::names().any(|known| known == name)
}

fn read(spec: &str, seed: u64) -> Result<TriggerNumber, String> {
    let mut parts = spec.split('|');
    let name = parts.next().unwrap_or_default();
    let (mut numbers, mut times) = (Vec::new(), None);
    for part in parts {
        match part.strip_prefix('x') {
            Some(digits) if times.is_none() => times = Some(number(digits, part, spec)?),
            Some(_) => return Err(text!("expected x and a number once, found {part:?} after another")),
            None => numbers.push(number(part, part, spec)?),
        }
    }
    Ok(TriggerNumber { plan: plan(name, &numbers, seed)?, times })
}

fn number(digits: &str, part: &str, spec: &str) -> Result<u64, String> {
    let number = digits.parse().ok().filter(|number| *number > 0 || part == digits);
    number.ok_or_else(|| {
        text!("expected a number, or x and a number of 1 or more, after | in {spec:?}, found {part:?}")
    })
}

fn plan(name: &str, numbers: &[u64], seed: u64) -> Result<Plan, String> {
    let late = |latency: Latency| {
        latency.check().map_err(|error| error.to_string())?;
        Ok(Plan {
            fault: None,
            error: None,
            latency: Some(latency),
            seed,
            milliseconds: None,
            is_applied: true,
        })
    };
    match (name, numbers) {
        ("latency", &[fixed]) => return late(Latency::Fixed(fixed)),
        ("latency-uniform", &[from, to]) => return late(Latency::Uniform { from, to }),
        ("latency-normal", &[mean, deviation]) => return late(Latency::Normal { mean, deviation }),
        ("latency", _) => return Err(text!("expected latency|MILLISECONDS")),
        ("latency-uniform", _) => return Err(text!("expected latency-uniform|FROM|TO, in milliseconds")),
        ("latency-normal", _) => {
            return Err(text!("expected latency-normal|MEAN|DEVIATION, in milliseconds"));
        }
        _ => {}
    }
    let fault: Fault = name.parse().map_err(|error: super::UnknownFault| error.to_string())?;
    if !fault.is_of(On::Request) {
        return Err(text!(
            "expected a fault of requests, found {fault}, which only callbacks have; use a rule"
        ));
    }
    let milliseconds = match numbers {
        [] => None,
        &[milliseconds] if fault == Fault::Refuse && milliseconds > LONGEST_REFUSE => {
            return Err(text!(
                "expected at most {LONGEST_REFUSE} after {fault}, which affects all merchants, found {milliseconds}; a rule can set more"
            ));
        }
        &[milliseconds] if fault.lasts() => {
            check_milliseconds(milliseconds).map_err(|error| error.to_string())?;
            Some(milliseconds)
        }
        _ if fault.lasts() => {
            return Err(text!("expected one number after {fault}, found {count}", count = numbers.len()));
        }
        _ => return Err(text!("expected no number after {fault}, found {count}", count = numbers.len())),
    };
    let is_applied = fault.applied() != Applied::No;
    Ok(Plan { fault: Some(fault), error: None, latency: None, seed, milliseconds, is_applied })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger_number(number: &str) -> Option<Result<TriggerNumber, String>> {
        super::trigger_number("out_trade_no", number)
    }

    #[test]
    fn an_ordinary_number_triggers_nothing() {
        for number in ["100002322019090134234sfdf", "MOCK", "MOCK-reset-1", "mock*reset*1", "1MOCK*reset*1"] {
            assert!(trigger_number(number).is_none(), "{number}");
        }
    }

    #[test]
    fn a_trigger_number_names_a_fault_and_its_parameters() {
        let trigger = trigger_number("MOCK*no-answer|50|x2*0001").unwrap().unwrap();
        assert_eq!(
            (trigger.plan.fault, trigger.plan.milliseconds, trigger.times),
            (Some(Fault::NoAnswer), Some(50), Some(2))
        );
    }

    #[test]
    fn every_listed_form_is_valid() {
        let listed = FAULTS.iter().map(|fault| fault.trigger_number());
        for number in listed.chain(TRIGGER_FORMS.iter().map(|form| form.number.into())) {
            let is_no_fault = magic::name_in(&number).is_some_and(is_for_operations);
            let is_reason = number.starts_with("MOCKaccountfrozen");
            assert_eq!(trigger_number(&number).is_none(), is_no_fault || is_reason, "{number}");
            assert!(trigger_number(&number).is_none_or(|read| read.is_ok()), "{number}");
            let is_legal = |one: char| one.is_ascii_alphanumeric() || "_-|*".contains(one);
            assert!(number.chars().all(is_legal) && number.len() <= 128, "{number}");
        }
    }

    #[test]
    fn letters_and_digits_are_enough_to_name_a_fault() {
        let fault = |number| trigger_number(number).unwrap().unwrap().plan.fault.unwrap();
        assert_eq!(fault("MOCKsystemerror0001"), Fault::SystemError);
        assert_eq!(fault("MOCKsystemerrorapplied0001"), Fault::SystemErrorApplied);
        assert!(trigger_number("MOCKsystem0001").is_none() && trigger_number("MOCKpay1").is_none());
        let bare = |name: &str| name.replace('-', "");
        for (name, fault) in magic::names().flat_map(|name| FAULTS.iter().map(move |fault| (name, fault))) {
            let (name, fault) = (bare(name), bare(fault.name()));
            assert!(!name.starts_with(&fault) && !fault.starts_with(&name), "{name} and {fault}");
        }
    }

    #[test]
    fn a_trigger_number_can_set_latency() {
        let latency = |number| trigger_number(number).unwrap().unwrap().plan.latency.unwrap();
        assert_eq!(latency("MOCK*latency|250*1"), Latency::Fixed(250));
        assert_eq!(latency("MOCK*latency-uniform|100|200*1"), Latency::Uniform { from: 100, to: 200 });
        let normal = Latency::Normal { mean: 100, deviation: 20 };
        assert_eq!(latency("MOCK*latency-normal|100|20*1"), normal);
    }

    #[test]
    fn a_malformed_trigger_number_gives_the_reason() {
        let problem = |number| trigger_number(number).unwrap().unwrap_err();
        let misspelt = problem("MOCK*sytem-error*1");
        assert!(misspelt.starts_with("out_trade_no: expected"), "{misspelt}");
        assert!(misspelt.contains("did you mean system-error?"), "{misspelt}");
        assert!(problem("MOCK*reset|5*1").contains("no number"));
        assert!(problem("MOCK*reset|xyz*1").contains("found \"xyz\""));
        assert!(problem("MOCK*latency*1").contains("latency|MILLISECONDS"));
        assert!(problem("MOCK*reset").contains("found no * after \"reset\""));
        assert!(problem("MOCK*reset|x0*1").contains("of 1 or more"));
        assert!(problem("MOCK*reset|x1|x2*1").contains("found \"x2\" after another"));
        assert!(problem("MOCK*no-answer|1|2*1").contains("expected one number after no-answer, found 2"));
    }

    #[test]
    fn no_trigger_number_causes_a_longer_wait_than_a_rule_can() {
        for spec in ["latency|600001", "latency-uniform|0|600001", "no-answer|600001"] {
            let problem = trigger_number(&format!("MOCK*{spec}*1")).unwrap().unwrap_err();
            assert!(problem.contains("expected 0 to 600000, found 600001"), "{problem}");
        }
        let refuse = trigger_number("MOCK*refuse|5001*1").unwrap().unwrap_err();
        assert!(refuse.contains("expected at most 5000 after refuse"), "{refuse}");
        assert!(trigger_number("MOCK*refuse|5000*1").unwrap().is_ok());
        let beyond_64_bits = trigger_number("MOCK*latency|18446744073709551616*1").unwrap().unwrap_err();
        assert!(beyond_64_bits.contains("expected a number"), "{beyond_64_bits}");
    }
}
