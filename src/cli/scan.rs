//! `piscope scan PATH…`: the main job.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use clap::{ArgAction, ArgMatches};

use crate::analyze::{Analyzer, Options};
use crate::batch::{self, Input, Item, ListError, Progress, SampleList, Walk};
use crate::categorize::Overrides;
use crate::cli::language::Languages;
use crate::cli::output::{Look, Outputs, requests};
use crate::cli::usage::{argument, flag, option};
use crate::cli::{Command, Exit, Failure, parse, rules, warn};
use crate::finding::Level;
use crate::report::model::{Outcome, Summary, Tool};
use crate::report::wording::Phrase;
use crate::rules::Ruleset;
use crate::text::{Lang, Text};
use crate::unpack::{self, limits::Limits};

pub const COMMAND: Command = Command {
    name: "scan",
    about: Phrase::new(
        "分析安装包或文件夹，与所属类型的必要个人信息相比较",
        "Analyse packages or folders against the necessary personal information of their category",
    ),
    arguments,
    run,
};

/// A limit on one sample as an option of the command line.
struct LimitOption {
    name: &'static str,
    help: Phrase,
    kind: LimitKind,
}

enum LimitKind {
    Size(fn(&mut Limits, u64)),
    Count(fn(&mut Limits, u64)),
    Time,
}

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

const LIMITS: &[LimitOption] = &[
    LimitOption {
        name: "limit-entry-bytes",
        help: Phrase::new("单个条目解压后的大小 [32M]", "Inflated size of one entry [32M]"),
        kind: LimitKind::Size(|l, n| l.entry_bytes = n),
    },
    LimitOption {
        name: "limit-sample-bytes",
        help: Phrase::new("单个样品解压后的总大小 [512M]", "Inflated size of one sample in all [512M]"),
        kind: LimitKind::Size(|l, n| l.sample_bytes = n),
    },
    LimitOption {
        name: "limit-entries",
        help: Phrase::new("压缩包的条目数 [200000]", "Entries of one archive [200000]"),
        kind: LimitKind::Count(|l, n| l.entries = small(n)),
    },
    LimitOption {
        name: "limit-names",
        help: Phrase::new("每个清单保留的文件名数 [20000]", "File names kept per list [20000]"),
        kind: LimitKind::Count(|l, n| l.names = index(n)),
    },
    LimitOption {
        name: "limit-name-bytes",
        help: Phrase::new("每个清单保留的文件名总长 [2M]", "Bytes of file names kept per list [2M]"),
        kind: LimitKind::Size(|l, n| l.name_bytes = index(n)),
    },
    LimitOption {
        name: "limit-xml-depth",
        help: Phrase::new("二进制 XML 的嵌套层数 [256]", "Depth of binary XML [256]"),
        kind: LimitKind::Count(|l, n| l.xml_depth = small(n)),
    },
    LimitOption {
        name: "limit-xml-nodes",
        help: Phrase::new("二进制 XML 的节点数 [500000]", "Nodes of binary XML [500000]"),
        kind: LimitKind::Count(|l, n| l.xml_nodes = small(n)),
    },
    LimitOption {
        name: "limit-strings",
        help: Phrase::new("一个字符串池的字符串数 [2000000]", "Strings of one pool [2000000]"),
        kind: LimitKind::Count(|l, n| l.strings = small(n)),
    },
    LimitOption {
        name: "limit-string-bytes",
        help: Phrase::new("保留的单个字符串长度 [8K]", "Bytes kept of one string [8K]"),
        kind: LimitKind::Size(|l, n| l.string_bytes = index(n)),
    },
    LimitOption {
        name: "limit-reference-hops",
        help: Phrase::new("资源引用的跳数 [16]", "Hops of a resource reference [16]"),
        kind: LimitKind::Count(|l, n| l.reference_hops = small(n)),
    },
    LimitOption {
        name: "limit-table-chunks",
        help: Phrase::new("资源表的块数 [200000]", "Chunks of a resource table [200000]"),
        kind: LimitKind::Count(|l, n| l.table_chunks = small(n)),
    },
    LimitOption {
        name: "limit-nesting",
        help: Phrase::new("容器内安装包的层数 [1]", "Depth of packages in containers [1]"),
        kind: LimitKind::Count(|l, n| l.nesting = small(n)),
    },
    LimitOption {
        name: "limit-splits",
        help: Phrase::new("一个容器的分包数 [256]", "Splits of one container [256]"),
        kind: LimitKind::Count(|l, n| l.splits = small(n)),
    },
    LimitOption {
        name: "limit-time",
        help: Phrase::new("单个样品的时间，如 30s、500ms [30s]", "Time of one sample, e.g. 30s, 500ms [30s]"),
        kind: LimitKind::Time,
    },
];

/// The options that set limits, for every command that opens packages.
pub fn limit_arguments(command: clap::Command, lang: Lang) -> clap::Command {
    let heading = Phrase::new(
        "每个样品的上限（超出的部分记为未读）",
        "Limits per sample (what lies beyond is reported as unread)",
    );
    LIMITS.iter().fold(command, |command, limit| {
        let arg = option(limit.name, limit.help, lang).value_name("N").help_heading(heading.in_lang(lang));
        command.arg(match limit.kind {
            LimitKind::Size(_) => arg.value_parser(parse::size),
            LimitKind::Count(_) => arg.value_parser(parse::count),
            LimitKind::Time => arg.value_parser(parse::time),
        })
    })
}

/// The limits that the user set, over the defaults.
pub fn limits(matches: &ArgMatches) -> Limits {
    let mut limits = Limits::default();
    for limit in LIMITS {
        match limit.kind {
            LimitKind::Size(set) | LimitKind::Count(set) => {
                if let Some(n) = matches.get_one::<u64>(limit.name) {
                    set(&mut limits, *n);
                }
            }
            LimitKind::Time => {
                if let Some(time) = matches.get_one(limit.name) {
                    limits.time = *time;
                }
            }
        }
    }
    limits
}

const LEVELS: [(&str, Level); 6] = [
    ("fact", Level::Fact),
    ("within", Level::Within),
    ("undetermined", Level::Undetermined),
    ("verify", Level::Verify),
    ("suspect", Level::Suspect),
    ("stated", Level::Stated),
];

/// The level called `name`.
pub fn level(name: &str) -> Option<Level> {
    LEVELS.iter().find(|(n, _)| *n == name).map(|(_, level)| *level)
}

/// Every level with its name, least grave first.
pub fn levels() -> impl Iterator<Item = (&'static str, Level)> {
    LEVELS.into_iter()
}

fn arguments(command: clap::Command, lang: Lang) -> clap::Command {
    let path = Phrase::new(
        "安装包、文件夹，或 -（从标准输入逐行读取路径）",
        "packages, folders, or - (paths on standard input, one a line)",
    );
    let files_from = Phrase::new("从文件逐行读取路径", "Read paths from a file, one a line");
    let null = Phrase::new("路径以 NUL 而不是换行分隔", "Paths end in NUL instead of a line feed");
    let samples = Phrase::new(
        "样品清单 CSV（文件、应用名称、开发者、应用类型…）；不给 PATH 时分析清单所列文件",
        "List of samples as CSV (file, app_name, developer, category …); without PATH its files are analysed",
    );
    let category = Phrase::new(
        "指定应用类型：序号、名称或 id，可多个（取并集）",
        "Set the category: number, name or id; several mean their union",
    );
    let overrides = Phrase::new(
        "类型更正表 CSV（包名、类别、审核人、理由）",
        "Corrections of categories as CSV (package, category, who, why)",
    );
    let output = Phrase::new(
        "输出格式 terminal、json、jsonl、csv；写成 格式=文件 则写入文件，可多次使用",
        "Output as terminal, json, jsonl or csv; FORMAT=FILE writes a file; several times",
    );
    let fail_on = Phrase::new(
        "达到该级别即退出码 1：fact、within、undetermined、verify、suspect、stated [suspect]",
        "Exit 1 from this level on: fact, within, undetermined, verify, suspect, stated [suspect]",
    );
    let command = command
        .arg(argument("PATH", path, lang).num_args(0..).value_parser(clap::value_parser!(PathBuf)))
        .arg(
            option("files-from", files_from, lang)
                .value_name("LIST")
                .value_parser(clap::value_parser!(PathBuf)),
        )
        .arg(flag("null", null, lang).short('0'))
        .arg(option("samples", samples, lang).value_name("CSV").value_parser(clap::value_parser!(PathBuf)))
        .arg(option("category", category, lang).value_name("WORD").action(ArgAction::Append))
        .arg(
            option("overrides", overrides, lang).value_name("CSV").value_parser(clap::value_parser!(PathBuf)),
        )
        .arg(rules::folder_option(lang))
        .arg(option("output", output, lang).short('o').value_name("FORMAT[=FILE]").action(ArgAction::Append))
        .arg(option("fail-on", fail_on, lang).value_name("LEVEL").value_parser(LEVELS.map(|(name, _)| name)))
        .arg(flag(
            "exit-zero",
            Phrase::new(
                "有发现或有样品未能分析时也以 0 退出",
                "Exit 0 also with findings or unanalysed samples",
            ),
            lang,
        ))
        .arg(flag(
            "no-hash",
            Phrase::new("不计算整个文件的 SHA-256 和 MD5（更快）", "Do not hash whole files (faster)"),
            lang,
        ))
        .arg(
            option("threads", Phrase::new("线程数 [处理器核数]", "Threads [cores]"), lang)
                .value_name("N")
                .value_parser(parse::count),
        )
        .arg(
            option(
                "color",
                Phrase::new("颜色：auto、always、never [auto]", "Colour: auto, always, never [auto]"),
                lang,
            )
            .value_name("WHEN")
            .value_parser(["auto", "always", "never"]),
        )
        .arg(flag("no-progress", Phrase::new("不显示进度条", "No progress bar"), lang))
        .arg(
            flag("quiet", Phrase::new("只写 -o 指定的输出和错误", "Only what -o asks for, and errors"), lang)
                .short('q')
                .conflicts_with("verbose"),
        )
        .arg(
            flag(
                "verbose",
                Phrase::new("显示全部发现、证据和条款", "All findings, evidence and clauses"),
                lang,
            )
            .short('v'),
        );
    limit_arguments(command, lang)
}

fn run(matches: &ArgMatches, languages: Languages) -> Result<Exit, Failure> {
    let lang = languages.terminal;
    let quiet = matches.get_flag("quiet");
    let rules = rules::load(matches)?;
    let categories = categories(matches, &rules)?;
    let overrides = overrides(matches, &rules)?;
    let samples = matches.get_one::<PathBuf>("samples");
    let mut list = samples.map(|path| SampleList::read(path).map_err(list_failure)).transpose()?;
    if let (Some(path), Some(list)) = (samples, &list) {
        check_categories(path, list, &rules)?;
    }
    let color = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let values: Vec<String> = matches.get_many("output").unwrap_or_default().cloned().collect();
    let requests = requests(&values, quiet)?;
    let (inputs, folders) = inputs(matches, samples.zip(list.as_ref()))?;
    let look = Look { languages, color, verbose: matches.get_flag("verbose") };
    let mut outputs = Outputs::open(&requests, look)?;

    let mut own = outputs.files();
    own.extend(
        samples
            .into_iter()
            .chain(["files-from", "overrides"].into_iter().filter_map(|id| matches.get_one::<PathBuf>(id)))
            .cloned(),
    );
    let walk = Walk::new(inputs, &own);
    let mut verdict = Verdict::new(matches);
    let mut unlisted = Vec::new();
    let items = walk.map(|item| match (item, &mut list) {
        (Item::Sample(mut sample), Some(list)) => {
            sample.listed = list.claim(&sample.path);
            Item::Sample(sample)
        }
        (item, _) => item,
    });

    let unpack = unpack::Options { limits: limits(matches), hash: !matches.get_flag("no-hash") };
    let options = Options { unpack, categories, overrides, ..Options::default() };
    let tool = Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ruleset_version: rules.version.clone(),
        ruleset_digest: rules.digest.clone(),
    };
    let analyzer = Analyzer::new(&rules, options).map_err(|e| Failure::model(&e))?;
    let threads = matches.get_one::<u64>("threads").map_or(0, |n| index(*n));
    let shown = !quiet && !matches.get_flag("no-progress") && std::env::var_os("CI").is_none();
    let mut progress = Progress::new(shown, folders, lang);
    batch::quiet_panics();
    outputs.begin(&tool)?;
    let mut failure = None;
    let ran = batch::run(items, threads, &|sample| analyzer.analyze(sample), &mut |outcome| {
        progress.count(&outcome);
        verdict.count(&outcome);
        if samples.is_some() && outcome.sample().listed.is_none() && !matches!(outcome, Outcome::Skipped(_)) {
            unlisted.push(outcome.sample().path.clone());
        }
        if let Err(e) = progress.suspend(|| outputs.outcome(&outcome)) {
            failure = Some(e);
            return Err(io::Error::other("output"));
        }
        if outputs.are_abandoned() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    });
    progress.finish();
    if let Some(failure) = failure {
        return Err(failure);
    }
    match ran {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::usage(
                format!("无法启动分析线程（{e}）。请用 --threads 1 重试。"),
                format!("Cannot start the threads ({e}). Try --threads 1."),
            ));
        }
        _ => {}
    }
    if !quiet && let (Some(path), Some(list)) = (samples, &list) {
        list_warnings(path, list, &unlisted, lang);
    }
    verdict.end(outputs)
}

/// Decides the exit code.
struct Verdict {
    summary: Summary,
    fail_on: Level,
    exit_zero: bool,
    found: bool,
    unanalysed: bool,
    /// The first file that is no package, as an example for the user.
    example: Option<(String, Text)>,
}

impl Verdict {
    fn new(matches: &ArgMatches) -> Self {
        Self {
            summary: Summary::default(),
            fail_on: matches.get_one::<String>("fail-on").and_then(|n| level(n)).unwrap_or(Level::Suspect),
            exit_zero: matches.get_flag("exit-zero"),
            found: false,
            unanalysed: false,
            example: None,
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        self.summary.add(outcome);
        match outcome {
            Outcome::Analysed(app) => {
                self.found |= app.gravest().is_some_and(|level| level >= self.fail_on);
                self.unanalysed |= app.has_hiding_gap();
            }
            Outcome::Unreadable(_) => self.unanalysed = true,
            Outcome::Skipped(skipped) => {
                self.unanalysed |= skipped.sample.explicit;
                self.example.get_or_insert_with(|| (skipped.sample.path.clone(), skipped.reason.clone()));
            }
        }
    }

    fn end(self, outputs: Outputs) -> Result<Exit, Failure> {
        let Summary { samples, skipped, .. } = self.summary;
        outputs.end(&self.summary)?;
        if samples == 0 {
            return Err(Failure::no_input(
                "没有找到任何文件，所给的文件夹或路径列表是空的。请指定安装包所在的位置。",
                "No file was found: the folder or the list of paths is empty. Name the place where the packages are.",
            ));
        }
        if let (true, false, Some((path, reason))) = (samples == skipped, self.unanalysed, self.example) {
            return Err(Failure::no_input(
                format!(
                    "{skipped} 个文件都不是应用安装包，例如“{path}”（{}）。请指定含有 APK、APKS、XAPK 或 APKM 的位置。",
                    reason.zh
                ),
                format!(
                    "None of the {skipped} files is an app package, e.g. `{path}` ({}). Name a place with APK, APKS, XAPK or APKM files.",
                    reason.en
                ),
            ));
        }
        Ok(match (self.exit_zero, self.unanalysed, self.found) {
            (false, true, _) => Exit::Unanalysed,
            (false, false, true) => Exit::Findings,
            _ => Exit::Clean,
        })
    }
}

/// The inputs, and the paths to count for the progress bar unless a stream makes that impossible.
fn inputs(
    matches: &ArgMatches,
    samples: Option<(&PathBuf, &SampleList)>,
) -> Result<(Vec<Input>, Option<Vec<PathBuf>>), Failure> {
    let separator = if matches.get_flag("null") { 0 } else { b'\n' };
    let mut inputs = Vec::new();
    let mut folders = Vec::new();
    let mut stream = false;
    for path in matches.get_many::<PathBuf>("PATH").unwrap_or_default() {
        if path.as_os_str() == "-" {
            let reader = Box::new(BufReader::new(io::stdin()));
            inputs.push(Input::List { name: "-".into(), reader, separator });
            stream = true;
        } else {
            inputs.push(Input::Path(path.clone()));
            folders.push(path.clone());
        }
    }
    if let Some(missing) = folders.first().filter(|_| !stream && folders.iter().all(|p| !is_there(p))) {
        return Err(Failure::no_input(
            format!("找不到“{}”。请检查路径的拼写，或先确认文件已下载到本机。", missing.display()),
            format!(
                "`{}` does not exist. Check the spelling, or that the file was downloaded.",
                missing.display()
            ),
        ));
    }
    if let Some(path) = matches.get_one::<PathBuf>("files-from") {
        let file = File::open(path).map_err(|e| {
            let why = batch::walk::why(&e);
            Failure::usage(
                format!("无法读取路径列表“{}”：{}", path.display(), why.zh),
                format!("Cannot read the list of paths `{}`: {}", path.display(), why.en),
            )
        })?;
        let name = path.display().to_string();
        inputs.push(Input::List { name, reader: Box::new(BufReader::new(file)), separator });
        stream = true;
    }
    if let (true, Some((path, list))) = (inputs.is_empty(), samples) {
        let folder = path.parent().unwrap_or(Path::new(""));
        for row in list.rows() {
            let file = folder.join(row.file.replace('\\', "/"));
            inputs.push(Input::Path(file.clone()));
            folders.push(file);
        }
    }
    if inputs.is_empty() {
        return Err(Failure::usage(
            "没有指定要分析的内容。请给出安装包或文件夹，例如：piscope scan 样品文件夹。",
            "Nothing to analyse was named. Give packages or a folder, e.g. piscope scan folder.",
        ));
    }
    Ok((inputs, (!stream).then_some(folders)))
}

/// Whether something lies at `path`, readable or not.
fn is_there(path: &Path) -> bool {
    !matches!(path.metadata(), Err(e) if e.kind() == io::ErrorKind::NotFound)
}

fn categories(matches: &ArgMatches, rules: &Ruleset) -> Result<Option<Vec<u8>>, Failure> {
    let Some(values) = matches.get_many::<String>("category") else { return Ok(None) };
    let words: Vec<_> = values.map(String::as_str).collect();
    rules.categories_named(&words.join(";")).map(Some).map_err(unknown_category)
}

fn overrides(matches: &ArgMatches, rules: &Ruleset) -> Result<Overrides, Failure> {
    let Some(path) = matches.get_one::<PathBuf>("overrides") else { return Ok(Overrides::default()) };
    let failed = |line: Option<u64>, message: Text| {
        let (zh, en) = line.map(|n| (format!("第 {n} 行"), format!(", line {n}"))).unwrap_or_default();
        Failure::usage(
            format!("类型更正表“{}”{zh}：{}", path.display(), message.zh),
            format!("Overrides `{}`{en}: {}", path.display(), message.en),
        )
    };
    let bytes = std::fs::read(path).map_err(|e| failed(None, batch::walk::why(&e)))?;
    Overrides::parse(&bytes, rules).map_err(|e| failed(Some(e.line), e.message))
}

fn unknown_category(word: &str) -> Failure {
    Failure::usage(
        format!(
            "没有“{word}”这个应用类型。请用序号 1–39、名称或 id（0 表示不属于39类），可用 piscope rules list 查看。"
        ),
        format!(
            "There is no category `{word}`. Use a number 1–39, a name or an id (0: none of the 39); piscope rules list shows them."
        ),
    )
}

fn check_categories(path: &Path, list: &SampleList, rules: &Ruleset) -> Result<(), Failure> {
    for row in list.rows() {
        let named = row.category.as_deref().map_or(Ok(Vec::new()), |words| rules.categories_named(words));
        if let Err(word) = named {
            let message = unknown_category(word).message;
            return Err(list_failure(ListError { path: path.to_owned(), line: Some(row.line), message }));
        }
    }
    Ok(())
}

fn list_failure(error: ListError) -> Failure {
    let path = error.path.display();
    let (zh_line, en_line) =
        error.line.map(|n| (format!("第 {n} 行"), format!(", line {n}"))).unwrap_or_default();
    Failure::usage(
        format!("样品清单“{path}”{zh_line}：{}", error.message.zh),
        format!("List of samples `{path}`{en_line}: {}", error.message.en),
    )
}

fn list_warnings(path: &Path, list: &SampleList, unlisted: &[String], lang: Lang) {
    let path = path.display();
    for row in list.unclaimed() {
        warn(
            &Text::new(
                format!("样品清单“{path}”第 {} 行：没有找到文件“{}”。", row.line, row.file),
                format!(
                    "List of samples `{path}`, line {}: the file `{}` was not found.",
                    row.line, row.file
                ),
            ),
            lang,
        );
    }
    for row in list.shared() {
        warn(
            &Text::new(
                format!(
                    "样品清单“{path}”第 {} 行：有多个文件名为“{}”，都用了这一行。请写明相对路径。",
                    row.line, row.file
                ),
                format!(
                    "List of samples `{path}`, line {}: several files are called `{}` and all took this line. Write the relative path.",
                    row.line, row.file
                ),
            ),
            lang,
        );
    }
    if let Some(first) = unlisted.first() {
        let count = unlisted.len();
        warn(
            &Text::new(
                format!("{count} 个样品不在清单“{path}”中，例如“{first}”。"),
                format!("{count} samples are not in the list `{path}`, e.g. `{first}`."),
            ),
            lang,
        );
    }
}
