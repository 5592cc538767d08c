//! Finds the operations of a path.

use std::{collections::HashMap, str::Split};

use crate::{PathTemplate, path::Segment};

/// The paths of a contract, as a tree of segments.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    literals: HashMap<String, Routes>,
    parameter: Option<Box<Routes>>,
    /// Operations whose path ends here: their indices.
    operations: Vec<usize>,
}

impl Routes {
    /// Adds a path and returns the operations that have it, apart from the names of its parameters.
    pub(crate) fn entry(&mut self, path: &PathTemplate) -> &mut Vec<usize> {
        let end = path.segments().fold(self, |node, segment| match segment {
            Segment::Literal(text) => node.literals.entry(text.into()).or_default(),
            Segment::Parameter(_) => node.parameter.get_or_insert_default(),
        });
        &mut end.operations
    }

    /// The operations at a path, still percent-encoded. At the first segment in which two of their paths differ, the
    /// one with a literal there comes before the one with a parameter.
    pub(crate) fn at(&self, path: &str) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(path.split('/'), &mut found);
        found
    }

    /// Takes at most as many steps as the tree has nodes, even for a longer path.
    fn collect(&self, mut path: Split<'_, char>, found: &mut Vec<usize>) {
        let Some(segment) = path.next() else { return found.extend(&self.operations) };
        if let Some(literal) = self.literals.get(segment) {
            literal.collect(path.clone(), found);
        }
        if let Some(parameter) = self.parameter.as_ref().filter(|_| !segment.is_empty()) {
            parameter.collect(path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::path::tests::templates;

    fn routes(templates: &[PathTemplate]) -> Routes {
        let mut routes = Routes::default();
        for (index, template) in templates.iter().enumerate() {
            routes.entry(template).push(index);
        }
        routes
    }

    #[test]
    fn a_literal_beats_a_parameter_in_any_order() {
        let (id, list) = ("/v3/orders/{id}", "/v3/orders/list");
        for (texts, expected) in [([id, list], [1, 0]), ([list, id], [0, 1])] {
            let templates = texts.map(|text| text.parse().unwrap());
            assert_eq!(routes(&templates).at("/v3/orders/list"), expected);
        }
    }

    #[test]
    fn a_literal_without_a_match_gives_way_to_a_parameter() {
        let templates = ["/{a}/b", "/a/c"].map(|text| text.parse().unwrap());
        assert_eq!(routes(&templates).at("/a/b"), [0]);
    }

    proptest! {
        #[test]
        fn the_tree_finds_the_same_as_comparing_each_template(
            templates in vec(templates(), 1..8),
            path in "(/(a|b|c|)){1,4}",
        ) {
            let found = routes(&templates).at(&path);

            let has = |index: &usize| templates[*index].values(&path).is_some();
            let mut expected: Vec<_> = (0..templates.len()).filter(has).collect();
            let is_parameter = |segment| matches!(segment, Segment::Parameter(_));
            expected.sort_by_key(|index| {
                templates[*index].segments().map(is_parameter).collect::<Vec<_>>()
            });
            prop_assert_eq!(found, expected);
        }
    }
}
