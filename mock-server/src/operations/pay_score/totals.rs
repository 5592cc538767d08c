//! What a service costs: the payments less the discounts.

use serde_json::Value;

use super::order::ServiceOrder;
use crate::api::operation_error::OperationError;

/// The total of a completion or a change, in fen.
///
/// # Errors
/// If an item is negative, or if it is not the sum of its payments less its discounts. (documented)
pub(super) fn total(body: &Value) -> Result<u64, OperationError> {
    check_items(body)?;
    let sum = |name: &str| {
        let items = body[name].as_array().into_iter().flatten();
        items.map(|item| i128::from(item["amount"].as_i64().unwrap_or_default())).sum::<i128>()
    };
    let total = body["total_amount"].as_i64().unwrap_or_default();
    match u64::try_from(total) {
        Ok(fen) if i128::from(total) == sum("post_payments") - sum("post_discounts") => Ok(fen),
        _ => Err(OperationError::ServiceTotal),
    }
}

/// # Errors
/// If a payment or a discount is negative.
fn check_items(body: &Value) -> Result<(), OperationError> {
    let items =
        ["post_payments", "post_discounts"].iter().filter_map(|name| body[*name].as_array()).flatten();
    let is_negative = items.filter_map(|item| item["amount"].as_i64()).any(i64::is_negative);
    if is_negative { Err(OperationError::ServiceAmountRange) } else { Ok(()) }
}

/// # Errors
/// If the total is above the order's risk fund, where that is a deposit, or above the service's limit. (documented)
pub(super) fn check_most(order: &ServiceOrder, limit: Option<u64>, total: u64) -> Result<(), OperationError> {
    let most = [order.most(), limit].into_iter().flatten().min();
    if most.is_some_and(|most| total > most) {
        return Err(OperationError::ServiceTotalTooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn body(payments: &[i64], discounts: &[i64], total: i64) -> Value {
        let items =
            |amounts: &[i64]| amounts.iter().map(|amount| json!({ "amount": amount })).collect::<Vec<_>>();
        json!({ "post_payments": items(payments), "post_discounts": items(discounts), "total_amount": total })
    }

    fn amount() -> impl Strategy<Value = i64> {
        prop_oneof![8 => 0..=i64::MAX, 4 => 0..1_000_i64, 1 => any::<i64>()]
    }

    #[test]
    fn a_negative_item_is_out_of_range_even_if_the_total_adds_up() {
        let range = Err(OperationError::ServiceAmountRange);
        assert_eq!(total(&body(&[-1, 2], &[], 1)), range);
        assert_eq!(total(&body(&[1], &[-1], 2)), range);
        assert_eq!(total(&body(&[1], &[1], 0)), Ok(0));
    }

    #[test]
    fn an_absent_amount_or_list_counts_as_nothing() {
        assert_eq!(total(&json!({ "post_payments": [{ "name": "x" }], "total_amount": 0 })), Ok(0));
        assert_eq!(total(&json!({ "total_amount": 1 })), Err(OperationError::ServiceTotal));
    }

    proptest! {
        #[test]
        fn a_total_is_right_only_if_it_is_the_payments_less_the_discounts(
            payments in prop::collection::vec(amount(), 0..5),
            discounts in prop::collection::vec(amount(), 0..5),
            off in -2_i64..=2,
        ) {
            let sum = |amounts: &[i64]| amounts.iter().map(|one| i128::from(*one)).sum::<i128>();
            let right = sum(&payments) - sum(&discounts);
            let is_negative = payments.iter().chain(&discounts).any(|one| *one < 0);
            if let Ok(right) = i64::try_from(right)
                && let Some(given) = right.checked_add(off)
            {
                let expected = u64::try_from(given).ok().filter(|_| off == 0 && !is_negative);
                prop_assert_eq!(total(&body(&payments, &discounts, given)).ok(), expected);
            }
        }
    }
}
