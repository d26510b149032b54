//! The change of a runner's configuration, without its secrets.

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::SOCKET;

/// The keys whose values are shown, to identify the runner.
const HARMLESS: &[&str] =
    &["executor", "host", "id", "image", "name", "privileged", "tls_verify", "url", "volumes"];
/// The replacement of every other value.
const HIDDEN: &str = "[hidden]";

/// Adds the volume to a runner, in the style of its other volumes.
pub(super) fn bind(document: &mut DocumentMut, number: usize) {
    let runner = match document.get_mut("runners") {
        Some(Item::ArrayOfTables(tables)) => tables.get_mut(number),
        // An inline table is not changed, only reported.
        _ => None,
    };
    let Some(runner) = runner else { return };
    let docker = runner.entry("docker").or_insert_with(toml_edit::table);
    let Some(docker) = docker.as_table_like_mut() else { return };
    let host =
        docker.get("host").and_then(Item::as_str).and_then(|host| host.strip_prefix("unix://"));
    let volume = format!("{}:{SOCKET}", host.filter(|host| !host.is_empty()).unwrap_or(SOCKET));
    if let Some(volumes) = docker.get_mut("volumes").and_then(Item::as_array_mut) {
        let is_tall = volumes.iter().any(|volume| {
            let prefix = volume.decor().prefix().and_then(|prefix| prefix.as_str());
            prefix.is_some_and(|prefix| prefix.contains('\n'))
        });
        let like = volumes.get(0).map(|first| first.decor().clone());
        volumes.push(volume);
        if let (true, Some(decor), Some(last)) = (is_tall, like, volumes.iter_mut().last()) {
            *last.decor_mut() = decor;
        }
        return;
    }
    let indent = docker.key("image").or(docker.iter().next().and_then(|(key, _)| docker.key(key)));
    let indent = indent.and_then(|key| key.leaf_decor().prefix().cloned());
    docker.insert("volumes", Item::Value(Value::Array(Array::from_iter([volume]))));
    if let (Some(indent), Some(mut key)) = (indent, docker.key_mut("volumes")) {
        key.leaf_decor_mut().set_prefix(indent);
    }
}

/// Hides every value that is not known to be harmless.
pub(super) fn hide(table: &mut dyn TableLike) {
    for (key, item) in table.iter_mut() {
        match item {
            Item::Table(table) => hide(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| hide(table)),
            Item::Value(Value::InlineTable(table)) => hide(table),
            Item::Value(value) if !HARMLESS.contains(&key.get()) => *value = Value::from(HIDDEN),
            _ => {}
        }
    }
}

/// Hides comments, which may contain an old token, and passwords in URLs.
pub(super) fn scrub(text: &str) -> String {
    let line = |line: &str| match line.split_once('#') {
        Some((code, _)) => format!("{code}# {HIDDEN}"),
        None => match (line.find("://"), line.find('@')) {
            (Some(start), Some(end)) if start < end => {
                format!("{}://{HIDDEN}{}", &line[..start], &line[end..])
            }
            _ => line.to_owned(),
        },
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
