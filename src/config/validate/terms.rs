//! Validation of single values: paths, globs, names, times.
//!
//! The rules about combinations of settings are in [`super::checks`] and [`super::validate`].

use std::time::Duration;

use super::super::ConfigError;
use super::super::layer::{OneOrMany, Text, Texts, Timeout, Value, WrittenAt};
use super::super::merge::OVER_DEFAULTS;
use crate::config::glob::{MAX_GLOBS, exceeded_limit};
use crate::limits::{ByteSize, LimitKind};
use crate::plan::CANONICAL_ENV;
use crate::project::ProjectPath;
use crate::requirement::Requirement;
use crate::version::VersionRange;

/// Variables that the image sets, and that a check may not change.
const IMAGE_ENV: &[&str] = &["LANG", "PATH"];

/// Whether every check gets this variable from us, the same everywhere.
#[must_use]
pub fn is_canonical(variable: &str) -> bool {
    let canonical = CANONICAL_ENV.iter().map(|(name, _)| name);
    canonical.chain(IMAGE_ENV).any(|name| *name == variable)
}

/// The manifest and the catalogue that a configuration is validated against.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ValidationContext<'a> {
    /// The file of the project's own layer.
    pub manifest: &'static str,
    /// That file's text.
    pub text: &'a str,
    /// The names of the tools in the catalogue.
    pub tools: &'a [&'a str],
}

impl ValidationContext<'_> {
    /// Makes an error about a value, with the place where it was written.
    pub fn error<T>(&self, at: &Value<T>, message: impl Into<String>) -> ConfigError {
        let (origin, span) = match &at.place {
            WrittenAt::Bytes(span) => (self.manifest, Some(span)),
            WrittenAt::Name(name) => (*name, None),
        };
        // The span of a default refers to another text.
        let span = span.filter(|_| at.covered < OVER_DEFAULTS);
        ConfigError {
            origin: origin.to_owned(),
            text: span.map(|_| self.text.to_owned()),
            span: span.cloned(),
            message: message.into(),
            hint: None,
        }
    }
}

/// Validates single values, and collects the paths among them.
pub(super) struct Terms<'a> {
    context: &'a ValidationContext<'a>,
    paths: Vec<Value<ProjectPath>>,
    /// The folder that paths and globs are relative to.
    folder: ProjectPath,
}

impl<'a> Terms<'a> {
    pub(super) fn new(context: &'a ValidationContext<'a>) -> Self {
        Terms { context, paths: Vec::new(), folder: ProjectPath::root() }
    }

    /// Makes paths and globs relative to this folder from now on; returns the folder so far.
    pub(super) fn enter(&mut self, folder: ProjectPath) -> ProjectPath {
        std::mem::replace(&mut self.folder, folder)
    }

    pub(super) fn into_paths(self) -> Vec<Value<ProjectPath>> {
        self.paths
    }

    pub(super) fn tools(&self) -> &'a [&'a str] {
        self.context.tools
    }

    pub(super) fn error<T>(&self, at: &Value<T>, message: impl Into<String>) -> ConfigError {
        self.context.error(at, message)
    }

    /// Makes an error about a value that may hold a password: the shown text is masked.
    pub(super) fn private_error<T>(
        &self,
        at: &Value<T>,
        message: impl Into<String>,
    ) -> ConfigError {
        let mut error = self.error(at, message);
        let span = error.span.clone().unwrap_or_default();
        if let Some(text) = &mut error.text
            && let Some(written) = text.get(span.clone())
        {
            let hide = |byte: u8| if b"\"'\n".contains(&byte) { char::from(byte) } else { '*' };
            let hidden: String = written.bytes().map(hide).collect();
            text.replace_range(span, &hidden);
        }
        error
    }

    /// A setting that the defaults always say.
    pub(super) fn required<'v, T>(
        &self,
        setting: &str,
        value: Option<&'v Value<T>>,
    ) -> Result<&'v Value<T>, ConfigError> {
        value.ok_or_else(|| ConfigError {
            origin: self.context.manifest.to_owned(),
            text: None,
            span: None,
            message: format!("`{setting}` is not set"),
            hint: None,
        })
    }

    /// The items of a list; the items of a default list are defaults.
    pub(super) fn items(&self, texts: Option<&Texts>) -> Vec<Text> {
        let Some(list) = texts else {
            return Vec::new();
        };
        let covered = list.covered;
        let item = |item: &Text| Value { covered, ..item.clone() };
        list.value.iter().map(item).collect()
    }

    pub(super) fn path(
        &mut self,
        setting: &str,
        path: Option<&Text>,
    ) -> Result<ProjectPath, ConfigError> {
        let path = self.required(setting, path)?;
        self.project_path(path)
    }

    pub(super) fn sources(
        &mut self,
        setting: &str,
        sources: Option<&OneOrMany>,
    ) -> Result<Vec<ProjectPath>, ConfigError> {
        let list = self.required(setting, sources.map(|paths| &paths.0))?;
        if list.value.is_empty() {
            return Err(self
                .error(list, "`source` is empty")
                .with_hint("name at least one folder, such as source = [\"src\"]"));
        }
        self.paths(Some(list))
    }

    /// Validates paths, and returns them sorted and without duplicates.
    pub(super) fn paths(&mut self, texts: Option<&Texts>) -> Result<Vec<ProjectPath>, ConfigError> {
        let mut paths = Vec::new();
        for text in self.items(texts) {
            paths.push(self.project_path(&text)?);
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    pub(super) fn project_path(&mut self, text: &Text) -> Result<ProjectPath, ConfigError> {
        let inside = ProjectPath::new(&text.value);
        let path = inside.and_then(|path| self.folder.join(path.as_str())).map_err(|wrong| {
            if self.folder.is_root() {
                return self.error(text, wrong.to_string()).with_hint(format!(
                    "write a path inside the project, relative to the folder of {}",
                    self.context.manifest
                ));
            }
            let message = wrong.to_string().replace("the project", "the package");
            self.error(text, message).with_hint(format!(
                "write a path inside the package, relative to `{}`",
                self.folder
            ))
        })?;
        if path.as_str().split('/').any(|part| part == ".git") {
            return Err(self
                .error(text, "`.git` cannot be checked")
                .with_hint("it can contain credentials, and it differs in every checkout"));
        }
        if !self.paths.iter().any(|known| known.value == path) {
            self.paths.push(text.with(path.clone()));
        }
        Ok(path)
    }

    pub(super) fn globs(&self, texts: Option<&Texts>) -> Result<Vec<String>, ConfigError> {
        let mut globs = Vec::new();
        for text in self.items(texts) {
            let glob = &text.value;
            if glob.is_empty() || glob.starts_with('/') || glob.split('/').any(|part| part == "..")
            {
                let message = format!("invalid glob: `{}` leaves the project", glob.escape_debug());
                return Err(self.error(&text, message).with_hint(
                    "write a glob relative to the project's root, such as \"src/generated/**\"",
                ));
            }
            if let Some(limit) = exceeded_limit(glob) {
                let start: String = glob.chars().take(40).collect();
                let message = format!("the glob `{}…` {limit}", start.escape_debug());
                return Err(self.error(&text, message));
            }
            if globs.len() == MAX_GLOBS {
                let message = format!("the list has more than {MAX_GLOBS} globs");
                return Err(self.error(&text, message));
            }
            if let Err(wrong) = globset::Glob::new(glob) {
                let message = format!("invalid glob `{}`: {}", glob.escape_debug(), wrong.kind());
                return Err(self.error(&text, message));
            }
            globs.push(self.in_project(glob));
        }
        Ok(globs)
    }

    /// A glob as seen from the project's root. One without a slash matches in every folder.
    fn in_project(&self, glob: &str) -> String {
        if self.folder.is_root() {
            return glob.to_owned();
        }
        let folder = globset::escape(self.folder.as_str());
        let (not, glob) = glob.strip_prefix('!').map_or(("", glob), |rest| ("!", rest));
        let anywhere = if glob.trim_end_matches('/').contains('/') { "" } else { "**/" };
        format!("{not}{folder}/{anywhere}{glob}")
    }

    /// Validates names of packages, extras and groups.
    pub(super) fn names(
        &self,
        texts: Option<&Texts>,
        kind: &str,
    ) -> Result<Vec<String>, ConfigError> {
        let mut names = Vec::new();
        for text in self.items(texts) {
            let plain = |c: char| c.is_ascii_alphanumeric();
            let name = &text.value;
            let fits = name.starts_with(plain)
                && name.ends_with(plain)
                && name.chars().all(|c| plain(c) || "-_.".contains(c));
            if !fits {
                let message = format!("invalid {kind} name: `{}`", name.escape_debug());
                return Err(self.error(&text, message).with_hint("write only the name"));
            }
            names.push(text.value);
        }
        Ok(names)
    }

    /// Validates a version, or a range of versions.
    pub(super) fn version(&self, text: &Text) -> Result<VersionRange, ConfigError> {
        VersionRange::parse(&text.value).ok_or_else(|| {
            let message = format!("invalid `version`: `{}`", text.value.escape_debug());
            self.error(text, message)
                .with_hint("write a release, such as \"24.4.2\", or a range, such as \">=24,<25\"")
        })
    }

    /// Validates a day, such as `2023-05-01`.
    pub(super) fn day(&self, text: &Text) -> Result<String, ConfigError> {
        let day = &text.value;
        if day.len() == 10 && humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).is_ok() {
            return Ok(day.clone());
        }
        let message = format!("invalid `exclude-newer`: `{}`", day.escape_debug());
        Err(self.error(text, message).with_hint("write a day, such as \"2023-05-01\""))
    }

    /// Validates requirements of packages from an index, such as `codespell>=2`.
    pub(super) fn requirements(
        &self,
        texts: &Texts,
        without: &str,
    ) -> Result<Vec<String>, ConfigError> {
        let mut requirements = Vec::new();
        for text in self.items(Some(texts)) {
            let is_plain = !text.value.chars().any(char::is_control);
            let requirement = Requirement::parse(&text.value);
            if !is_plain || !requirement.is_some_and(|it| it.is_well_formed()) {
                let message = format!("invalid requirement: `{}`", text.value.escape_debug());
                return Err(self.error(&text, message).with_hint(
                    "write a package from an index, such as \"codespell\" or \"codespell>=2.4\"",
                ));
            }
            requirements.push(text.value);
        }
        if requirements.is_empty() {
            return Err(self.error(texts, "`requirements` is empty").with_hint(without));
        }
        Ok(requirements)
    }

    /// A time that a check is given; the project's if it has none of its own.
    pub(super) fn timeout(&self, time: Option<&Value<Timeout>>) -> Result<Duration, ConfigError> {
        let time = self.required("timeout", time)?;
        if let Some(message) = time.value.range_error() {
            let hint = format!("write {}", Timeout::NOTATION);
            return Err(self.error(time, message).with_hint(hint));
        }
        Ok(time.value.0)
    }

    /// A limit of a resource.
    pub(super) fn size(
        &self,
        kind: LimitKind,
        size: &Value<ByteSize>,
    ) -> Result<ByteSize, ConfigError> {
        let range = kind.range();
        if range.contains(&size.value) {
            return Ok(size.value);
        }
        let (least, most) = (range.start(), range.end());
        let name = kind.setting().unwrap_or_default();
        let message = format!("`{name}` must be between {least} and {most}, got {}", size.value);
        Err(self.error(size, message).with_hint(format!("write {}", ByteSize::NOTATION)))
    }

    /// Validates the reference of an image, so that docker cannot take it for a flag.
    pub(super) fn image(&self, text: &Text) -> Result<String, ConfigError> {
        let image = &text.value;
        let fits = image.len() <= 512
            && image.starts_with(|c: char| c.is_ascii_alphanumeric())
            && image.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c));
        if !fits {
            let message = format!("invalid image name: `{}`", image.escape_debug());
            return Err(self
                .error(text, message)
                .with_hint("use docker's notation, such as \"python:3.13-slim\""));
        }
        Ok(image.clone())
    }

    /// Validates a program and its arguments.
    pub(super) fn command(&self, texts: &Texts) -> Result<Vec<String>, ConfigError> {
        let words = self.words(Some(texts))?;
        if words.first().is_none_or(String::is_empty) {
            return Err(self.error(texts, "the command is empty").with_hint(
                "write the program and its arguments, such as [\"codespell\", \"src\"]",
            ));
        }
        Ok(words)
    }

    /// Validates arguments of a program.
    pub(super) fn words(&self, texts: Option<&Texts>) -> Result<Vec<String>, ConfigError> {
        let words = self.items(texts);
        words.into_iter().map(|word| self.without_zero(&word).map(|()| word.value)).collect()
    }

    /// Rejects a text that no program can get as an argument.
    pub(super) fn without_zero(&self, text: &Text) -> Result<(), ConfigError> {
        if text.value.contains('\0') {
            return Err(self.error(
                text,
                "the text contains a zero byte, which cannot be passed to a program",
            ));
        }
        Ok(())
    }
}
