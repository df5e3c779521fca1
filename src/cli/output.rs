//! Where results go: several formats in one run, files written aside and then renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

use crate::cli::Failure;
use crate::cli::language::Languages;
use crate::report::model::{Outcome, Summary, Tool};
use crate::report::{FORMATS, Format, Sink, Style, Writer};

/// One `-o`.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    format: &'static Format,
    /// Absent: standard output.
    file: Option<&'a Path>,
}

/// How results look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub languages: Languages,
    pub color: ColorChoice,
    pub verbose: bool,
}

/// `FORMAT` or `FORMAT=FILE`, once per `-o`; without one for standard output the terminal format
/// goes there, unless `quiet`.
pub fn requests(values: &[String], quiet: bool) -> Result<Vec<Request<'_>>, Failure> {
    let mut requests = Vec::new();
    for value in values {
        let (name, file) = match value.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (value.as_str(), None),
        };
        let Some(format) = Format::named(name) else {
            let known: Vec<_> = FORMATS.iter().map(|f| f.name).collect();
            let known = known.join(", ");
            return Err(Failure::usage(
                format!("没有“{name}”这种输出格式。可用：{known}，写成 -o 格式 或 -o 格式=文件。"),
                format!(
                    "There is no output format `{name}`. Possible: {known}, as -o FORMAT or -o FORMAT=FILE."
                ),
            ));
        };
        match file {
            Some("") => {
                return Err(Failure::usage(
                    format!("-o {value} 缺少文件名。请写成 -o {name}=文件；写到标准输出则用 -o {name}。"),
                    format!(
                        "-o {value} lacks a file name. Write -o {name}=FILE, or -o {name} for standard output."
                    ),
                ));
            }
            Some("-") | None => requests.push(Request { format, file: None }),
            Some(file) => requests.push(Request { format, file: Some(Path::new(file)) }),
        }
    }
    if let Some(default) = FORMATS.first().filter(|_| !quiet && !requests.iter().any(|r| r.file.is_none())) {
        requests.push(Request { format: default, file: None });
    }
    for (i, one) in requests.iter().enumerate() {
        if requests.iter().skip(i + 1).any(|other| other.target() == one.target()) {
            let (zh, en) = match one.file {
                Some(file) => (format!("“{}”", file.display()), format!("`{}`", file.display())),
                None => ("标准输出".to_owned(), "standard output".to_owned()),
            };
            return Err(Failure::usage(
                format!("有两个 -o 写到同一处：{zh}。请给每种格式各自的文件。"),
                format!("Two -o write to the same place: {en}. Give each format a file of its own."),
            ));
        }
    }
    Ok(requests)
}

impl Request<'_> {
    /// The file that is meant, however it is written.
    fn target(&self) -> Option<PathBuf> {
        let file = self.file?;
        let whole = fs::canonicalize(file).ok();
        let by_folder = || {
            let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(fs::canonicalize(folder).ok()?.join(file.file_name()?))
        };
        let target = whole.or_else(by_folder).unwrap_or_else(|| file.to_owned());
        Some(if cfg!(windows) { target.to_string_lossy().to_lowercase().into() } else { target })
    }
}

/// The open outputs of a run.
pub struct Outputs {
    outputs: Vec<Output>,
}

struct Output {
    name: String,
    /// Gone once its reader has gone away.
    writer: Option<Box<dyn Writer>>,
    /// Written first, and renamed to the second.
    aside: Option<(PathBuf, PathBuf)>,
}

impl Outputs {
    /// Opens every output before any work is done.
    pub fn open(requests: &[Request<'_>], look: Look) -> Result<Self, Failure> {
        let mut outputs = Self { outputs: Vec::new() };
        for request in requests {
            outputs.outputs.push(open(*request, look)?);
        }
        Ok(outputs)
    }

    /// The files that this run writes.
    pub fn files(&self) -> Vec<PathBuf> {
        self.outputs
            .iter()
            .filter_map(|o| o.aside.as_ref())
            .flat_map(|(a, b)| [a.clone(), b.clone()])
            .collect()
    }

    /// Whether there were readers and all have gone away. A run for its exit code alone has none.
    pub fn are_abandoned(&self) -> bool {
        !self.outputs.is_empty() && self.outputs.iter().all(|o| o.writer.is_none())
    }

    pub fn begin(&mut self, tool: &Tool) -> Result<(), Failure> {
        self.each(|w| w.begin(tool))
    }

    pub fn outcome(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        self.each(|w| w.outcome(outcome))
    }

    /// Ends every output and puts the files in their places.
    pub fn end(mut self, summary: &Summary) -> Result<(), Failure> {
        self.each(|w| w.end(summary))?;
        for output in &mut self.outputs {
            // Closed before the renaming, which Windows demands.
            output.writer = None;
            if let Some((aside, target)) = output.aside.take() {
                fs::rename(&aside, &target).map_err(|e| {
                    let (aside, target) = (aside.display(), target.display());
                    Failure::usage(
                        format!("无法替换“{target}”（{e}），它可能正被其他程序（如 Excel）打开。结果已保存在“{aside}”，请关闭后改名。"),
                        format!("Cannot replace `{target}` ({e}); another program such as Excel may hold it open. The result is in `{aside}`: close it and rename."),
                    )
                })?;
            }
        }
        Ok(())
    }

    fn each(&mut self, mut step: impl FnMut(&mut dyn Writer) -> io::Result<()>) -> Result<(), Failure> {
        for output in &mut self.outputs {
            let Some(writer) = &mut output.writer else { continue };
            match step(writer.as_mut()) {
                Ok(()) => {}
                // `piscope scan … | head`: the reader has seen enough.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => output.writer = None,
                Err(e) => return Err(cannot_write(&output.name, &e)),
            }
        }
        Ok(())
    }
}

impl Drop for Outputs {
    /// A run that failed leaves no half-written file behind.
    fn drop(&mut self) {
        for output in &mut self.outputs {
            output.writer = None;
            if let Some((aside, _)) = output.aside.take() {
                // What cannot be removed is named `.partial`, which says enough.
                let _ = fs::remove_file(aside);
            }
        }
    }
}

fn open(request: Request<'_>, look: Look) -> Result<Output, Failure> {
    let Languages { terminal, documents } = look.languages;
    let lang = if request.format.for_terminal { terminal } else { documents };
    let style = Style { lang, verbose: look.verbose, ..Style::default() };
    let Some(file) = request.file else {
        let stdout = io::stdout();
        let color = match look.color {
            ColorChoice::Auto => AutoStream::choice(&stdout),
            chosen => chosen,
        };
        let width = terminal_size::terminal_size().filter(|_| stdout.is_terminal());
        let width = width.map_or(style.width, |(columns, _)| usize::from(columns.0).clamp(48, 140));
        let style = Style { color: color != ColorChoice::Never, width, ..style };
        let sink: Sink<'static> = Box::new(BufWriter::new(AutoStream::new(stdout, color)));
        return Ok(Output {
            name: "-".into(),
            writer: Some((request.format.open)(sink, style)),
            aside: None,
        });
    };
    let name = file.display().to_string();
    // Through a link to the file itself, so that renaming keeps the link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let meta = fs::metadata(&target);
    if meta.as_ref().is_ok_and(fs::Metadata::is_dir) {
        return Err(Failure::usage(
            format!(
                "“{name}”是文件夹，不能作为输出文件。请写明文件名，如 {}=结果.{0}。",
                request.format.name
            ),
            format!(
                "`{name}` is a folder, not an output file. Name a file, e.g. {}=result.{0}.",
                request.format.name
            ),
        ));
    }
    let aside = match meta {
        // Devices and pipes are written as they are.
        Ok(meta) if !meta.is_file() => None,
        _ => {
            let mut partial = target.clone().into_os_string();
            partial.push(".partial");
            Some((PathBuf::from(partial), target.clone()))
        }
    };
    let path = aside.as_ref().map_or(&target, |(partial, _)| partial);
    let opened = if aside.is_some() { File::create(path) } else { File::options().write(true).open(path) };
    let opened = opened.map_err(|e| cannot_write(&name, &e))?;
    let sink: Sink<'static> = Box::new(BufWriter::new(opened) as BufWriter<File>);
    Ok(Output { name, writer: Some((request.format.open)(sink, style)), aside })
}

fn cannot_write(name: &str, error: &io::Error) -> Failure {
    let (zh, en) = match error.kind() {
        io::ErrorKind::NotFound => (
            "文件夹不存在。请先建立文件夹。".to_owned(),
            "the folder does not exist. Create it first.".to_owned(),
        ),
        io::ErrorKind::PermissionDenied => (
            "没有写入权限，或正被其他程序打开。请换一个位置，或关闭该程序。".to_owned(),
            "no permission, or another program holds it open. Choose another place, or close that program."
                .to_owned(),
        ),
        io::ErrorKind::StorageFull => {
            ("磁盘已满。请清理后重试。".to_owned(), "the disk is full. Make room and try again.".to_owned())
        }
        _ => (format!("{error}。请换一个位置。"), format!("{error}. Choose another place.")),
    };
    if name == "-" {
        return Failure::stdout(error);
    }
    Failure::usage(format!("无法写入“{name}”：{zh}"), format!("Cannot write `{name}`: {en}"))
}

/// Writes `text` to standard output, as commands that print one thing do.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::stdout(&e)),
        _ => Ok(()),
    }
}
