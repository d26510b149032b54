//! Facts by which `init` recognises a tool in a project that it sets up.
//!
//! Each tool states its own, so that [`crate::scaffold::adopt`] and the templates iterate over
//! [`super::TOOLS`] and name none of them.

use super::own_config::OwnConfig;

/// How a project shows that it uses a tool, and the check that a new project gets for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptionFacts {
    /// The check of a new `pipe.toml` that runs the tool; none for a tool that `init` leaves off.
    /// Of two tools with the same check, the one listed first is the default.
    pub default_check: Option<&'static str>,
    /// The ids of the pre-commit hooks that run the tool.
    pub hooks: &'static [&'static str],
    /// The sections that show that a project formats with this formatter. Without any, each of its
    /// configurations shows that.
    pub formatter_sections: &'static [OwnConfig],
    /// The commands with which a project starts the tool itself.
    pub call: CallFacts,
}

/// Facts about the command line of a tool. A list of options is text that is split at white space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// The words that start the tool, the usual ones first.
    pub programs: &'static [&'static [&'static str]],
    /// The arguments in the manifests of hooks, by the id of the hook.
    pub hook_args: &'static [(&'static str, &'static [&'static str])],
    /// The commands that it is a collection of; the names of those to run are arguments, each with its
    /// own options behind it. Each is also the id of a hook.
    pub commands: &'static [&'static str],
    /// The options whose value can be the next word.
    pub valued: &'static str,
    /// The options that name the configuration.
    pub config: &'static str,
    /// The options about output, caches, processes and fixing, which do not change what is found. A
    /// `*` at the end stands for any rest.
    pub dropped: &'static str,
    /// The arguments with which the tool passes whatever it finds, or checks no files: a word, or
    /// `OPTION=VALUE`.
    pub verdictless: &'static str,
    /// Whether the arguments are kept as they are: a word without a hyphen names no file, and what
    /// stands behind `--` is for another program.
    pub verbatim: bool,
    /// Whether a check leaves the choice of files to the configuration of the tool, so that files of
    /// an adopted command are arguments.
    pub paths_are_args: bool,
}

impl AdoptionFacts {
    /// No facts.
    pub const NONE: AdoptionFacts = AdoptionFacts {
        default_check: None,
        hooks: &[],
        formatter_sections: &[],
        call: CallFacts::NONE,
    };
}

impl CallFacts {
    /// No facts.
    pub const NONE: CallFacts = CallFacts {
        programs: &[],
        hook_args: &[],
        commands: &[],
        valued: "",
        config: "",
        dropped: "",
        verdictless: "",
        verbatim: false,
        paths_are_args: false,
    };
}
