//! Help and usage errors in the user's language: the argument parser itself speaks only English.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction};

use crate::cli::{Command, Exit, Failure};
use crate::report::wording::Phrase;
use crate::text::Lang;

const ABOUT: Phrase = Phrase::new(
    "把安卓应用安装包能够触及的个人信息，与《常见类型移动互联网应用程序必要个人信息范围规定》（国信办秘字〔2021〕14号）该类应用的必要个人信息相比较。全程离线，不运行应用。",
    "Holds the personal information within reach of Android app packages against the necessary personal information of their category (国信办秘字〔2021〕14号). Works offline; no app is run.",
);
const EXITS: Phrase = Phrase::new(
    "退出码：0 没有达到 --fail-on 级别的发现；1 有；2 用法或规则有误；3 没有可分析的输入；4 有样品或其一部分未能分析（优先于 1）",
    "Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 wrong usage or rules; 3 no input; 4 a sample or a part of one could not be analysed (outranks 1)",
);
const EXAMPLES: Phrase = Phrase::new(
    "例：\n  piscope scan 样品文件夹\n  piscope scan app.apk --category 网上购物 -o csv=结果.csv -o json=结果.json\n  piscope explain 网上购物",
    "Examples:\n  piscope scan folder\n  piscope scan app.apk --category online-shopping -o csv=result.csv -o json=result.json\n  piscope explain online-shopping",
);

/// The whole program's arguments, with help in `lang`.
pub fn program(commands: &[Command], lang: Lang) -> clap::Command {
    let mut program = frame(clap::Command::new("piscope"), lang)
        .about(ABOUT.in_lang(lang))
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_help_heading(Phrase::new("命令", "Commands").in_lang(lang))
        .subcommand_value_name(Phrase::new("命令", "COMMAND").in_lang(lang))
        .after_help(format!("{}\n\n{}", EXAMPLES.in_lang(lang), EXITS.in_lang(lang)))
        .arg(
            bare_option("version", Phrase::new("显示版本", "Show the version"), lang)
                .short('V')
                .action(ArgAction::Version),
        )
        .arg(
            option("lang", Phrase::new("语言：zh 或 en", "Language: zh or en"), lang)
                .value_name("LANG")
                .value_parser(["zh", "en", "zh-CN", "en-US"])
                .global(true),
        );
    for command in commands {
        let sub = frame(clap::Command::new(command.name), lang).about(command.about.in_lang(lang));
        program = program.subcommand((command.arguments)(sub, lang));
    }
    program
}

/// What every command shares: the template and the help option.
pub fn frame(command: clap::Command, lang: Lang) -> clap::Command {
    let usage = Phrase::new("用法：", "Usage: ").in_lang(lang);
    command
        .help_template(format!("{{about-with-newline}}\n{usage}{{usage}}\n\n{{all-args}}{{after-help}}\n"))
        .disable_help_flag(true)
        .arg(
            bare_option("help", Phrase::new("显示帮助", "Show help"), lang)
                .short('h')
                .action(ArgAction::Help),
        )
}

/// A long option with a value, under the heading of options.
pub fn option(name: &'static str, help: Phrase, lang: Lang) -> Arg {
    bare_option(name, help, lang).hide_possible_values(true)
}

fn bare_option(name: &'static str, help: Phrase, lang: Lang) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help.in_lang(lang))
        .help_heading(Phrase::new("选项", "Options").in_lang(lang))
}

/// A switch.
pub fn flag(name: &'static str, help: Phrase, lang: Lang) -> Arg {
    bare_option(name, help, lang).action(ArgAction::SetTrue)
}

/// A positional argument.
pub fn argument(name: &'static str, help: Phrase, lang: Lang) -> Arg {
    Arg::new(name)
        .value_name(name)
        .help(help.in_lang(lang))
        .help_heading(Phrase::new("参数", "Arguments").in_lang(lang))
        .hide_possible_values(true)
}

/// Help and version are shown; anything else becomes one sentence.
pub fn explain(error: &clap::Error, lang: Lang) -> Result<Exit, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error.print().map_err(|e| Failure::stdout(&e))?;
            Ok(Exit::Clean)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Standard error may be closed; the exit code says the same.
            let _ = error.print();
            Ok(Exit::Usage)
        }
        kind => {
            let (zh, en) = sentence(kind, error);
            let more = Phrase::new("用 --help 查看用法。", "See --help.").in_lang(lang);
            Err(Failure::usage(format!("{zh}{more}"), format!("{en} {more}")))
        }
    }
}

fn sentence(kind: ErrorKind, error: &clap::Error) -> (String, String) {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(s)) => s.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let arg = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let (mut zh, mut en) = match kind {
        ErrorKind::UnknownArgument => {
            (format!("没有“{arg}”这个参数。"), format!("There is no argument `{arg}`."))
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            (format!("没有“{name}”这个命令。"), format!("There is no command `{name}`."))
        }
        ErrorKind::MissingRequiredArgument => (format!("缺少 {arg}。"), format!("{arg} is missing.")),
        ErrorKind::InvalidValue if value.is_empty() => {
            (format!("{arg} 缺少取值。"), format!("{arg} lacks a value."))
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            match prior.as_str() {
                "" => (format!("{arg} 只能出现一次。"), format!("{arg} can stand only once.")),
                _ => (
                    format!("{arg} 与 {prior} 不能同时使用。"),
                    format!("{arg} and {prior} exclude each other."),
                ),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let (zh, en) = cause.split_once(BOTH).map_or((cause.as_str(), cause.as_str()), |both| both);
            (format!("{arg} 的取值“{value}”无效。{zh}"), format!("`{value}` is no value for {arg}. {en}"))
        }
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            (format!("{first}。"), format!("{first}."))
        }
    };
    let valid = context(ContextKind::ValidValue);
    if !valid.is_empty() {
        zh += &format!("可用：{valid}。");
        en += &format!(" Possible: {valid}.");
    }
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .map(context);
    if let Some(near) = near.iter().find(|n| !n.is_empty()) {
        zh += &format!("是否想写“{near}”？");
        en += &format!(" Did you mean `{near}`?");
    }
    (zh, en.trim_end().to_owned())
}

/// Between the Chinese and the English half of a value parser's message, which is one string.
const BOTH: &str = "\u{1f}";

/// A value parser's message in both languages.
pub fn both(zh: &str, en: &str) -> String {
    format!("{zh}{BOTH}{en}")
}
