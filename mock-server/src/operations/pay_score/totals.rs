//! What a service costs: the payments less the discounts.

use serde_json::Value;

use super::order::ServiceOrder;
use crate::api::operation_error::OperationError;

/// The total of a completion or a change, in fen.
///
/// # Errors
/// If it is not the sum of its payments less its discounts (documented), or more than the order may cost.
pub(super) fn total(body: &Value) -> Result<u64, OperationError> {
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

    #[test]
    fn an_absent_amount_or_list_counts_as_nothing() {
        assert_eq!(total(&json!({ "post_payments": [{ "name": "x" }], "total_amount": 0 })), Ok(0));
        assert_eq!(total(&json!({ "total_amount": 1 })), Err(OperationError::ServiceTotal));
    }

    proptest! {
        #[test]
        fn a_total_is_right_only_if_it_is_the_payments_less_the_discounts(
            payments in prop::collection::vec(any::<i64>(), 0..5),
            discounts in prop::collection::vec(any::<i64>(), 0..5),
            off in -2_i64..=2,
        ) {
            let sum = |amounts: &[i64]| amounts.iter().map(|one| i128::from(*one)).sum::<i128>();
            let right = sum(&payments) - sum(&discounts);
            if let Ok(right) = i64::try_from(right)
                && let Some(given) = right.checked_add(off)
            {
                let expected = u64::try_from(given).ok().filter(|_| off == 0);
                prop_assert_eq!(total(&body(&payments, &discounts, given)).ok(), expected);
            }
        }
    }
}
