//! Arguments of `help`.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;

use crate::guide::TOPICS;

/// The hidden flag of the overview that `--help` prints without a pager.
pub(super) const INLINE: &str = "--inline";

/// Arguments of `help`.
#[derive(Debug, clap::Args)]
pub(crate) struct HelpArgs {
    /// A command, a check or a topic
    #[arg(value_name = "NAME", value_parser = Suggested(command_or_topic_names))]
    #[arg(hide_possible_values = true)]
    pub(crate) name: Option<String>,

    /// Show the topic, even if a command or check has the same name
    #[arg(short = 'k', long = "topic", value_name = "TOPIC", conflicts_with = "name")]
    #[arg(value_parser = Suggested(topic_names), hide_possible_values = true)]
    pub(crate) topic: Option<String>,

    /// Print without a pager.
    #[arg(long, hide = true)]
    pub(crate) inline: bool,
}

/// Whether clap wants to print the long help of cargo pipe itself, which lacks the topics.
pub(super) fn is_long_help(error: &clap::Error) -> bool {
    let text = error.render().to_string();
    error.kind() == ErrorKind::DisplayHelp
        && text.contains("\nCommands:\n")
        // A command with commands of its own has a help of its own.
        && text.contains("<COMMAND | CHECK>")
        && text.contains("see a summary with '-h'")
}

/// Any text, of which shells complete some.
#[derive(Clone, Copy)]
struct Suggested(fn() -> Vec<String>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter().map(PossibleValue::new)))
    }
}

fn topic_names() -> Vec<String> {
    TOPICS.iter().map(|topic| topic.name.to_owned()).collect()
}

fn command_or_topic_names() -> Vec<String> {
    let commands = crate::check::COMMANDS.iter().map(|name| (*name).to_owned());
    commands.chain(topic_names()).collect()
}
