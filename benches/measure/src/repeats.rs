//! Several things, measured again and again in an order that spares none of them what the machine does meanwhile.

/// Things, each with what was measured of it so far.
pub(crate) struct Series<T, M> {
    things: Vec<(T, Vec<M>)>,
    repeats: usize,
}

impl<T, M> Series<T, M> {
    pub(crate) fn of(things: impl IntoIterator<Item = T>) -> Self {
        Self { things: things.into_iter().map(|thing| (thing, Vec::new())).collect(), repeats: 0 }
    }

    /// Measures all of them once more, every other time from the last to the first. What failed once fails again, so it is
    /// left out.
    pub(crate) async fn repeat(&mut self, mut measure: impl AsyncFnMut(&T) -> Option<M>) {
        for (thing, measured) in &mut self.things {
            if measured.len() == self.repeats {
                measured.extend(measure(thing).await);
            }
        }
        self.repeats += 1;
        self.things.reverse();
    }

    /// All of which anything was measured, in the order in which they were given.
    pub(crate) fn measured(mut self) -> impl Iterator<Item = (T, Vec<M>)> {
        if !self.repeats.is_multiple_of(2) {
            self.things.reverse();
        }
        self.things.into_iter().filter(|(_, measured)| !measured.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_other_repeat_goes_from_the_last_to_the_first() {
        let mut series = Series::of(["a", "b", "c"]);
        let mut order = String::new();
        for _ in 0..3 {
            series
                .repeat(async |thing| {
                    order.push_str(thing);
                    Some(order.len())
                })
                .await;
        }
        assert_eq!(order, "abccbaabc");
        let measured: Vec<_> = series.measured().collect();
        assert_eq!(measured, [("a", vec![1, 6, 7]), ("b", vec![2, 5, 8]), ("c", vec![3, 4, 9])]);
    }

    #[tokio::test]
    async fn what_failed_once_is_not_measured_again_and_what_came_before_is_kept() {
        let mut series = Series::of(["never", "once", "always"]);
        let mut calls = 0;
        for repeat in 0..3 {
            series
                .repeat(async |thing| {
                    calls += 1;
                    (*thing == "always" || (*thing == "once" && repeat == 0)).then_some(repeat)
                })
                .await;
        }
        assert_eq!(calls, 1 + 2 + 3);
        let measured: Vec<_> = series.measured().collect();
        assert_eq!(measured, [("once", vec![0]), ("always", vec![0, 1, 2])]);
    }
}
