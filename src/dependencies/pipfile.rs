//! The dependencies in a `Pipfile`.

use std::collections::BTreeMap;

use ::toml::Value;
use serde::Deserialize;

use super::{DEFAULT_GROUP, File, Selection, Unreadable, toml};

/// The name of the file.
pub(super) const FILE: &str = "Pipfile";

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Pipfile {
    packages: BTreeMap<String, Value>,
    dev_packages: BTreeMap<String, Value>,
}

pub(super) fn read(text: &str, selection: &Selection) -> Result<File, Unreadable> {
    let Pipfile { packages, dev_packages } = toml(text)?;
    let has_developers = match &selection.groups {
        None => true,
        Some(groups) => groups.iter().any(|group| group == DEFAULT_GROUP),
    };
    let developers = dev_packages.into_iter().filter(|_| has_developers);
    let mut file = File::default();
    for (name, value) in packages.into_iter().chain(developers) {
        match requirement(&name, &value) {
            Some(requirement) => file.declared.push(requirement),
            None => file.left_out.push(name),
        }
    }
    Ok(file)
}

/// A package in the notation of other files; none if it does not come from an index.
fn requirement(name: &str, value: &Value) -> Option<String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let version = match value {
        Value::String(version) => version.as_str(),
        _ => text("version").or_else(|| is_plain(value).then_some("*"))?,
    };
    let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
    let extras: Vec<&str> = extras.filter_map(Value::as_str).collect();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let version = if version == "*" { "" } else { version };
    let marker = text("markers").map(|marker| format!(" ; {marker}")).unwrap_or_default();
    Some(format!("{name}{extras}{version}{marker}"))
}

fn is_plain(value: &Value) -> bool {
    !["file", "git", "hg", "path", "svn"].iter().any(|key| value.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_their_versions_extras_and_markers() {
        let text = "[packages]\nrequests = '*'\nnear = {version = '>=1', extras = ['x']}\n\
                    far = {git = 'https://a.example/far'}\nold = {markers = \"os_name == 'nt'\"}\n\
                    [dev-packages]\nattrs = '==25.1.0'\n";
        let file = read(text, &Selection::default()).unwrap();
        assert_eq!(
            file.declared,
            ["near[x]>=1", "old ; os_name == 'nt'", "requests", "attrs==25.1.0"]
        );
        assert_eq!(file.left_out, ["far"]);
        let none = Selection { groups: Some(Vec::new()), extras: Vec::new() };
        assert_eq!(read(text, &none).unwrap().declared.len(), 3);
    }
}
