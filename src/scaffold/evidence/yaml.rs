//! A YAML document as a tree with line numbers.
//!
//! The tree has limits: an alias copies what it stands for, so a few lines could otherwise become
//! billions of nodes.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

/// The deepest level of a tree.
const DEEPEST: usize = 48;
/// The most nodes of a tree.
const MOST_NODES: usize = 50_000;

/// A node of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct YamlNode {
    /// The line of its first character, from 1.
    pub(super) line: usize,
    value: YamlValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum YamlValue {
    Scalar(String),
    List(Vec<YamlNode>),
    Map(Vec<(String, YamlNode)>),
}

impl YamlNode {
    /// The value of a key of a map, or of the maps that it merges.
    pub(super) fn get(&self, key: &str) -> Option<&YamlNode> {
        let YamlValue::Map(entries) = &self.value else { return None };
        let own = entries.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        own.or_else(|| {
            let (_, merged) = entries.iter().find(|(name, _)| name == "<<")?;
            match &merged.value {
                YamlValue::List(items) => items.iter().find_map(|item| item.get(key)),
                _ => merged.get(key),
            }
        })
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text of the scalar at a key.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[YamlNode] {
        match &self.value {
            YamlValue::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> &[(String, YamlNode)] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The texts of a list of scalars at a key, or of a scalar.
    pub(super) fn texts_of(&self, key: &str) -> Vec<String> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let mut texts: Vec<String> =
            node.items().iter().filter_map(YamlNode::text).map(str::to_owned).collect();
        texts.extend(node.text().map(str::to_owned));
        texts
    }

    fn size(&self) -> usize {
        match &self.value {
            YamlValue::Scalar(_) => 1,
            YamlValue::List(items) => 1 + items.iter().map(YamlNode::size).sum::<usize>(),
            YamlValue::Map(entries) => {
                1 + entries.iter().map(|(_, value)| value.size()).sum::<usize>()
            }
        }
    }
}

/// A list or map that is not complete yet.
struct OpenNode {
    node: YamlNode,
    anchor: usize,
    key: Option<String>,
}

/// Parses the first document of a text; none if the text is not YAML or exceeds a limit.
pub(super) fn parse(text: &str) -> Option<YamlNode> {
    let mut open: Vec<OpenNode> = Vec::new();
    let mut anchors: BTreeMap<usize, YamlNode> = BTreeMap::new();
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let line = span.start.line();
        let (node, anchor) = match event {
            Event::Scalar(text, _, anchor, _) => {
                nodes += 1;
                (YamlNode { line, value: YamlValue::Scalar(text.into_owned()) }, anchor)
            }
            Event::Alias(anchor) => {
                let node = anchors.get(&anchor)?.clone();
                nodes += node.size();
                (node, 0)
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                return None;
            }
            Event::SequenceStart(anchor, _) => {
                nodes += 1;
                let node = YamlNode { line, value: YamlValue::List(Vec::new()) };
                open.push(OpenNode { node, anchor, key: None });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                nodes += 1;
                let node = YamlNode { line, value: YamlValue::Map(Vec::new()) };
                open.push(OpenNode { node, anchor, key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let done = open.pop()?;
                (done.node, done.anchor)
            }
            Event::DocumentEnd | Event::StreamEnd => return None,
            _ => continue,
        };
        if nodes > MOST_NODES {
            return None;
        }
        if anchor > 0 {
            // An alias inside of its own anchor is not in the table yet.
            nodes += node.size();
            anchors.insert(anchor, node.clone());
        }
        let Some(parent) = open.last_mut() else { return Some(node) };
        match (&mut parent.node.value, parent.key.take()) {
            (YamlValue::List(items), _) => items.push(node),
            (YamlValue::Map(entries), Some(key)) => entries.push((key, node)),
            (YamlValue::Map(_), None) => {
                parent.key = Some(node.text().unwrap_or_default().to_owned());
            }
            (YamlValue::Scalar(_), _) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_the_line_of_their_first_character() {
        let tree = parse("a:\n  - b: 1\n    c: |\n      x\n      y\n  - *none\n");
        assert_eq!(tree, None);
        let tree = parse("a:\n  - b: &x 1\n    c: |\n      x\n      y\n  - *x\n").unwrap();
        let items = tree.get("a").unwrap().items();
        assert_eq!(items[0].get("b").unwrap().line, 2);
        assert_eq!(items[0].get("c").unwrap().line, 4, "of the text, not of its mark");
        assert_eq!(items[0].text_of("c"), Some("x\ny\n"));
        assert_eq!(items[1].text(), Some("1"));
    }

    #[test]
    fn a_merged_map_has_the_keys_of_the_other_one() {
        let tree = parse("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n").unwrap();
        assert_eq!(tree.get("b").unwrap().text_of("x"), Some("1"));
    }

    #[test]
    fn a_hostile_text_is_refused_at_a_limit() {
        assert_eq!(parse(&"[".repeat(100_000)), None);
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            bomb += &format!("a{level}: &a{level} [{below}]\n");
        }
        assert_eq!(parse(&bomb), None);
        assert_eq!(parse("a: &a [*a]"), None);
        for text in ["", "\0", "a: [", "- - -", "? x", "--- ---", "%YAML 9"] {
            parse(text);
        }
    }
}
