//! Runs a project's code-quality checks on the developer's machine exactly as CI runs them.
//!
//! # As a library
//!
//! Without feature `cli` nothing prints, exits or reads arguments: a [`pipeline::Pipeline`] finds and
//! configures a project, plans a [`plan::Request`], and runs the plan; what happens meanwhile goes to
//! one [`event::Observer`], and what came of it is a [`report::Report`].
//!
//! ```
//! use cargo_pipe::config::layer::Layer;
//! use cargo_pipe::env_vars::EnvVars;
//! use cargo_pipe::pipeline::Pipeline;
//! use cargo_pipe::plan::Request;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! # std::fs::write(folder.join("pipe.toml"), "source = ['src']")?;
//! let pipeline = Pipeline::discover(folder, EnvVars::of_process(), Layer::default())?;
//! let request = Request { checks: vec!["mypy".to_owned()], ..Request::default() };
//! let plan = pipeline.plan(&request)?;
//! assert_eq!(plan.steps.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! Running it needs an engine; a [`pipeline::Cancel`] stops it from any thread.
//!
//! ```no_run
//! # fn run(pipeline: cargo_pipe::pipeline::Pipeline, plan: cargo_pipe::plan::Plan) {
//! use cargo_pipe::event::Silent;
//! use cargo_pipe::outcome::Verdict;
//! use cargo_pipe::pipeline::Cancel;
//!
//! let report = pipeline.run(&plan, &Cancel::default(), &mut Silent);
//! if report.verdict != Verdict::Passed {
//!     for check in &report.checks {
//!         for finding in &check.findings {
//!             println!("{}:{}: {}", finding.place.path, finding.place.line, finding.message);
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! # Versions
//!
//! What this documentation shows is the interface, and follows semantic versioning. What others read
//! is `#[non_exhaustive]`, enums as well as structs, and a minor release may add to it; a type that is
//! not says why. What others fill in, such as [`plan::Request`], may gain members in a minor release
//! too: take the rest from `Default`. Modules that are hidden here are parts of the program and change
//! with every release; they are public for its own tests and tasks.
//!
//! JSON for other programs is frozen apart from that: within `cargo-pipe/report/1`, `plan/1`, `why/1`
//! and `compare/1`, members are only added, whatever the version of the library. The Rust version that is needed is raised in a minor
//! release.
//!
//! # Code map
//!
//! Each part may use what stands below it, never above it; `cargo xtask tidy` checks that.
//!
//! - `cli::main`, behind feature `cli`, is the command line: the only part that prints.
//!   `xtask::pipe`, behind the same feature, is that for a workspace's own task runner.
//! - [`pipeline`] joins everything: discover, configure, plan, run. [`build_script`] checks while
//!   cargo builds.
//! - [`run`] executes a plan in parallel and can be cancelled. [`doctor`] checks that everything that
//!   a run needs is installed and working. [`update`] moves the pins of locks. [`error`] joins the
//!   errors of all commands.
//! - Edges do I/O: [`read`] reads files within limits, [`discover`] finds a project, [`configure`] loads
//!   its configuration and [`env_vars`] the environment variables, [`dependencies`] reads what a project depends on,
//!   [`trust`] what may go beyond the sandbox, and [`git`] asks what is staged and which lines changed. [`checkout`] writes
//!   what is staged to a folder, and [`hook`] the hooks of git. [`snapshot`] copies the files that a check may see, [`environment`] reads what environments are built from
//!   and remembers what they resolved to, [`engine`] runs containers, [`cache`] stores results,
//!   [`scaffold`] writes files, and [`process`] alone starts programs.
//! - Pure parts do no I/O. Some turn values into values: [`config`], [`tools`], [`plan`],
//!   [`fingerprint`], [`gate`], [`lock`], [`template`] and [`report`]. Others are the values:
//!   [`hash`], [`project`], [`requirement`], [`version`], [`check`], [`container`], [`engine_info`], [`limits`], [`network`], [`secrets`],
//!   [`finding`], [`outcome`], [`explanation`], [`program`] and [`event`]. [`guide`] is the manual,
//!   which `cargo pipe help` shows as well.

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

pub mod build_script;
pub mod guide;
#[cfg(feature = "cli")]
pub mod xtask;

pub mod pipeline;

#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod update;

#[doc(hidden)]
pub mod cache;
#[doc(hidden)]
pub mod checkout;
pub mod configure;
#[doc(hidden)]
pub mod dependencies;
#[doc(hidden)]
pub mod discover;
#[doc(hidden)]
pub mod engine;
pub mod env_vars;
#[doc(hidden)]
pub mod environment;
#[doc(hidden)]
pub mod git;
#[doc(hidden)]
pub mod hook;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod read;
#[doc(hidden)]
pub mod scaffold;
#[doc(hidden)]
pub mod snapshot;

pub mod config;
pub mod fingerprint;
pub mod gate;
#[doc(hidden)]
pub mod lock;
pub mod plan;
pub mod report;
#[doc(hidden)]
pub mod template;
#[doc(hidden)]
pub mod tools;
pub mod trust;

pub mod check;
#[doc(hidden)]
pub mod container;
pub mod engine_info;
pub mod error;
pub mod event;
pub mod explanation;
pub mod finding;
pub mod hash;
pub mod limits;
pub mod network;
pub mod outcome;
#[doc(hidden)]
pub mod program;
pub mod project;
#[doc(hidden)]
pub mod requirement;
#[doc(hidden)]
pub mod secrets;
pub mod version;
