//! The state of a run: its project, its configuration, and what stops and observes it.
//!
//! The stages of a run are methods of [`Context`], or of a type that holds one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Directory;
#[cfg(feature = "remote")]
use crate::cache::RemoteCache;
use crate::cache::{ResultCache, SharedCache};
use crate::check::{Grant, SecretName};
use crate::config::{CacheMode, Config, EngineSource};
use crate::engine::{self, Engine, EngineError, EngineOptions, docker};
#[cfg(feature = "remote")]
use crate::env_vars::CACHE_REMOTE;
use crate::env_vars::EnvVars;
use crate::environment::recipe;
#[cfg(feature = "remote")]
use crate::network::CaBundle;
use crate::plan::{FileSet, Plan};
use crate::process::{Cancel, Emitter};
use crate::project::{Project, ProjectPath};
use crate::snapshot::KeptCopy;
use crate::trust::collect;

/// The state of a run, shared by all of its stages.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The project.
    pub project: &'a Project,
    /// The project's configuration.
    pub config: &'a Config,
    /// The files of the project that are missing in its checkout, and why.
    pub withheld: &'a BTreeMap<ProjectPath, String>,
    /// The variables of the process.
    pub variables: &'a EnvVars,
    /// The folder of cargo pipe in the user's cache.
    pub cache: &'a Path,
    /// The folder in which the run makes a folder of its own: the cache, unless the caller chose
    /// another one.
    pub scratch: &'a Path,
    /// Stops the run, from any thread.
    pub cancel: &'a Cancel,
    /// Passes events to the run's observer.
    pub emitter: &'a Emitter<'a>,
    /// The time at which the run began.
    pub begun: Instant,
}

impl<'a> Context<'a> {
    /// The options that an engine is connected with; `longest` is the time that a job may take.
    pub(crate) fn engine_options(&self, directory: &Directory, longest: Duration) -> EngineOptions {
        let Context { project, config, variables, .. } = self;
        let ca_bundle = config.network.ca_bundle.as_ref();
        EngineOptions {
            choice: config.engine,
            docker: docker::program(config.engine, variables).to_owned(),
            project: project.id(),
            root: project.root.clone(),
            identity: project.identity.clone(),
            base_lock: recipe::base_lock_path(config),
            variables: (*variables).clone(),
            secrets: self.requested_secrets(),
            python: config.python.version.clone(),
            cache: self.cache.to_owned(),
            run: directory.id().to_owned(),
            folder: directory.path().to_owned(),
            temporary: directory.path().to_owned(),
            topology: config.topology,
            platform: config.platform.clone(),
            cpus: config.cpus,
            network: config.network.clone(),
            ca_bundle: ca_bundle.map(|bundle| bundle.on_disk(&project.root)),
            allows_host: config.allow.contains(&Grant::Host),
            unaccepted_choice: self.find_unaccepted_choice(),
            offline: config.offline,
            longest,
            answer_limit: config.answer_limit,
        }
    }

    /// The secrets that checks request, granted or not.
    pub(crate) fn requested_secrets(&self) -> BTreeSet<SecretName> {
        let asks = self.config.checks.iter().flat_map(|check| &check.asks);
        asks.filter_map(Grant::secret).cloned().collect()
    }

    /// The manifest that chooses an engine without a sandbox, unless the user accepts its choice.
    fn find_unaccepted_choice(&self) -> Option<String> {
        let Context { project, config, variables, .. } = *self;
        let is_accepted = config.engine_source == EngineSource::User
            || config.allow.contains(&Grant::Host)
            || collect::is_engine_trusted(project, config, variables);
        (!is_accepted).then(|| config.manifest.clone())
    }

    /// Connects to the configured engine.
    pub(super) fn connect_engine(
        &self,
        options: EngineOptions,
    ) -> Result<Box<dyn Engine + 'a>, EngineError> {
        engine::connect(options, self.cancel, self.emitter)
    }

    /// Opens the cache of results.
    pub(super) fn open_cache(&self, mode: CacheMode) -> ResultCache {
        ResultCache::new(self.cache.to_owned(), mode, self.config.cache_size)
    }

    /// Opens the cache that the user's machines share, without talking to it yet; or a warning about it.
    #[cfg(feature = "remote")]
    pub(super) fn open_shared_cache(&self) -> (Option<Arc<dyn SharedCache>>, Option<String>) {
        if self.config.offline || self.variables.get(CACHE_REMOTE).is_none() {
            return (None, None);
        }
        // A certificate of the project could let a stranger read the token.
        let bundle = self.config.network.ca_bundle.as_ref();
        let bundle = bundle.filter(|bundle| matches!(bundle, CaBundle::OfMachine { .. }));
        let authorities = bundle.map(|bundle| bundle.on_disk(&self.project.root));
        match RemoteCache::of(self.variables, authorities) {
            Ok(remote) => (remote.map(|remote| Arc::new(remote) as _), None),
            Err(warning) => (None, Some(warning)),
        }
    }

    /// Without the feature `remote`, machines share no cache.
    #[cfg(not(feature = "remote"))]
    pub(super) fn open_shared_cache(&self) -> (Option<Arc<dyn SharedCache>>, Option<String>) {
        (None, None)
    }

    /// Takes the copy of these files that is kept between runs to `folder`. A CI job keeps none, because
    /// its cache is packed and moved, and neither does a caller that chose another folder for runs than
    /// the cache.
    pub(super) fn take_kept_copy(&self, file_set: &FileSet, folder: &Path) -> Option<KeptCopy> {
        if self.variables.is_ci() || self.scratch != self.cache {
            return None;
        }
        KeptCopy::take(self.cache, &self.project.id(), file_set, folder)
    }

    /// Whether the run was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.cancel.stopped().is_some()
    }
}

/// Starts the threads that a plan's steps run in: our own, because a program that uses the library
/// may have configured the global pool.
pub(super) fn start_threads(plan: &Plan) -> Result<rayon::ThreadPool, EngineError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(plan.jobs)
        .build()
        .map_err(|error| EngineError::Threads(error.to_string()))
}
