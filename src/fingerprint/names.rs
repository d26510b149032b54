//! Names the parts behind a fingerprint: arguments, variables, and the options of a tool's config.
//!
//! Values are hashed, because they can be secret. `why` and `compare` report a difference by these
//! names, so everything that changes a fingerprint needs one.

use std::collections::BTreeMap;

use super::{Hash, HashBuilder};
use crate::plan::Step;
use crate::project::ProjectPath;
use crate::tools::command::Command;

/// Names the parts of a step's command.
#[must_use]
pub fn command_parts(step: &Step, launcher: Hash) -> BTreeMap<String, Hash> {
    let all = |values: Vec<&str>| HashBuilder::new("part").with_all(values.into_iter()).hash();
    let strings = |values: &[String]| all(values.iter().map(String::as_str).collect());
    let mut parts = BTreeMap::from([
        ("tool".to_owned(), Hash::of(step.tool.as_bytes())),
        ("launcher".to_owned(), launcher),
        ("sources".to_owned(), all(step.source.iter().map(ProjectPath::as_str).collect())),
        ("grants".to_owned(), strings(&super::grants(step))),
    ]);
    let statuses: Vec<String> = step.findings_exit.iter().map(ToString::to_string).collect();
    parts.insert("exit statuses of findings".to_owned(), strings(&statuses));
    if let Some(findings) = &step.findings {
        let spec = format!("{findings:?}");
        parts.insert("format of findings".to_owned(), Hash::of(spec.as_bytes()));
    }
    if step.per_file {
        parts.insert("results for each file".to_owned(), Hash::of(b"true"));
    }
    if let Some(installation) = &step.installation {
        parts.insert("installation of the project".to_owned(), strings(&installation.operands()));
    }
    if !step.folder.is_root() || !step.import_roots.is_empty() {
        parts.insert("folder".to_owned(), Hash::of(step.folder.as_str().as_bytes()));
        let roots = step.import_roots.iter().map(ProjectPath::as_str).collect();
        parts.insert("packages that it imports".to_owned(), all(roots));
    }
    let args = match &step.command {
        Command::Exec(argv) | Command::Report { argv, .. } => argv,
        Command::Module { module, keeps_own, worker, args, project, report } => {
            let own = format!("{keeps_own}");
            parts.insert("own modules first".to_owned(), Hash::of(own.as_bytes()));
            let worker = format!("{worker:?}");
            parts.insert("worker".to_owned(), Hash::of(worker.as_bytes()));
            let precedence = format!("{project:?}");
            parts.insert("order of packages".to_owned(), Hash::of(precedence.as_bytes()));
            let report = format!("{report:?}");
            parts.insert("report of the tool".to_owned(), Hash::of(report.as_bytes()));
            parts.insert("module".to_owned(), Hash::of(module.as_bytes()));
            args
        }
    };
    let numbered = args.iter().enumerate();
    parts.extend(numbered.map(|(at, arg)| (format!("argument {at}"), Hash::of(arg.as_bytes()))));
    let variables = step.env.iter();
    parts.extend(
        variables.map(|(name, value)| (format!("variable `{name}`"), Hash::of(value.as_bytes()))),
    );
    let secrets = super::secrets(step).into_iter();
    parts.extend(secrets.map(|(name, digest)| (format!("secret `{name}`"), digest)));
    parts
}

/// Names the options of a tool's config, each with the hash of its value.
#[must_use]
pub fn config_options(path: &ProjectPath, content: &[u8]) -> BTreeMap<String, Hash> {
    let text = String::from_utf8_lossy(content);
    match path.file_name().ends_with(".toml").then(|| text.parse::<toml::Table>()) {
        Some(Ok(table)) => {
            let mut options = BTreeMap::new();
            flatten(String::new(), &toml::Value::Table(table), &mut options);
            options
        }
        // Invalid TOML is read as INI, so that it has parts as well.
        _ => ini_options(&text),
    }
}

fn flatten(name: String, value: &toml::Value, options: &mut BTreeMap<String, Hash>) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            for (key, value) in table {
                let dot = if name.is_empty() { "" } else { "." };
                flatten(format!("{name}{dot}{key}"), value, options);
            }
        }
        value => {
            options.insert(name, Hash::of(value.to_string().as_bytes()));
        }
    }
}

/// Options as Python's `configparser` reads them: `name = value` or `name: value`, continued by
/// indented lines.
fn ini_options(text: &str) -> BTreeMap<String, Hash> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let (mut section, mut option) = (String::new(), None);
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, option) = (name.to_owned(), None);
            continue;
        }
        let is_continued = line.starts_with([' ', '\t']);
        let (name, value) = match (&option, trimmed.split_once(['=', ':'])) {
            (Some(name), _) if is_continued => (String::clone(name), trimmed),
            (_, Some((name, value))) => (format!("[{section}] {}", name.trim()), value.trim()),
            (_, None) => (format!("[{section}] {trimmed}"), ""),
        };
        let known = values.entry(name.clone()).or_default();
        known.push('\n');
        known.push_str(value);
        option = Some(name);
    }
    values.into_iter().map(|(name, value)| (name, Hash::of(value.as_bytes()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, one: &str, other: &str) -> Vec<String> {
        let options =
            |text: &str| config_options(&ProjectPath::new(path).unwrap(), text.as_bytes());
        let (one, other) = (options(one), options(other));
        let all: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        all.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
    }

    #[test]
    fn an_option_that_differs_has_a_name() {
        let toml = "line-length = 88\n[lint]\nselect = ['E', 'F'] # Both.\n";
        assert_eq!(names("ruff.toml", toml, &toml.replace("'F'", "'W'")), ["lint.select"]);
        assert_eq!(names("ruff.toml", toml, &toml.replace("88", "100")), ["line-length"]);
        assert!(names("ruff.toml", toml, &toml.replace("Both", "Two")).is_empty());

        let ini =
            "[MASTER]\njobs=1\ndisable=\n  C0114,\n  C0115\n\n[FORMAT]\nmax-line-length: 88\n";
        assert_eq!(names(".pylintrc", ini, &ini.replace("C0115", "C0116")), ["[MASTER] disable"]);
        assert_eq!(names(".pylintrc", ini, &ini.replace("88", "9")), ["[FORMAT] max-line-length"]);
        assert_eq!(names("mypy.ini", "", "[mypy]\nstrict = True\n"), ["[mypy] strict"]);
    }
}
