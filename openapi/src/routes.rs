//! Finds the operations of a path.

use std::{borrow::Cow, collections::BTreeMap, ops::ControlFlow, ops::Range, str::Split};

use crate::{
    list::List,
    path::{PathTemplate, Segment},
};

/// The paths of a contract, as a tree of segments that lies in three lists.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The first is the root.
    pub(crate) nodes: List<Node>,
    pub(crate) literals: List<Literal>,
    /// Indices of operations.
    pub(crate) ends: List<u32>,
}

/// A place in the tree: what can follow the segments that led to it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The literals that can follow, ordered by their text.
    pub(crate) literals: Range<u32>,
    /// The node after a parameter; the root if none can follow.
    pub(crate) parameter: u32,
    /// The operations whose path ends here.
    pub(crate) ends: Range<u32>,
}

/// A literal segment, and the node after it.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) text: Cow<'static, str>,
    pub(crate) node: u32,
}

/// The same tree while it grows.
#[derive(Debug, Default)]
pub(crate) struct Branch {
    literals: BTreeMap<String, Branch>,
    parameter: Option<Box<Branch>>,
    operations: Vec<u32>,
}

impl Branch {
    /// Adds a path and returns the operations that have it, apart from the names of its parameters.
    pub(crate) fn entry(&mut self, path: &PathTemplate) -> &mut Vec<u32> {
        let end = path.segments().fold(self, |branch, segment| match segment {
            Segment::Literal(text) => branch.literals.entry(text.into()).or_default(),
            Segment::Parameter(_) => branch.parameter.get_or_insert_default(),
        });
        &mut end.operations
    }
}

impl From<Branch> for Routes {
    fn from(root: Branch) -> Self {
        let (mut nodes, mut literals, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut branches = vec![root];
        // Each branch becomes the node of the same index; its own branches go to the end of the list.
        for index in 0.. {
            let Some(branch) = branches.get_mut(index).map(std::mem::take) else { break };
            let first = (literals.len(), ends.len());
            for (text, next) in branch.literals {
                literals.push(Literal { text: text.into(), node: narrow(branches.len()) });
                branches.push(next);
            }
            let parameter = branch.parameter.map_or(0, |next| {
                branches.push(*next);
                narrow(branches.len() - 1)
            });
            ends.extend(branch.operations);
            nodes.push(Node {
                literals: narrow(first.0)..narrow(literals.len()),
                parameter,
                ends: narrow(first.1)..narrow(ends.len()),
            });
        }
        Self { nodes: List::Made(nodes), literals: List::Made(literals), ends: List::Made(ends) }
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a document is shorter than 4 GiB")
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

impl Routes {
    /// Shows the operations at a path, still percent-encoded, until one is taken. At the first segment in which two of
    /// their paths differ, the one with a literal there comes before the one with a parameter.
    pub(crate) fn find<T>(
        &self,
        path: &str,
        mut take: impl FnMut(usize) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        self.find_from(0, path.split('/'), &mut take)
    }

    /// Takes at most as many steps as the tree has nodes, even for a longer path.
    fn find_from<T>(
        &self,
        node: u32,
        mut path: Split<'_, char>,
        take: &mut impl FnMut(usize) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        let node = &self.nodes[node as usize];
        let Some(segment) = path.next() else {
            return self.ends[wide(&node.ends)].iter().try_for_each(|index| take(*index as usize));
        };
        let literals = &self.literals[wide(&node.literals)];
        if let Ok(index) = literals.binary_search_by(|literal| literal.text.as_ref().cmp(segment)) {
            self.find_from(literals[index].node, path.clone(), take)?;
        }
        if node.parameter != 0 && !segment.is_empty() {
            self.find_from(node.parameter, path, take)?;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::path::tests::templates;

    /// The operations at a path, in the order of [`Routes::find`].
    fn at(templates: &[PathTemplate], path: &str) -> Vec<usize> {
        let mut root = Branch::default();
        for (index, template) in templates.iter().enumerate() {
            root.entry(template).push(narrow(index));
        }
        let mut found = Vec::new();
        let _ = Routes::from(root).find(path, |index| {
            found.push(index);
            ControlFlow::<()>::Continue(())
        });
        found
    }

    #[test]
    fn a_literal_beats_a_parameter_in_any_order() {
        let (id, list) = ("/v3/orders/{id}", "/v3/orders/list");
        for (texts, expected) in [([id, list], [1, 0]), ([list, id], [0, 1])] {
            let templates = texts.map(|text| text.parse().unwrap());
            assert_eq!(at(&templates, "/v3/orders/list"), expected);
        }
    }

    #[test]
    fn a_literal_without_a_match_gives_way_to_a_parameter() {
        let templates = ["/{a}/b", "/a/c"].map(|text| text.parse().unwrap());
        assert_eq!(at(&templates, "/a/b"), [0]);
    }

    proptest! {
        #[test]
        fn the_tree_finds_the_same_as_comparing_each_template(
            templates in vec(templates(), 1..8),
            path in "(/(a|b|c|)){1,4}",
        ) {
            let has = |index: &usize| templates[*index].values(&path).is_some();
            let mut expected: Vec<_> = (0..templates.len()).filter(has).collect();
            let is_parameter = |segment| matches!(segment, Segment::Parameter(_));
            expected.sort_by_key(|index| {
                templates[*index].segments().map(is_parameter).collect::<Vec<_>>()
            });
            prop_assert_eq!(at(&templates, &path), expected);
        }
    }
}
