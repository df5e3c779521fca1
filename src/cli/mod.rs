//! Arguments, exit codes, one file per command.
//!
//! A command is a file of its own and one row in `COMMANDS`.

mod eval;
mod explain;
mod inspect;
mod language;
mod output;
mod page;
mod parse;
mod reasoning;
mod rules;
mod scan;
mod schema;
mod usage;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::categorize::ModelError;
use crate::cli::language::Languages;
use crate::report::plain::plain;
use crate::report::wording::Phrase;
use crate::text::{Lang, Text};

/// A command of the program.
struct Command {
    name: &'static str,
    about: Phrase,
    /// Its arguments, with help in one language.
    arguments: fn(clap::Command, Lang) -> clap::Command,
    run: fn(&ArgMatches, Languages) -> Result<Exit, Failure>,
}

const COMMANDS: &[Command] =
    &[scan::COMMAND, inspect::COMMAND, explain::COMMAND, rules::COMMAND, eval::COMMAND, schema::COMMAND];

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Nothing at or above the level asked for.
    Clean = 0,
    /// Findings at or above it.
    Findings = 1,
    /// Wrong usage, or rules that cannot be used.
    Usage = 2,
    /// Nothing to analyse.
    NoInput = 3,
    /// Something could not be analysed.
    Unanalysed = 4,
}

/// Why a command ends early, in a sentence that names the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    exit: Exit,
    message: Text,
}

impl Failure {
    fn usage(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: Text::new(zh, en) }
    }

    fn no_input(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { exit: Exit::NoInput, message: Text::new(zh, en) }
    }

    /// The words model among the rules is broken.
    fn model(error: &ModelError) -> Self {
        Self::usage(
            format!("规则中的词语模型无法使用（{error}）。请恢复该文件，或去掉 --rules。"),
            format!(
                "The words model among the rules cannot be used ({error}). Restore the file, or leave --rules out."
            ),
        )
    }

    /// Standard output is closed or full.
    fn stdout(error: &std::io::Error) -> Self {
        Self::usage(
            format!("无法写入标准输出（{error}）。请用 -o 格式=文件 写入文件。"),
            format!("Cannot write to standard output ({error}). Write to a file with -o FORMAT=FILE."),
        )
    }
}

/// Runs the program with `args`, the first of which is its own name.
pub fn run(args: Vec<OsString>) -> ExitCode {
    let languages = language::choose(&args);
    let lang = languages.terminal;
    let result = match usage::program(COMMANDS, lang).try_get_matches_from(args) {
        Err(error) => usage::explain(&error, lang),
        Ok(matches) => match matches.subcommand() {
            Some((name, matches)) => COMMANDS
                .iter()
                .find(|c| c.name == name)
                .map_or(Ok(Exit::Usage), |command| (command.run)(matches, languages)),
            None => Ok(Exit::Usage),
        },
    };
    let exit = result.unwrap_or_else(|failure| {
        say(Phrase::new("错误", "error"), &failure.message, lang);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

/// A warning on standard error.
fn warn(message: &Text, lang: Lang) {
    say(Phrase::new("提示", "warning"), message, lang);
}

fn say(kind: Phrase, message: &Text, lang: Lang) {
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    // Nobody is left to tell when standard error is closed. Lines of our own stay lines.
    let text: Vec<_> = message.in_lang(lang).lines().map(|line| plain(line, 2000)).collect();
    let _ = writeln!(anstream::stderr(), "piscope: {}{colon}{}", kind.in_lang(lang), text.join("\n"));
}
