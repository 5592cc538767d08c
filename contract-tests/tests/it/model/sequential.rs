//! A sequence of calls of any kind: mock and model agree after each.

use proptest::{prelude::*, sample::select};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;
use wechatpay_client::RightsChange;
use wechatpay_mock::{
    Warning,
    policies::{Arithmetic, NegativeTotal, Policies, Repeat, RepeatMismatch, StaleBefore, UnknownCard},
};

use super::{
    Setup,
    reference::{Change, MEMBERS, MERCHANTS, Member, Model, Outcome},
    refused,
};

prop_state_machine! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_rights_operation_agrees_with_its_model(sequential 1..20 => Mock);
}

/// One step of the sequence.
#[derive(Clone, Debug)]
enum Transition {
    Set(Box<Change>),
    Show { merchant: usize, member: Member },
    Reset,
    ResetMerchant(usize),
}

/// The model, and its outcome of the last change.
#[derive(Clone, Debug)]
struct Reference {
    model: Model,
    outcome: Outcome,
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        policies().prop_map(|policies| Self { model: Model::new(policies), outcome: Ok(Vec::new()) }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Transition> {
        let show =
            (merchants(), members()).prop_map(|(merchant, member)| Transition::Show { merchant, member });
        prop_oneof![
            12 => changes(&state.model).prop_map(|change| Transition::Set(Box::new(change))),
            2 => show,
            1 => Just(Transition::Reset),
            1 => merchants().prop_map(Transition::ResetMerchant),
        ]
        .boxed()
    }

    fn apply(mut state: Self, transition: &Transition) -> Self {
        match transition {
            Transition::Set(change) => state.outcome = state.model.set(change),
            Transition::Show { .. } => {}
            Transition::Reset => state.model.reset(),
            Transition::ResetMerchant(merchant) => state.model.reset_merchant(*merchant),
        }
        state
    }
}

/// A mock, and a runtime to call it from a test that is not `async`.
struct Mock {
    setup: Setup,
    runtime: Runtime,
}

impl StateMachineTest for Mock {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(state: &Reference) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { setup: runtime.block_on(Setup::start(&state.model.policies)), runtime }
    }

    fn apply(mock: Self, state: &Reference, transition: Transition) -> Self {
        match transition {
            Transition::Set(change) => {
                assert_eq!(mock.set(&change), state.outcome, "{change:?}");
                mock.assert_points(&state.model, change.merchant, change.member);
            }
            Transition::Show { merchant, member } => mock.assert_points(&state.model, merchant, member),
            Transition::Reset => mock.setup.mock.reset(),
            Transition::ResetMerchant(merchant) => {
                assert!(mock.setup.mock.reset_merchant(MERCHANTS[merchant]));
            }
        }
        mock
    }

    /// Checks that no change affected another member's card.
    fn teardown(mock: Self, state: Reference) {
        for merchant in 0..MERCHANTS.len() {
            for member in MEMBERS {
                mock.assert_points(&state.model, merchant, member);
            }
        }
    }
}

impl Mock {
    /// The mock's outcome of a change, with the warnings from its journal.
    fn set(&self, change: &Change) -> Outcome {
        let Member { card_id, code } = change.member;
        let client = &self.setup.clients[change.merchant];
        self.runtime
            .block_on(client.set_rights(card_id, code, &change.rights))
            .map_err(|error| refused(&error))?;
        let exchanges = self.setup.mock.exchanges();
        let warnings = exchanges.last().unwrap().warnings.iter();
        let is_about_state = |warning: &&Warning| {
            !matches!(warning, Warning::NonceUsedBefore { .. } | Warning::NoWechatpaySerial)
        };
        Ok(warnings.filter(is_about_state).cloned().collect())
    }

    fn assert_points(&self, model: &Model, merchant: usize, member: Member) {
        let points = self.runtime.block_on(self.setup.points(merchant, member));
        assert_eq!(points, model.points(merchant, member), "{} {member:?}", MERCHANTS[merchant]);
    }
}

fn merchants() -> impl Strategy<Value = usize> {
    0..MERCHANTS.len()
}

fn members() -> impl Strategy<Value = Member> {
    select(MEMBERS.as_slice())
}

/// Changes of every kind: new ones with right and wrong sums, repeated ones, and other changes under a used number.
fn changes(model: &Model) -> BoxedStrategy<Change> {
    let points = model.clone();
    let fitting = any_change().prop_map(move |mut change| {
        let stored = points.points(change.merchant, change.member).unwrap_or_default();
        change.rights.before_bonus_value = Some(stored);
        change.rights.bonus_value = change.rights.add_bonus_value.map(|add| stored.saturating_add(add));
        change
    });
    let accepted = model.accepted();
    if accepted.is_empty() {
        return prop_oneof![any_change(), fitting].boxed();
    }
    let old = select(accepted);
    let other = (old.clone(), any_change()).prop_map(|(old, mut change)| {
        change.merchant = old.merchant;
        change.rights.out_request_no = old.rights.out_request_no;
        change
    });
    prop_oneof![1 => any_change(), 2 => fitting, 1 => old, 1 => other].boxed()
}

fn any_change() -> impl Strategy<Value = Change> {
    let change = |(merchant, member, rights)| Change { merchant, member, rights };
    (merchants(), members(), rights()).prop_map(change)
}

fn rights() -> impl Strategy<Value = RightsChange> {
    // Few numbers, so that merchants use the same ones.
    let numbers = (0..8_u8).prop_map(|number| number.to_string());
    let words = prop::option::of(select(vec!["八折", "九折"]));
    (numbers, prop::option::of(points()), prop::option::of(points()), prop::option::of(points()), words)
        .prop_map(|(number, before, after, add, word)| RightsChange {
            before_bonus_value: before,
            bonus_value: after,
            add_bonus_value: add,
            member_price_word: word.map(String::from),
            ..RightsChange::new(number)
        })
}

/// Small numbers, so that some sums are right by chance; larger ones; and the ends of 64 bits.
fn points() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3..4_i64, 1 => -1000..1000_i64, 1 => select(vec![500, i64::MIN, i64::MAX])]
}

fn policies() -> impl Strategy<Value = Policies> {
    let of_repeats = (
        select(vec![Repeat::Accept, Repeat::Reject]),
        select(vec![RepeatMismatch::Reject, RepeatMismatch::Apply]),
        select(vec![UnknownCard::Create, UnknownCard::Reject]),
    );
    let of_sums = (
        select(vec![StaleBefore::Warn, StaleBefore::Reject]),
        select(vec![Arithmetic::Warn, Arithmetic::Reject]),
        select(vec![NegativeTotal::Warn, NegativeTotal::Reject]),
    );
    (of_repeats, of_sums).prop_map(
        |((repeat, repeat_mismatch, unknown_card), (stale_before, arithmetic, negative_total))| Policies {
            repeat,
            repeat_mismatch,
            unknown_card,
            stale_before,
            arithmetic,
            negative_total,
            ..Policies::default()
        },
    )
}
