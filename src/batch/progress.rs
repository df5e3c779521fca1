//! Progress on standard error for long work: done, failures, time left.

use std::path::PathBuf;
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use walkdir::WalkDir;

use crate::report::model::Outcome;
use crate::text::Lang;

/// A progress bar; a hidden one costs nothing.
pub struct Progress {
    bar: ProgressBar,
    failures: u64,
    lang: Lang,
}

impl Progress {
    /// On standard error if `shown` and that is a terminal. The files below `paths` are counted
    /// aside, for the time left; `None` where the number cannot be known.
    pub fn new(shown: bool, paths: Option<Vec<PathBuf>>, lang: Lang) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let progress = Self { bar, failures: 0, lang };
        if progress.bar.is_hidden() {
            return progress;
        }
        let unknown = match lang {
            Lang::Zh => "{spinner} 已处理 {pos}，{per_sec}，用时 {elapsed}{msg}",
            Lang::En => "{spinner} {pos} done, {per_sec}, {elapsed} so far{msg}",
        };
        progress.style(unknown);
        if let Some(paths) = paths {
            let bar = progress.bar.clone();
            let known = match lang {
                Lang::Zh => "[{bar:24}] {pos}/{len}，剩余 {eta}{msg}",
                Lang::En => "[{bar:24}] {pos}/{len}, {eta} left{msg}",
            };
            thread::spawn(move || {
                let files = |path: PathBuf| {
                    WalkDir::new(path)
                        .follow_links(true)
                        .into_iter()
                        .flatten()
                        .filter(|e| e.file_type().is_file())
                };
                bar.set_length(paths.into_iter().flat_map(files).count() as u64);
                if let Ok(style) = ProgressStyle::with_template(known) {
                    bar.set_style(style.progress_chars("=> "));
                }
            });
        }
        progress
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    /// Counts one outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        self.bar.inc(1);
        if matches!(outcome, Outcome::Unreadable(_)) {
            self.failures += 1;
            self.bar.set_message(match self.lang {
                Lang::Zh => format!("，未能分析 {}", self.failures),
                Lang::En => format!(", {} not analysable", self.failures),
            });
        }
    }

    /// Writes to the terminal without the bar in between.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
