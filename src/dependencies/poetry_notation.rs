//! Poetry's notation of versions, and of the dependencies in its tables.

use toml::Value;

use super::Unreadable;
use crate::version::VersionRange;

/// The keys of a dependency that does not come from an index.
const ELSEWHERE: &[&str] = &["file", "git", "path", "url"];

/// Translates a range of versions, such as `^1.2` or `>=1 <3`, to the notation of PEP 440. A range of all
/// versions is empty; one that no specifiers express, such as `^1 || ^3`, is none.
pub(crate) fn to_specifiers(range: &str) -> Option<String> {
    let mut specifiers: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in range.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        // An operator can stand apart.
        let bound = std::mem::take(&mut operator) + word;
        if bound.chars().all(is_operator) {
            operator = bound;
        } else if bound != "*" {
            specifiers.push(to_specifier(&bound)?);
        }
    }
    let specifiers = specifiers.join(",");
    let is_valid = specifiers.is_empty() || VersionRange::parse(&specifiers).is_some();
    (is_valid && operator.is_empty()).then_some(specifiers)
}

fn is_operator(c: char) -> bool {
    "<>=!~^".contains(c)
}

fn to_specifier(bound: &str) -> Option<String> {
    let version = bound.trim_start_matches(is_operator);
    let operator = &bound[..bound.len() - version.len()];
    let release = || -> Option<Vec<u64>> {
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        version[..end].split('.').map(|number| number.parse().ok()).collect()
    };
    // The bound above increases the number at this place.
    let at = match operator {
        "^" => {
            let release = release()?;
            release.iter().position(|number| *number > 0).unwrap_or(release.len() - 1)
        }
        "~" => release()?.len().min(2) - 1,
        "" => return Some(format!("=={version}")),
        _ => return Some(bound.to_owned()),
    };
    let mut above = release()?;
    above.truncate(at + 1);
    *above.last_mut()? += 1;
    let above: Vec<String> = above.iter().map(ToString::to_string).collect();
    Some(format!(">={version},<{}", above.join(".")))
}

/// Translates a dependency of a table. None if it does not come from an index.
///
/// # Errors
///
/// When its versions cannot be translated.
pub(super) fn to_requirements(
    name: &str,
    value: &Value,
) -> Result<Option<Vec<String>>, Unreadable> {
    let alternatives = match value {
        Value::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let mut requirements = Vec::new();
    for value in alternatives {
        if ELSEWHERE.iter().any(|key| value.get(key).is_some()) {
            return Ok(None);
        }
        requirements.push(to_requirement(name, value)?);
    }
    Ok(Some(requirements))
}

fn to_requirement(name: &str, value: &Value) -> Result<String, Unreadable> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let range = value.as_str().or_else(|| text("version")).unwrap_or("*");
    let unknown = |range: &str| {
        let message = format!("`{range}` of `{name}` cannot be written as a requirement");
        (message, Some("run `poetry lock` with Poetry 2".to_owned()))
    };
    let specifiers = to_specifiers(range).ok_or_else(|| unknown(range))?;
    let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
    let extras: Vec<&str> = extras.filter_map(Value::as_str).collect();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let mut markers: Vec<String> =
        text("markers").map(|it| format!("({it})")).into_iter().collect();
    if let Some(python) = text("python") {
        let specifiers = to_specifiers(python).ok_or_else(|| unknown(python))?;
        markers.extend(specifiers.split(',').filter(|it| !it.is_empty()).map(to_marker));
    }
    let marker = markers.join(" and ");
    let marker = if marker.is_empty() { marker } else { format!(" ; {marker}") };
    Ok(format!("{name}{extras}{specifiers}{marker}"))
}

/// The marker for a bound of Python, such as `>=3.9`.
fn to_marker(specifier: &str) -> String {
    let version = specifier.trim_start_matches(is_operator);
    let operator = &specifier[..specifier.len() - version.len()];
    let is_minor = version.trim_end_matches(".*").split('.').count() == 2;
    let variable = if is_minor { "python_version" } else { "python_full_version" };
    let version = if is_minor { version.trim_end_matches(".*") } else { version };
    format!("{variable} {operator} '{version}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_translated() {
        for (range, expected) in [
            ("^1.2.3", ">=1.2.3,<2"),
            ("^0.2.3", ">=0.2.3,<0.3"),
            ("^0.0.3", ">=0.0.3,<0.0.4"),
            ("^0.0", ">=0.0,<0.1"),
            ("^0", ">=0,<1"),
            ("^1.0a1", ">=1.0a1,<2"),
            ("~1.2.3", ">=1.2.3,<1.3"),
            ("~1", ">=1,<2"),
            ("~=1.4", "~=1.4"),
            ("*", ""),
            ("", ""),
            ("1.2.*", "==1.2.*"),
            ("2.31.0", "==2.31.0"),
            (">= 1.2, < 2", ">=1.2,<2"),
            (">=1.2 !=1.3", ">=1.2,!=1.3"),
        ] {
            assert_eq!(to_specifiers(range).as_deref(), Some(expected), "{range}");
        }
        for range in ["^1 || ^3", "^", "^x", "latest", ">=1,<", "^99999999999999999999"] {
            assert_eq!(to_specifiers(range), None, "{range}");
        }
    }

    #[test]
    fn dependencies_have_extras_and_markers() {
        let table: toml::Table = "\
plain = '^1.2'
full = {version = '>=2', extras = ['a', 'b'], markers = \"os_name == 'nt'\", python = '>=3.8,<3.10'}
old = {python = '3.9.*'}
several = [{version = '<2', python = '<3.8.1'}, {version = '^2'}]
far = {git = 'https://a.example/far'}
"
        .parse()
        .unwrap();
        let requirements = |name: &str| to_requirements(name, &table[name]).unwrap();
        let list = |items: &[&str]| Some(items.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(requirements("plain"), list(&["plain>=1.2,<2"]));
        let markers = "(os_name == 'nt') and python_version >= '3.8' and python_version < '3.10'";
        assert_eq!(requirements("full"), list(&[&format!("full[a,b]>=2 ; {markers}")]));
        assert_eq!(requirements("old"), list(&["old ; python_version == '3.9'"]));
        let several = ["several<2 ; python_full_version < '3.8.1'", "several>=2,<3"];
        assert_eq!(requirements("several"), list(&several));
        assert_eq!(requirements("far"), None);
        let union = Value::String("^1 || ^3".to_owned());
        let (message, hint) = to_requirements("union", &union).unwrap_err();
        assert_eq!(message, "`^1 || ^3` of `union` cannot be written as a requirement");
        assert!(hint.is_some());
    }
}
