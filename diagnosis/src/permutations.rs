//! The orders that a few items can have.

/// Every order of the items. They must be few: five have 120.
pub(crate) fn permutations<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    let Some((last, others)) = items.split_last() else { return vec![Vec::new()] };
    let with_last =
        |order: Vec<T>| (0..items.len()).map(move |at| [&order[..at], &[*last], &order[at..]].concat());
    permutations(others).into_iter().flat_map(with_last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_items_have_six_orders() {
        let mut orders = permutations(&[1, 2, 3]);
        orders.sort_unstable();
        orders.dedup();
        assert_eq!(orders.len(), 6);
    }
}
