//! Reads the commands of jobs in GitHub workflows and `.gitlab-ci.yml`.

use std::collections::BTreeMap;

use super::EvidenceOrigin;
use super::installs::Installed;
use super::tasks::{Call, ScriptReader};
use super::yaml::{self, YamlNode};

/// The most values of a matrix that are put into one command.
const MOST_VALUES: usize = 32;

/// Keys of `.gitlab-ci.yml` that are not jobs.
const GITLAB_KEYS: &[&str] =
    &["cache", "default", "image", "include", "services", "stages", "variables", "workflow"];

/// Reads the commands of all jobs.
pub(super) fn read(files: &BTreeMap<&str, &str>) -> Vec<Call> {
    let mut calls = Vec::new();
    for (file, text) in files {
        if crate::template::origin(text) != crate::template::FileOrigin::Foreign {
            continue;
        }
        if file.starts_with(".github/workflows/") {
            calls.extend(read_workflow(file, text));
        } else if *file == ".gitlab-ci.yml" {
            calls.extend(read_gitlab(file, text));
        }
    }
    calls
}

fn read_workflow(file: &str, text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let Some(tree) = yaml::parse(text) else { return calls };
    for (_, job) in tree.get("jobs").map(YamlNode::entries).unwrap_or_default() {
        if job.text_of("continue-on-error") == Some("true") {
            continue;
        }
        let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
        let folder = job.get("defaults").and_then(|defaults| defaults.get("run"));
        let folder = folder.and_then(|run| run.text_of("working-directory"));
        let mut reader = ScriptReader::default();
        for step in job.get("steps").map(YamlNode::items).unwrap_or_default() {
            if step.text_of("continue-on-error") == Some("true") {
                continue;
            }
            let own = step.text_of("working-directory").or(folder).unwrap_or_default();
            if let Some(run) = step.get("run") {
                let script = run.text().unwrap_or_default();
                let origin = EvidenceOrigin { file: file.to_owned(), line: run.line };
                // The folder of a step and its script have the same values of the matrix.
                for text in expand(&format!("{own}\n{script}"), matrix) {
                    let (own, script) = text.split_once('\n').unwrap_or_default();
                    let own = own.trim_start_matches("./");
                    reader.folder = (!matches!(own, "" | ".")).then(|| own.to_owned());
                    calls.extend(reader.read(script, &origin));
                }
            } else if let Some(call) = action(file, step) {
                calls.push(call);
            }
        }
    }
    calls
}

/// A script with each value of the matrix in the places of `${{ matrix.NAME }}`.
fn expand(script: &str, matrix: Option<&YamlNode>) -> Vec<String> {
    let Some((before, rest)) = script.split_once("${{") else { return vec![script.to_owned()] };
    let Some((expression, after)) = rest.split_once("}}") else { return vec![script.to_owned()] };
    let Some(name) = expression.trim().strip_prefix("matrix.") else {
        return vec![script.to_owned()];
    };
    let mut values = Vec::new();
    let mut path = name.split('.');
    let key = path.next().unwrap_or_default();
    let inner = path.next();
    let text = |node: &YamlNode| match inner {
        Some(inner) => node.text_of(inner).map(str::to_owned),
        None => node.text().map(str::to_owned),
    };
    if let Some(matrix) = matrix {
        values.extend(
            matrix.get(key).map(YamlNode::items).unwrap_or_default().iter().filter_map(text),
        );
        let include = matrix.get("include").map(YamlNode::items).unwrap_or_default();
        values.extend(include.iter().filter_map(|entry| entry.get(key)).filter_map(text));
    }
    if values.is_empty() {
        return vec![script.to_owned()];
    }
    values.truncate(MOST_VALUES);
    let mark = format!("${{{{{expression}}}}}");
    let after = format!("{mark}{after}");
    values.iter().map(|value| format!("{before}{}", after.replace(&mark, value))).collect()
}

/// The command that a well-known action stands for.
fn action(file: &str, step: &YamlNode) -> Option<Call> {
    let uses = step.get("uses")?;
    let name = uses.text()?.split('@').next()?.to_lowercase();
    let with = |key: &str| step.get("with").and_then(|with| with.text_of(key)).unwrap_or_default();
    let command = match name.as_str() {
        "pre-commit/action" => format!("pre-commit run {}", with("extra_args")),
        "j178/prek-action" => format!("pre-commit run {}", with("extra-args")),
        "astral-sh/ruff-action" | "chartboost/ruff-action" => match with("args") {
            "" => format!("ruff check {}", with("src")),
            args => format!("ruff {args} {}", with("src")),
        },
        "psf/black" => {
            let source = if with("src").is_empty() { "." } else { with("src") };
            format!("black {} {source}", with("options"))
        }
        "isort/isort-action" => "isort --check .".to_owned(),
        "codespell-project/actions-codespell" => "codespell".to_owned(),
        "jakebailey/pyright-action" => "pyright".to_owned(),
        _ => return None,
    };
    let origin = EvidenceOrigin { file: file.to_owned(), line: uses.line };
    let mut call =
        Call::from_script(&command, &origin, &Installed::default()).into_iter().next()?;
    call.scope.is_isolated = true;
    let version = with("version");
    let is_exact = version.starts_with(|c: char| c.is_ascii_digit());
    call.scope.version = is_exact.then(|| version.to_owned());
    Some(call)
}

fn read_gitlab(file: &str, text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let Some(tree) = yaml::parse(text) else { return calls };
    for (name, job) in tree.entries() {
        let is_ignored = job.text_of("allow_failure") == Some("true");
        if GITLAB_KEYS.contains(&name.as_str()) || name.starts_with('.') || is_ignored {
            continue;
        }
        let base = extended(&tree, job);
        let of_job = |key: &str| job.get(key).or_else(|| base?.get(key));
        let default = tree.get("default").and_then(|default| default.get("before_script"));
        let before = of_job("before_script").or(default).or(tree.get("before_script"));
        let mut reader = ScriptReader::default();
        for part in [before, of_job("script")].into_iter().flatten() {
            let mut lines: Vec<&YamlNode> = part.items().iter().collect();
            // An anchor puts a list into the list.
            let nested = lines.iter().flat_map(|line| line.items()).collect::<Vec<_>>();
            lines.extend(nested);
            if part.text().is_some() {
                lines.push(part);
            }
            for line in lines {
                if let Some(script) = line.text() {
                    let origin = EvidenceOrigin { file: file.to_owned(), line: line.line };
                    calls.extend(reader.read(script, &origin));
                }
            }
        }
    }
    calls
}

/// The job that a job of GitLab extends.
fn extended<'a>(tree: &'a YamlNode, job: &YamlNode) -> Option<&'a YamlNode> {
    let names = job.texts_of("extends");
    names.iter().rev().find_map(|name| tree.get(name))
}
