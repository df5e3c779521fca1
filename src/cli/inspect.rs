//! `piscope inspect X`: the record of one package, or its decoded manifest.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::cli::language::Languages;
use crate::cli::output::print;
use crate::cli::usage::{argument, flag};
use crate::cli::{Command, Exit, Failure, scan};
use crate::report::wording::Phrase;
use crate::unpack;

pub const COMMAND: Command = Command {
    name: "inspect",
    about: Phrase::new(
        "打印安装包的记录（JSON，可保存后代替安装包分析）或解码后的清单",
        "Print the record of a package (JSON; saved, it can be scanned in place of the package) or its manifest",
    ),
    arguments: |command, lang| {
        let manifest =
            Phrase::new("打印解码后的 AndroidManifest.xml", "Print the decoded AndroidManifest.xml");
        let hash = Phrase::new("不计算整个文件的 SHA-256 和 MD5", "Do not hash the whole file");
        let command = command
            .arg(
                argument("PACKAGE", Phrase::new("安装包", "the package"), lang)
                    .required(true)
                    .value_parser(clap::value_parser!(PathBuf)),
            )
            .arg(flag("manifest", manifest, lang))
            .arg(flag("no-hash", hash, lang));
        scan::limit_arguments(command, lang)
    },
    run,
};

fn run(matches: &ArgMatches, _: Languages) -> Result<Exit, Failure> {
    let path = matches.get_one::<PathBuf>("PACKAGE").map_or(Path::new(""), PathBuf::as_path);
    let options = unpack::Options { limits: scan::limits(matches), hash: !matches.get_flag("no-hash") };
    if !path.exists() {
        return Err(Failure::no_input(
            format!("找不到“{}”。请检查路径的拼写。", path.display()),
            format!("`{}` does not exist. Check the spelling.", path.display()),
        ));
    }
    let failed = |error: unpack::UnpackError| {
        let text = error.text();
        Failure {
            exit: Exit::Unanalysed,
            message: crate::text::Text::new(
                format!("“{}”：{}", path.display(), text.zh),
                format!("`{}`: {}", path.display(), text.en),
            ),
        }
    };
    if matches.get_flag("manifest") {
        let texts = unpack::manifest_texts(path, &options).map_err(failed)?;
        let several = texts.len() > 1;
        for (entry, text) in texts {
            // As `tail` does: lines below the head count from 1.
            print(&if several { format!("==> {entry} <==\n{text}\n") } else { text })?;
        }
        return Ok(Exit::Clean);
    }
    let package = unpack::open(path, &options).map_err(failed)?;
    let json = serde_json::to_string_pretty(&package).map_err(|e| Failure::stdout(&e.into()))?;
    print(&(json + "\n"))?;
    Ok(if package.gaps.iter().any(|g| g.kind.hides_evidence()) { Exit::Unanalysed } else { Exit::Clean })
}
