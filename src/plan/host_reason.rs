//! Decides whether a step needs the grant `host` where it has no sandbox.
//!
//! It does unless everything that reaches its program is known to run no code of the project: the
//! variables, the arguments, the configuration, and the files that the program may load.

use std::collections::BTreeSet;

use super::{CANONICAL_ENV, Step};
use crate::project::ProjectPath;
use crate::tools;
use crate::tools::allow_list::{arguments, config, variables};
use crate::tools::command::Command;

impl Step {
    /// The part of the step that may run code of the project, as the subject of a sentence; none if all
    /// of its parts are known to be harmless.
    ///
    /// `paths` are the files that the step sees, and `read` returns the content of one that exists.
    pub(crate) fn find_host_reason(
        &self,
        paths: &[String],
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Option<String> {
        let Some(tool) = tools::find(&self.tool) else {
            return Some(format!("the command of `{}`", self.id));
        };
        let Some(list) = tool.allow_list() else {
            return Some(tool.name().to_owned());
        };
        if let Some(name) = variables::find_unknown(&list, &self.env, CANONICAL_ENV) {
            return Some(format!("the variable `{name}`"));
        }
        if let Some(argument) = arguments::find_unknown(&list, &self.args) {
            return Some(format!("the argument `{argument}`"));
        }
        // mypy reads arguments from such a file.
        let source = self.own_source();
        if let Some(source) = source.iter().find(|source| source.as_str().starts_with('@')) {
            return Some(format!("the name of `{source}`"));
        }
        let compiled = paths.iter().find(|path| is_compiled(path));
        if let Some(path) = compiled.filter(|_| list.loads_compiled) {
            return Some(format!("the compiled module `{path}`"));
        }
        for path in self.find_configs(paths) {
            let unknown =
                read(&path).and_then(|content| config::find_unknown(&list, &path, &content));
            if unknown.is_some() {
                return unknown;
            }
        }
        None
    }

    /// The texts that may name code of the project which the step executes: the words of a command, and
    /// whatever reaches a tool and is not known to be harmless.
    pub(crate) fn find_code_words(
        &self,
        paths: &[String],
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Vec<String> {
        let Some(list) = tools::find(&self.tool).and_then(|tool| tool.allow_list()) else {
            return match &self.command {
                Command::Exec(argv) | Command::Report { argv, .. } => argv.clone(),
                Command::Module { args, .. } => args.clone(),
            };
        };
        let mut words = Vec::new();
        if arguments::find_unknown(&list, &self.args).is_some() {
            words.extend(self.args.iter().cloned());
        }
        for path in self.find_configs(paths) {
            if let Some(content) = read(&path) {
                words.extend(config::find_unknown_values(&list, &path, &content));
            }
        }
        words
    }

    /// The files among `paths`, or at the root, that decide whether the step needs the grant: the
    /// configurations that its tool reads, and the compiled modules that it may load.
    pub(crate) fn find_host_files(&self, paths: &[String]) -> BTreeSet<String> {
        let list = tools::find(&self.tool).and_then(|tool| tool.allow_list());
        let mut files = self.find_configs(paths);
        if list.is_some_and(|list| list.loads_compiled) {
            files.extend(paths.iter().filter(|path| is_compiled(path)).cloned());
        }
        files
    }

    /// The configuration of the tool: the one that its command names, or all that it may discover.
    pub(crate) fn find_configs(&self, paths: &[String]) -> BTreeSet<String> {
        if let Some(file) = &self.config {
            return BTreeSet::from([file.path.to_string()]);
        }
        let Some(tool) = tools::find(&self.tool) else { return BTreeSet::new() };
        let sources: Vec<&str> = self.source.iter().map(|source| source.as_str()).collect();
        let own = tool.own_configs();
        let in_folder = |folder: ProjectPath| {
            let files = own.iter().filter_map(|own| folder.child(own.file)).collect::<Vec<_>>();
            files.into_iter().map(|path| path.to_string())
        };
        let mut configs: BTreeSet<String> = self.searched_folders().flat_map(in_folder).collect();
        let Some(list) = tool.allow_list() else { return configs };
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(path);
            if own.iter().any(|own| own.file == name) && list.searches(path, &sources) {
                configs.insert(path.clone());
            }
        }
        configs
    }
}

/// Whether Python may import the file as a module of machine code.
fn is_compiled(path: &str) -> bool {
    path.ends_with(".so")
}

#[cfg(test)]
mod tests;
