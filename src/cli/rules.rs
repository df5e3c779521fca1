//! `piscope rules check|list`, and the rules that a run applies.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Arg, ArgMatches};

use crate::cli::language::Languages;
use crate::cli::output::print;
use crate::cli::usage::{argument, frame, option};
use crate::cli::{Command, Exit, Failure};
use crate::report::plain::pad;
use crate::report::wording::{self, Phrase};
use crate::rules::lint::{self, Severity};
use crate::rules::{RuleErrors, RuleFiles, Ruleset};
use crate::text::{Lang, Text};

pub const COMMAND: Command = Command {
    name: "rules",
    about: Phrase::new("检查规则文件夹，或列出应用类型", "Check a folder of rules, or list the categories"),
    arguments: |command, lang| {
        let check = Phrase::new(
            "检查规则文件夹；不给 DIR 时检查内置规则",
            "Check a folder of rules; without DIR the built-in ones",
        );
        let list = Phrase::new("列出 39 类应用", "List the 39 categories");
        let dir = argument("DIR", Phrase::new("规则文件夹", "folder of rules"), lang);
        command
            .subcommand_required(true)
            .subcommand_help_heading(Phrase::new("命令", "Commands").in_lang(lang))
            .subcommand(
                frame(clap::Command::new("check"), lang)
                    .about(check.in_lang(lang))
                    .arg(dir.value_parser(clap::value_parser!(PathBuf))),
            )
            .subcommand(
                frame(clap::Command::new("list"), lang).about(list.in_lang(lang)).arg(folder_option(lang)),
            )
    },
    run: |matches, languages| match matches.subcommand() {
        Some(("check", matches)) => check(matches, languages.terminal),
        Some((_, matches)) => list(matches, languages),
        None => Ok(Exit::Usage),
    },
};

/// `--rules DIR`.
pub fn folder_option(lang: Lang) -> Arg {
    let help =
        Phrase::new("用该文件夹的规则覆盖内置规则", "Lay the rules of this folder over the built-in ones");
    option("rules", help, lang).value_name("DIR").value_parser(clap::value_parser!(PathBuf))
}

/// The rules that a run applies.
pub fn load(matches: &ArgMatches) -> Result<Cow<'static, Ruleset>, Failure> {
    match matches.get_one::<PathBuf>("rules") {
        None => Ok(Cow::Borrowed(Ruleset::embedded())),
        Some(dir) => Ruleset::from_dir(dir).map(Cow::Owned).map_err(|errors| failure(&errors)),
    }
}

fn failure(errors: &RuleErrors) -> Failure {
    Failure { exit: Exit::Usage, message: Text::new(errors.in_lang(Lang::Zh), errors.in_lang(Lang::En)) }
}

fn check(matches: &ArgMatches, lang: Lang) -> Result<Exit, Failure> {
    let files = match matches.get_one::<PathBuf>("DIR") {
        Some(dir) => RuleFiles::for_dir(dir).map_err(|errors| failure(&errors))?,
        None => RuleFiles::embedded(),
    };
    let lints = lint::check(&files);
    let mut text = String::new();
    for lint in &lints {
        let kind = match lint.severity {
            Severity::Error => Phrase::new("错误", "error"),
            Severity::Warning => Phrase::new("提示", "warning"),
        };
        text += &format!("{} {}\n", kind.in_lang(lang), lint.problem.in_lang(lang));
    }
    text += &match (lints.len(), lang) {
        (0, Lang::Zh) => "规则没有问题。\n".to_owned(),
        (0, Lang::En) => "The rules are in order.\n".to_owned(),
        (n, Lang::Zh) => format!("共 {n} 处。\n"),
        (n, Lang::En) => format!("{n} in all.\n"),
    };
    print(&text)?;
    Ok(match lints.iter().map(|l| l.severity).min() {
        Some(Severity::Error) => Exit::Usage,
        Some(Severity::Warning) => Exit::Findings,
        None => Exit::Clean,
    })
}

fn list(matches: &ArgMatches, languages: Languages) -> Result<Exit, Failure> {
    let rules = load(matches)?;
    let lang = languages.terminal;
    let mut text = String::new();
    for category in &rules.categories {
        let name = if lang == Lang::Zh { &category.name } else { &category.english };
        let necessary = match category.necessary.len() {
            0 => wording::NONE_NECESSARY.in_lang(lang).to_owned(),
            _ => {
                let items =
                    category.necessary.iter().map(|n| if lang == Lang::Zh { &n.text } else { &n.english });
                items.cloned().collect::<Vec<_>>().join("; ")
            }
        };
        let number = format!("{:>2}", category.number);
        text += &format!("{number}  {}{}{necessary}\n", pad(&category.id, 28), pad(name, 30));
    }
    text += &format!(
        "{} {} ({})\n",
        wording::RULESET.in_lang(lang),
        rules.version,
        rules.digest.chars().take(12).collect::<String>()
    );
    print(&text)?;
    Ok(Exit::Clean)
}
