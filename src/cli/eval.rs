//! `piscope eval categories ROWS.csv`: how well apps are placed, on rows whose category is known.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::analyze::{Analyzer, Options};
use crate::categorize;
use crate::categorize::eval::{EvalRow, Evaluator, read_rows};
use crate::cli::language::Languages;
use crate::cli::output::print;
use crate::cli::usage::{argument, flag, frame};
use crate::cli::{Command, Exit, Failure, rules};
use crate::report::wording::Phrase;
use crate::sample::Sample;
use crate::unpack;

pub const COMMAND: Command = Command {
    name: "eval",
    about: Phrase::new(
        "用已标注的数据检验判断的准确程度",
        "Measure how right the program is, on labelled data",
    ),
    arguments: |command, lang| {
        let about = Phrase::new("应用类型的判断", "the placement of apps");
        let rows = Phrase::new(
            "CSV：package、label、category（0 为不属于39类），或 path、category",
            "CSV: package, label, category (0 for none of the 39), or path, category",
        );
        let no_known = Phrase::new("不使用已知包名", "Do not use known package names");
        let json = Phrase::new("以 JSON 输出", "Print JSON");
        command
            .subcommand_required(true)
            .subcommand_help_heading(Phrase::new("命令", "Commands").in_lang(lang))
            .subcommand(
                frame(clap::Command::new("categories"), lang)
                    .about(about.in_lang(lang))
                    .arg(
                        argument("ROWS", rows, lang)
                            .required(true)
                            .value_parser(clap::value_parser!(PathBuf)),
                    )
                    .arg(flag("no-known-names", no_known, lang))
                    .arg(flag("json", json, lang))
                    .arg(rules::folder_option(lang)),
            )
    },
    run: |matches, languages| match matches.subcommand() {
        Some((_, matches)) => categories(matches, languages),
        None => Ok(Exit::Usage),
    },
};

fn categories(matches: &ArgMatches, languages: Languages) -> Result<Exit, Failure> {
    let path = matches.get_one::<PathBuf>("ROWS").map_or(Path::new(""), PathBuf::as_path);
    let bytes = fs::read(path).map_err(|e| {
        Failure::no_input(
            format!("无法读取“{}”（{e}）。请检查路径与访问权限。", path.display()),
            format!("Cannot read `{}` ({e}). Check the path and the access rights.", path.display()),
        )
    })?;
    let rows = read_rows(&bytes).map_err(|e| {
        Failure::usage(
            format!("“{}”第 {} 行：{}", path.display(), e.line, e.message.zh),
            format!("`{}`, line {}: {}", path.display(), e.line, e.message.en),
        )
    })?;
    let rules = rules::load(matches)?;
    let placement = categorize::Options { known_names: !matches.get_flag("no-known-names") };
    let options = Options { placement, ..Options::default() };
    let analyzer = Analyzer::new(&rules, options).map_err(|e| Failure::model(&e))?;
    let mut evaluator = Evaluator::new(analyzer.categorizer());
    for row in &rows {
        match &row.path {
            None => evaluator.place(row, placement),
            Some(package) => {
                let (sample, package) = open(path, package, row)?;
                evaluator.add(row, &analyzer.place(&sample, &package));
            }
        }
    }
    let figures = evaluator.finish();
    if matches.get_flag("json") {
        let json = serde_json::to_string_pretty(&figures).map_err(|e| Failure::stdout(&e.into()))?;
        print(&(json + "\n"))?;
    } else {
        print(&figures.text(analyzer.categorizer(), languages.terminal))?;
    }
    Ok(Exit::Clean)
}

/// The package of a row; a relative path counts from the folder of the rows.
fn open(rows: &Path, package: &str, row: &EvalRow) -> Result<(Sample, crate::package::AppPackage), Failure> {
    let path = rows.parent().unwrap_or(Path::new("")).join(package);
    let read = unpack::open(&path, &unpack::Options::default()).map_err(|e| {
        let text = e.text();
        Failure::usage(
            format!("“{}”第 {} 行：“{}”{}", rows.display(), row.line, path.display(), text.zh),
            format!("`{}`, line {}: `{}`: {}", rows.display(), row.line, path.display(), text.en),
        )
    })?;
    Ok((Sample { path: path.to_string_lossy().into_owned(), explicit: true, listed: None }, read))
}
