//! Collects the grant requests of a project, with the content that each depends on.
//!
//! The content includes the files that the command of a requesting check names, the config of its
//! tool, and the files that a custom Dockerfile copies into an image.

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, GrantReview, candidates, content, store, words};
use crate::cache::Index;
use crate::check::{Grant, GrantRequest, Requester, Standing, StepId};
use crate::config::{Check, Config, EngineChoice, EngineSource};
use crate::discover;
use crate::engine;
use crate::env_vars::EnvVars;
use crate::environment::recipe;
use crate::hash::Hash;
use crate::plan::{self, FileSet, Known, Request, Step};
use crate::process::Cancel;
use crate::project::{Manifest, Project, ProjectPath};
use crate::read::{self, SizeLimit};
use crate::snapshot::Inventory;

/// Whether requests for the grant `host` are collected.
///
/// Exhaustive: there is nothing between yes and no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostRequests {
    /// They are: each check may run without a sandbox.
    Included,
    /// They are not.
    Omitted,
}

/// Collects all requests of a project, each with the user's earlier decision.
#[must_use]
pub fn asked(
    project: &Project,
    config: &Config,
    variables: &EnvVars,
    host: HostRequests,
) -> Vec<GrantReview> {
    let of_check = |check| of_check(project, config, check, host);
    let mut all: Vec<GrantReview> = config.checks.iter().flat_map(of_check).collect();
    all.extend(of_dockerfile(project, config));
    if host == HostRequests::Included {
        all.extend(of_engine(config, variables));
    }
    // Skip the state folder when there are no requests.
    if !all.is_empty() {
        let record = store::read(variables, &project.identity);
        for GrantReview { ask, content, .. } in &mut all {
            ask.standing = match &record {
                Ok(Some(record)) => record.standing(ask, content),
                Ok(None) => Standing::New,
                Err(error) => Standing::Unbelieved(error.to_string()),
            };
        }
    }
    all
}

/// The checks that need the grant `host` without a sandbox.
#[must_use]
pub fn checks_for_host(project: &Project, config: &Config) -> BTreeSet<StepId> {
    let needs_it = |check: &&Check| {
        let step = plan::step(config, &Known::default(), check, &Request::default());
        find_host_reason(project, &step, &list_files(project, &step)).is_some()
    };
    config.checks.iter().filter(needs_it).map(|check| check.id.clone()).collect()
}

/// Whether the user accepts that the project chooses an engine without a sandbox.
#[must_use]
pub fn is_engine_trusted(project: &Project, config: &Config, variables: &EnvVars) -> bool {
    let Some(GrantReview { ask, content, .. }) = of_engine(config, variables) else {
        return false;
    };
    let record = store::read(variables, &project.identity).ok().flatten();
    record.is_some_and(|record| record.standing(&ask, &content) == Standing::Trusted)
}

/// The request of a project that chooses an engine without a sandbox, where this machine has another.
fn of_engine(config: &Config, variables: &EnvVars) -> Option<GrantReview> {
    if config.engine != EngineChoice::Venv || config.engine_source == EngineSource::User {
        return None;
    }
    let program = engine::find_container_program(variables)?;
    let why = format!(
        "`engine = \"venv\"` in {} chooses checks without a container, although `{program}` is \
         installed",
        config.manifest
    );
    Some(GrantReview {
        ask: GrantRequest::new(Requester::Project, Grant::Host, why),
        content: Content::from([("its engine".to_owned(), Hash::of(b"venv"))]),
        command: Vec::new(),
        files: Vec::new(),
    })
}

fn of_check(
    project: &Project,
    config: &Config,
    check: &Check,
    host: HostRequests,
) -> Vec<GrantReview> {
    if check.asks.is_empty() && host == HostRequests::Omitted {
        return Vec::new();
    }
    let step = plan::step(config, &Known::default(), check, &Request::default());
    let paths = match host {
        HostRequests::Included => list_files(project, &step),
        HostRequests::Omitted => Vec::new(),
    };
    let host_reason = match host {
        HostRequests::Included => find_host_reason(project, &step, &paths),
        HostRequests::Omitted => None,
    };
    let words = words(config, &step);
    // A variable can also name a file that a shell or Python runs at startup.
    let named = words.iter().chain(step.env.values()).map(String::as_str);
    // A word is relative to the folder that the check runs in, or to the root.
    let named = candidates(named).into_iter().flat_map(|path| {
        let own = step.folder.join(path.as_str()).ok();
        own.into_iter().chain([path])
    });
    let mut files: BTreeSet<ProjectPath> = named.filter(|path| is_file(project, path)).collect();
    let mut content = content(config, &step);
    // Without an explicit config the tool discovers one, which can change what it executes.
    let at_root = step.find_host_files(&[]).into_iter();
    let at_root = at_root.filter_map(|path| ProjectPath::new(&path).ok());
    files.extend(at_root.filter(|path| is_file(project, path)));
    content.extend(files.iter().map(|path| (format!("`{path}`"), hash(project, path))));
    let manifest = project.manifest.as_ref().map_or("pipe.toml", Manifest::file_name);
    let name = &check.name;
    let table = match check.id.package() {
        Some(package) => format!("`[packages.{package}.checks.{name}]` or `[checks.{name}]`"),
        None => format!("`[checks.{name}]`"),
    };
    let ask = |grant: &Grant| {
        let why = match (grant, &host_reason) {
            (Grant::Host, Some(what)) => format!("{what} may run code of the project"),
            (Grant::Secret(name), _) => {
                format!("{table} in {manifest} has `{name}` in `secrets`")
            }
            _ => format!("{table} in {manifest} sets `{grant} = true`"),
        };
        GrantRequest::new(Requester::Check(check.id.clone()), grant.clone(), why)
    };
    let asked = |grant: &Grant| {
        let (mut content, mut files) = (content.clone(), files.clone());
        if *grant == Grant::Host {
            // Those in other folders are only known where the files were listed.
            for path in step.find_host_files(&paths) {
                let Ok(path) = ProjectPath::new(&path) else { continue };
                if is_file(project, &path) {
                    content.insert(format!("`{path}`"), hash(project, &path));
                    files.insert(path);
                }
            }
        }
        let files = files.into_iter().collect();
        GrantReview { ask: ask(grant), content, command: words.clone(), files }
    };
    check.asks.iter().chain(host_reason.as_ref().map(|_| &Grant::Host)).map(asked).collect()
}

/// The files that a step sees; none where they cannot be read, which the step reports itself.
fn list_files(project: &Project, step: &Step) -> Vec<String> {
    let paths = Inventory::list(&project.root, &step.file_set).unwrap_or_default();
    paths.iter().map(ToString::to_string).collect()
}

/// The part of a step that may run code of the project: without a container it may have no sandbox.
fn find_host_reason(project: &Project, step: &Step, paths: &[String]) -> Option<String> {
    step.find_host_reason(paths, |path| {
        let path = ProjectPath::new(path).ok()?;
        read::read_project_file(&project.root, &path, SizeLimit::Config).ok()
    })
}

/// The request that a custom Dockerfile or base image makes. A Dockerfile that cannot be read makes
/// none: nothing is built from it.
fn of_dockerfile(project: &Project, config: &Config) -> Option<GrantReview> {
    let path = &config.image.dockerfile;
    let base = &config.python.image;
    let text = recipe::foreign_dockerfile(&project.root, config).ok().flatten();
    let text = text.filter(|text| !recipe::is_stale(text));
    let own_base = (!recipe::is_official(base))
        .then(|| format!("`{base}` is not the official image of Python"));
    let own_text =
        text.as_ref().map(|_| format!("`{path}` is not the Dockerfile that cargo pipe writes"));
    let reasons: Vec<String> = own_base.into_iter().chain(own_text).collect();
    if reasons.is_empty() {
        return None;
    }
    let ask = GrantRequest::new(Requester::Project, Grant::Dockerfile, reasons.join(", and "));
    let bases = Hash::of(config.images().join(" ").as_bytes());
    let mut content = Content::from([("its base image".to_owned(), bases)]);
    let copied = text.map(|text| {
        content.insert(format!("`{path}`"), Hash::of(text.as_bytes()));
        let copied = copied_files(project, path, &text);
        content.extend(copied.iter().map(|(file, hash)| (format!("`{file}`"), *hash)));
        std::iter::once(path.clone()).chain(copied.into_keys()).collect()
    });
    Some(GrantReview { ask, content, command: Vec::new(), files: copied.unwrap_or_default() })
}

/// The files that a Dockerfile copies from its folder, and their hashes.
fn copied_files(project: &Project, path: &ProjectPath, text: &str) -> BTreeMap<ProjectPath, Hash> {
    let folder = path.as_str().rsplit_once('/').map_or(".", |(folder, _)| folder);
    let folder = ProjectPath::new(folder).unwrap_or_else(|_| ProjectPath::root());
    let copied: BTreeSet<ProjectPath> =
        copied(text).iter().filter_map(|source| folder.join(source).ok()).collect();
    let locks = folder.join("requirements").ok();
    let is_lock = |file: &&ProjectPath| {
        // The content of a lock is validated where it is read.
        locks.as_ref().is_some_and(|locks| file.starts_with(locks))
            && file.as_str().ends_with(".txt")
    };
    let inventory = inventory(project, copied.iter().cloned().collect());
    let named: Vec<ProjectPath> = copied.into_iter().collect();
    inventory
        .below(&named, &[])
        .into_iter()
        .filter(|file| !is_lock(file) && *file != path)
        .map(|file| (file.clone(), inventory.entries[file].hash))
        .collect()
}

/// The paths that a Dockerfile copies or binds into an image, relative to its folder. A path with a
/// variable or a pattern is shortened to the part before it.
fn copied(text: &str) -> BTreeSet<String> {
    let joined = text.replace("\\\n", " ");
    let mut sources = BTreeSet::new();
    for line in joined.lines() {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || "\"'[]".contains(c))
            .map(|word| word.trim_matches(','))
            .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("onbuild"))
            .collect();
        let Some((instruction, words)) = words.split_first() else {
            continue;
        };
        let (flags, operands): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.starts_with("--"));
        let from_elsewhere = |flag: &&&str| flag.starts_with("--from=") || flag.contains(",from=");
        match instruction.to_ascii_uppercase().as_str() {
            "COPY" | "ADD" if !flags.iter().any(|flag| from_elsewhere(&flag)) => {
                let but_the_last = operands.len().saturating_sub(1);
                sources.extend(operands[..but_the_last].iter().map(|source| certain(source)));
            }
            "RUN" => {
                let bound = flags
                    .iter()
                    .filter(|flag| flag.starts_with("--mount="))
                    .filter(|flag| !flag.contains("type=") || flag.contains("type=bind"))
                    .filter(|flag| !from_elsewhere(flag));
                sources.extend(bound.map(|flag| {
                    let fields = flag.split([',', '=']).collect::<Vec<_>>();
                    let source = fields.windows(2).find(|pair| matches!(pair[0], "source" | "src"));
                    certain(source.map_or(".", |pair| pair[1]))
                }));
            }
            _ => {}
        }
    }
    sources
}

/// The part of a path before its first variable or pattern.
fn certain(source: &str) -> String {
    let source = source.trim_start_matches('/');
    let known = match source.find(['*', '?', '$', '\\']) {
        None => source,
        Some(end) => source[..end].rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    if known.is_empty() { ".".to_owned() } else { known.to_owned() }
}

/// The files at these paths. A missing file cannot be copied either.
fn inventory(project: &Project, paths: Vec<ProjectPath>) -> Inventory {
    let is_there = |path: &ProjectPath| {
        discover::inside(&project.root, path).is_ok_and(|place| place.exists())
    };
    let paths = paths.into_iter().filter(is_there).collect();
    let file_set = FileSet { paths, ..FileSet::default() };
    Inventory::take(&project.root, &file_set, &Index::none(), &Cancel::default())
        .unwrap_or_default()
}

fn is_file(project: &Project, path: &ProjectPath) -> bool {
    discover::inside(&project.root, path).is_ok_and(|place| place.is_file())
}

/// The hash of a file's content. A file that cannot be read has the hash of empty input, which no
/// readable file has.
fn hash(project: &Project, path: &ProjectPath) -> Hash {
    let content = read::read_project_file(&project.root, path, SizeLimit::Source);
    content
        .map_or_else(|_| Hash::of(b""), |content| Hash::of(&[b"file", content.as_slice()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dockerfile_takes_from_its_folder_is_known() {
        let text = "FROM x AS base\nCOPY --chown=1:1 a.sh tools/ /opt/\nADD [\"b.sh\", \"/b\"]\n\
                    COPY --from=base /etc/passwd /p\nCOPY scripts/${NAME}.sh \\\n  c*.sh /opt/\n\
                    RUN --mount=type=bind,source=req,target=/r --mount=type=secret,id=x sh d.sh\n\
                    RUN echo COPY e.sh /\n";
        let expected = [".", "a.sh", "b.sh", "req", "scripts", "tools/"];
        assert_eq!(copied(text).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(copied("onbuild copy . /x").into_iter().collect::<Vec<_>>(), ["."]);
        assert_eq!(copied("RUN --mount=target=/x true").into_iter().collect::<Vec<_>>(), ["."]);
    }
}
