//! Merging of layers.
//!
//! A value of a higher layer replaces that of a lower one. Checks with the same name are merged
//! value by value, and grants add up. [`super::validate`] validates the result.

use std::collections::BTreeMap;

use super::layer::{
    CheckLayer, CiLayer, ImageLayer, Layer, NetworkLayer, OneOrMany, PackageLayer, PythonLayer,
    RustLayer, Text, Value,
};

/// All layers of a configuration, the lowest first.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Layers {
    /// The defaults.
    pub defaults: Layer,
    /// The manifest of the project.
    pub file: Layer,
    /// The `CARGO_PIPE_*` variables.
    pub variables: Layer,
    /// The command line.
    pub flags: Layer,
}

/// The number of layers above the defaults.
pub(super) const OVER_DEFAULTS: usize = 3;

impl Layers {
    /// Merges all layers into one.
    #[must_use]
    pub fn merge(self) -> Layer {
        [self.file, self.variables, self.flags]
            .into_iter()
            .fold(self.defaults, |lower, higher| over(higher, lower))
    }
}

fn over(higher: Layer, lower: Layer) -> Layer {
    Layer {
        source: first_list(higher.source, lower.source),
        config: first(higher.config, lower.config),
        engine: first(higher.engine, lower.engine),
        topology: first(higher.topology, lower.topology),
        exclude: first(higher.exclude, lower.exclude),
        include: first(higher.include, lower.include),
        platform: first(higher.platform, lower.platform),
        jobs: first(higher.jobs, lower.jobs),
        cpus: first(higher.cpus, lower.cpus),
        offline: first(higher.offline, lower.offline),
        baseline: first(higher.baseline, lower.baseline),
        never_accept: first(higher.never_accept, lower.never_accept),
        timeout: first(higher.timeout, lower.timeout),
        memory: first(higher.memory, lower.memory),
        disk: first(higher.disk, lower.disk),
        output: first(higher.output, lower.output),
        cache: higher.cache.or(lower.cache),
        cache_size: higher.cache_size.or(lower.cache_size),
        answer_limit: higher.answer_limit.or(lower.answer_limit),
        python: python_over(higher.python, lower.python),
        rust: RustLayer {
            toolchain: first(higher.rust.toolchain, lower.rust.toolchain),
            image: first(higher.rust.image, lower.rust.image),
        },
        image: ImageLayer {
            dockerfile: first(higher.image.dockerfile, lower.image.dockerfile),
            apt: first(higher.image.apt, lower.image.apt),
            registry: first(higher.image.registry, lower.image.registry),
        },
        network: NetworkLayer {
            index: first(higher.network.index, lower.network.index),
            extra_index: first(higher.network.extra_index, lower.network.extra_index),
            http_proxy: first(higher.network.http_proxy, lower.network.http_proxy),
            https_proxy: first(higher.network.https_proxy, lower.network.https_proxy),
            no_proxy: first(higher.network.no_proxy, lower.network.no_proxy),
            ca_bundle: first(higher.network.ca_bundle, lower.network.ca_bundle),
        },
        checks: merge_checks(higher.checks, lower.checks),
        packages: merge_packages(higher.packages, lower.packages),
        ci: CiLayer {
            gitlab: first(higher.ci.gitlab, lower.ci.gitlab),
            github: first(higher.ci.github, lower.ci.github),
            jobs: first(higher.ci.jobs, lower.ci.jobs),
            builder: first(higher.ci.builder, lower.ci.builder),
            install: first(higher.ci.install, lower.ci.install),
        },
        allow: [higher.allow, lower.allow].concat(),
    }
}

fn python_over(higher: PythonLayer, lower: PythonLayer) -> PythonLayer {
    // `versions` chooses `version`, unless the same layer sets it, too.
    let version = if higher.versions.is_some() { None } else { lower.version };
    PythonLayer {
        version: first(higher.version, version),
        versions: first(higher.versions, lower.versions),
        image: first(higher.image, lower.image),
        requirements: first(higher.requirements, lower.requirements),
        groups: first(higher.groups, lower.groups),
        extras: first(higher.extras, lower.extras),
        from_source: first(higher.from_source, lower.from_source),
        minimum_age: first(higher.minimum_age, lower.minimum_age),
        project_version: first(higher.project_version, lower.project_version),
    }
}

/// Merges the checks of two layers. A check in both keeps the position of the lower layer, so that
/// changing a built-in check does not move it in lists.
fn merge_checks(
    mut higher: BTreeMap<Text, CheckLayer>,
    lower: BTreeMap<Text, CheckLayer>,
) -> BTreeMap<Text, CheckLayer> {
    let mut merged = BTreeMap::new();
    for (name, below) in lower {
        let above = higher.remove(&name).unwrap_or_default();
        merged.insert(cover(name), check_over(above, below));
    }
    merged.extend(higher);
    merged
}

/// Merges the packages of two layers. Only one layer has any: no default, variable or flag names one.
fn merge_packages(
    higher: BTreeMap<Text, PackageLayer>,
    mut lower: BTreeMap<Text, PackageLayer>,
) -> BTreeMap<Text, PackageLayer> {
    lower.extend(higher);
    lower
}

/// A check with the settings of a higher layer, and with those of a lower one that it does not have.
pub(super) fn check_over(higher: CheckLayer, lower: CheckLayer) -> CheckLayer {
    // `run` replaces `tool` and all settings that belong to the tool.
    let replaced = higher.tool.is_some() || higher.run.is_some();
    let work = if replaced { CheckLayer::default() } else { lower.clone() };
    CheckLayer {
        enabled: first(higher.enabled, lower.enabled),
        dependencies: first(higher.dependencies, lower.dependencies),
        install: first(higher.install, work.install),
        tool: first(higher.tool, work.tool),
        run: first(higher.run, work.run),
        fix: first(higher.fix, work.fix),
        source: first_list(higher.source, lower.source),
        exclude: first(higher.exclude, lower.exclude),
        include: first(higher.include, lower.include),
        config: first(higher.config, work.config),
        args: first(higher.args, work.args),
        version: first(higher.version, work.version),
        exclude_newer: first(higher.exclude_newer, work.exclude_newer),
        inputs: first(higher.inputs, lower.inputs),
        env: first(higher.env, lower.env),
        timeout: first(higher.timeout, lower.timeout),
        memory: first(higher.memory, lower.memory),
        disk: first(higher.disk, lower.disk),
        output: first(higher.output, lower.output),
        image: first(higher.image, work.image),
        requirements: first(higher.requirements, work.requirements),
        findings: first(higher.findings, work.findings),
        findings_exit: first(higher.findings_exit, work.findings_exit),
        per_file: first(higher.per_file, work.per_file),
        cache: first(higher.cache, lower.cache),
        workers: first(higher.workers, work.workers),
        reruns: first(higher.reruns, work.reruns),
        flaky: first(higher.flaky, work.flaky),
        coverage: first(higher.coverage, work.coverage),
        network: first(higher.network, lower.network),
        docker_socket: first(higher.docker_socket, lower.docker_socket),
        writable: first(higher.writable, lower.writable),
        secrets: first(higher.secrets, lower.secrets),
        per_package: first(higher.per_package, lower.per_package),
        python: first_list(higher.python, lower.python),
    }
}

fn first<T>(higher: Option<Value<T>>, lower: Option<Value<T>>) -> Option<Value<T>> {
    higher.or_else(|| lower.map(cover))
}

fn first_list(higher: Option<OneOrMany>, lower: Option<OneOrMany>) -> Option<OneOrMany> {
    first(higher.map(|texts| texts.0), lower.map(|texts| texts.0)).map(OneOrMany)
}

fn cover<T>(mut value: Value<T>) -> Value<T> {
    value.covered += 1;
    value
}

#[cfg(test)]
mod tests {
    use super::super::layer::parse;
    use super::*;
    use crate::check::Grant;
    use crate::project::Manifest;

    fn layer(text: &str) -> Layer {
        parse(&Manifest::PipeToml, text).unwrap().unwrap()
    }

    fn merge(defaults: &str, file: &str) -> Layer {
        Layers { defaults: layer(defaults), file: layer(file), ..Layers::default() }.merge()
    }

    #[test]
    fn the_highest_layer_with_a_value_wins() {
        let merged = Layers {
            defaults: layer("jobs = 1\nconfig = 'a'\noffline = false\nplatform = 'linux/amd64'"),
            file: layer("jobs = 2\nconfig = 'b'\noffline = true"),
            variables: layer("jobs = 3\nconfig = 'c'"),
            flags: layer("jobs = 4"),
        }
        .merge();
        let expected = layer("jobs = 4\nconfig = 'c'\noffline = true\nplatform = 'linux/amd64'");
        assert_eq!(merged, expected);
    }

    #[test]
    fn a_check_that_a_file_adds_leaves_the_built_in_ones() {
        let merged =
            merge("[checks.lint]\ntool = 'pylint'", "[checks.spelling]\nrun = ['codespell']");
        assert_eq!(merged.checks.len(), 2);
    }

    #[test]
    fn a_check_that_a_file_changes_keeps_the_rest_of_it() {
        let merged = merge(
            "[checks.lint]\ntool = 'pylint'\nargs = ['-v']",
            "[checks.lint]\nenabled = false",
        );
        let expected = layer("[checks.lint]\ntool = 'pylint'\nargs = ['-v']\nenabled = false");
        assert_eq!(merged, expected);
    }

    #[test]
    fn a_command_replaces_a_tool_and_its_settings() {
        let merged = merge(
            "[checks.lint]\ntool = 'pylint'\nargs = ['-v']\nconfig = 'x'\ntimeout = 3",
            "[checks.lint]\nrun = ['flake8']",
        );
        let expected = layer("[checks.lint]\nrun = ['flake8']\ntimeout = 3");
        assert_eq!(merged, expected);
    }

    #[test]
    fn grants_add_up() {
        let allowing = |grant| Layer { allow: vec![grant], ..Layer::default() };
        let merged = Layers {
            variables: allowing(Grant::Network),
            flags: allowing(Grant::Writable),
            ..Layers::default()
        }
        .merge();
        assert_eq!(merged.allow, [Grant::Writable, Grant::Network]);
    }

    #[test]
    fn a_default_is_recognised() {
        let merged = merge("config = 'a'\njobs = 1", "jobs = 2");
        assert_eq!(merged.config.unwrap().covered, OVER_DEFAULTS);
        assert!(merged.jobs.unwrap().covered < OVER_DEFAULTS);
    }
}
