//! Text for a person: a block per app, or one line per app when there are many, then a summary
//! that adds up.
//!
//! No line drawing and no column after text of ambiguous width, so that it stays straight on
//! Chinese consoles. A level is always a word; colour only repeats it.

use std::io::{self, Write};

use crate::finding::{Conclusion, Evidence, Finding, Level, PermissionStatus};
use crate::package::Gap;
use crate::report::model::{AppReport, Outcome, PlacementStatus, Skipped, Summary, Tool, Unreadable};
use crate::report::plain::{bytes, pad, plain, width, wrap};
use crate::report::wording::{self, Phrase};
use crate::report::{Format, Sink, Style, Writer};
use crate::text::{Lang, Text};

pub(super) const FORMAT: Format = Format {
    name: "terminal",
    about: Phrase::new("供人阅读的文本（默认）", "text for a person (the default)"),
    for_terminal: true,
    open: |sink, style| {
        Box::new(Terminal { sink, style, tool: None, held: Vec::new(), table: false, wrote: false })
    },
};

/// With more samples than this, one line each instead of a block.
const BLOCKS: usize = 12;
/// Items of a list shown without `-v`.
const FEW: usize = 3;
/// Columns of text from a package on one line.
const FOREIGN: usize = 200;

struct Terminal<'a> {
    sink: Sink<'a>,
    style: Style,
    tool: Option<Tool>,
    /// Outcomes not shown yet because it is still open whether there will be a table.
    held: Vec<Outcome>,
    table: bool,
    wrote: bool,
}

impl Writer for Terminal<'_> {
    fn begin(&mut self, tool: &Tool) -> io::Result<()> {
        self.tool = Some(tool.clone());
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        if self.is_left_to_the_summary(outcome) {
            return Ok(());
        }
        if self.style.verbose {
            self.block(outcome)?;
        } else if self.table {
            self.line(outcome)?;
        } else {
            self.held.push(outcome.clone());
            if self.held.len() <= BLOCKS {
                return Ok(());
            }
            self.table = true;
            self.heading()?;
            for held in std::mem::take(&mut self.held) {
                self.line(&held)?;
            }
        }
        self.sink.flush()
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for held in std::mem::take(&mut self.held) {
            self.block(&held)?;
        }
        self.summary(summary)?;
        self.sink.flush()
    }
}

/// Colours, as ANSI parameters.
#[derive(Clone, Copy)]
enum Hue {
    Bold,
    Dim,
    Red,
    Yellow,
    Magenta,
    Green,
    Cyan,
}

impl Hue {
    fn code(self) -> &'static str {
        match self {
            Hue::Bold => "1",
            Hue::Dim => "2",
            Hue::Red => "1;31",
            Hue::Yellow => "33",
            Hue::Magenta => "35",
            Hue::Green => "32",
            Hue::Cyan => "36",
        }
    }

    fn of_level(level: Level) -> Self {
        match level {
            Level::Fact => Hue::Dim,
            Level::Within => Hue::Green,
            Level::Undetermined => Hue::Magenta,
            Level::Verify => Hue::Yellow,
            Level::Suspect | Level::Stated => Hue::Red,
        }
    }

    fn of_conclusion(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::NothingBeyond => Hue::Green,
            Conclusion::ToVerify => Hue::Yellow,
            Conclusion::Suspected => Hue::Red,
            Conclusion::NotCompleted => Hue::Magenta,
        }
    }
}

impl Terminal<'_> {
    fn lang(&self) -> Lang {
        self.style.lang
    }

    fn say(&self, phrase: Phrase) -> &'static str {
        phrase.in_lang(self.style.lang)
    }

    fn paint(&self, hue: Hue, text: &str) -> String {
        if self.style.color { format!("\x1b[{}m{text}\x1b[0m", hue.code()) } else { text.to_owned() }
    }

    /// Files met in a folder that are no packages: only counted, unless the reader wants all.
    fn is_left_to_the_summary(&self, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Skipped(s) if !s.sample.explicit) && !self.style.verbose
    }

    fn gap_line(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.wrote, true) { writeln!(self.sink) } else { Ok(()) }
    }

    /// `label  text`, wrapped with a hanging indent.
    fn field(&mut self, indent: usize, label: Phrase, text: &str, hue: Option<Hue>) -> io::Result<()> {
        const LABEL: usize = 12;
        let hang = indent + LABEL;
        let room = self.style.width.saturating_sub(hang);
        let label = pad(self.say(label), LABEL);
        for (i, line) in wrap(text, room).iter().enumerate() {
            let line = hue.map_or_else(|| line.clone(), |h| self.paint(h, line));
            if i == 0 {
                writeln!(self.sink, "{:indent$}{}{line}", "", self.paint(Hue::Dim, &label))?;
            } else {
                writeln!(self.sink, "{:hang$}{line}", "")?;
            }
        }
        Ok(())
    }

    fn block(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.gap_line()?;
        match outcome {
            Outcome::Analysed(app) => self.app(app),
            Outcome::Unreadable(unreadable) => self.unreadable(unreadable),
            Outcome::Skipped(skipped) => self.skipped(skipped),
        }
    }

    fn unreadable(&mut self, unreadable: &Unreadable) -> io::Result<()> {
        let head = self.paint(Hue::Magenta, self.say(wording::UNREADABLE));
        writeln!(self.sink, "{head}  {}", plain(&unreadable.sample.path, FOREIGN))?;
        let reason = plain(unreadable.reason.in_lang(self.lang()), 4 * FOREIGN);
        self.field(2, wording::NOTE, &reason, None)?;
        self.gaps(&unreadable.gaps)
    }

    fn skipped(&mut self, skipped: &Skipped) -> io::Result<()> {
        let head = self.paint(Hue::Dim, self.say(wording::SKIPPED));
        writeln!(self.sink, "{head}  {}", plain(&skipped.sample.path, FOREIGN))?;
        let reason = plain(skipped.reason.in_lang(self.lang()), 4 * FOREIGN);
        self.field(2, wording::NOTE, &reason, None)
    }

    fn app(&mut self, app: &AppReport) -> io::Result<()> {
        self.identity(app)?;
        self.placement(app)?;
        for mismatch in &app.mismatches {
            let text = plain(mismatch.message.in_lang(self.lang()), 2 * FOREIGN);
            self.field(2, wording::MISMATCH, &text, Some(Hue::Yellow))?;
        }
        self.gaps(&app.gaps)?;
        self.unmapped(app)?;
        let conclusion = plain(app.conclusion_text.in_lang(self.lang()), 4 * FOREIGN);
        self.field(2, wording::CONCLUSION, &conclusion, Some(Hue::of_conclusion(app.conclusion)))?;
        let (shown, quiet): (Vec<_>, Vec<_>) =
            app.findings.iter().partition(|f| self.style.verbose || f.level >= Level::Undetermined);
        for finding in shown {
            self.finding(finding)?;
        }
        self.quiet(&quiet)
    }

    fn identity(&mut self, app: &AppReport) -> io::Result<()> {
        let id = &app.app;
        let mut head = String::new();
        if let Some(name) = wording::name(&id.label, self.lang()) {
            head = self.paint(Hue::Bold, &plain(name, 60)) + "  ";
        }
        head += &plain(&id.package, 120);
        if let Some(version) = &id.version_name {
            head += &format!("  {}", plain(version, 40));
        }
        if let Some(code) = id.version_code {
            head += &format!(" ({code})");
        }
        writeln!(self.sink, "{head}")?;

        let mut sample = format!(
            "{}  {}, {}",
            plain(&app.sample.path, FOREIGN),
            wording::format(id.format),
            bytes(id.file.size)
        );
        if !id.splits.is_empty() {
            sample += &format!(", splits {}", id.splits.len());
        }
        self.field(2, wording::SAMPLE, &sample, None)?;
        if let Some(sha256) = &id.file.sha256 {
            self.field(2, Phrase::new("SHA-256", "SHA-256"), &plain(sha256, 64), None)?;
        }
        if self.style.verbose {
            self.signers(app)?;
        }
        if let Some(listed) = &app.sample.listed {
            let columns = [&listed.developer, &listed.store, &listed.filing_number, &listed.region];
            let known: Vec<_> = columns.into_iter().flatten().map(|c| plain(c, 60)).collect();
            if !known.is_empty() {
                self.field(2, wording::LISTED, &known.join(", "), None)?;
            }
        }
        Ok(())
    }

    fn signers(&mut self, app: &AppReport) -> io::Result<()> {
        let signing = &app.app.signing;
        if signing.schemes.is_empty() {
            return self.field(2, wording::SIGNED, self.say(wording::UNSIGNED), None);
        }
        for certificate in &signing.certificates {
            let subject = plain(certificate.subject.as_deref().unwrap_or("-"), 120);
            let text =
                format!("{} {} {subject}", plain(&certificate.scheme, 8), plain(&certificate.sha256, 64));
            self.field(2, wording::SIGNED, &text, None)?;
        }
        Ok(())
    }

    fn placement(&mut self, app: &AppReport) -> io::Result<()> {
        let lang = self.lang();
        let placement = &app.placement;
        if placement.status == PlacementStatus::Placed {
            for row in &app.scope.rows {
                let text = format!("{} {}", row.category.name.in_lang(lang), row.clause.clause);
                self.field(2, wording::CATEGORY, &text, Some(Hue::Cyan))?;
                self.field(2, wording::FUNCTION, row.function.in_lang(lang), None)?;
                let necessary = match row.necessary.as_slice() {
                    [] => self.say(wording::NONE_NECESSARY).to_owned(),
                    items => self.list(items, usize::MAX),
                };
                self.field(2, wording::NECESSARY, &necessary, None)?;
            }
        }
        if placement.status != PlacementStatus::Placed || app.scope.rows.is_empty() {
            let text = plain(placement.message.in_lang(lang), 2 * FOREIGN);
            self.field(2, wording::CATEGORY, &text, Some(Hue::Magenta))?;
        }
        let reasons = placement.reasons.iter().map(|r| &r.text);
        if !placement.reasons.is_empty() {
            let text = self.list(reasons, FEW);
            self.field(2, wording::BASIS, &text, None)?;
        }
        if placement.status == PlacementStatus::Undetermined && !placement.candidates.is_empty() {
            let text = self.list(placement.candidates.iter().map(|c| &c.category.name), FEW);
            self.field(2, wording::CANDIDATES, &text, None)?;
        }
        if let Some(note) = &app.scope.note {
            self.field(2, wording::NOTE, &plain(note.in_lang(lang), 4 * FOREIGN), None)?;
        }
        Ok(())
    }

    /// Texts joined; without `-v` only the first `few`.
    fn list<'t>(&self, texts: impl IntoIterator<Item = &'t Text>, few: usize) -> String {
        let few = if self.style.verbose { usize::MAX } else { few };
        let lang = self.lang();
        let mut parts = texts.into_iter().map(|t| plain(t.in_lang(lang), FOREIGN));
        let shown: Vec<_> = parts.by_ref().take(few).collect();
        let mut out = shown.join(if lang == Lang::Zh { "；" } else { "; " });
        out += &self.rest(parts.count());
        out
    }

    /// ` +3 (-v shows all)` where something is left out.
    fn rest(&self, left_out: usize) -> String {
        if left_out == 0 { String::new() } else { format!(" +{left_out}{}", self.say(wording::MORE)) }
    }

    fn gaps(&mut self, gaps: &[Gap]) -> io::Result<()> {
        let (hiding, tampered): (Vec<_>, Vec<_>) = gaps.iter().partition(|g| g.kind.hides_evidence());
        for (label, gaps, hue) in
            [(wording::UNREAD, hiding, Hue::Magenta), (wording::TAMPERED, tampered, Hue::Dim)]
        {
            let few = if self.style.verbose { usize::MAX } else { FEW };
            for gap in gaps.iter().take(few) {
                let mut text = format!("{} ({})", plain(&gap.part, 80), plain(&gap.code, 40));
                if self.style.verbose {
                    let offset = gap.offset.map(|o| format!(" @{o:#x}")).unwrap_or_default();
                    text += &format!("{offset} {}", plain(&gap.detail, FOREIGN));
                }
                self.field(2, label, &text, Some(hue))?;
            }
            if gaps.len() > few {
                let rest = self.rest(gaps.len() - few);
                self.field(2, label, rest.trim_start(), Some(hue))?;
            }
        }
        Ok(())
    }

    fn unmapped(&mut self, app: &AppReport) -> io::Result<()> {
        let names: Vec<_> = app
            .permissions
            .iter()
            .filter(|p| p.status == PermissionStatus::Unmapped)
            .map(|p| &p.name)
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let few = if self.style.verbose { names.len() } else { FEW.min(names.len()) };
        let shown: Vec<_> = names.iter().take(few).map(|n| plain(n, 80)).collect();
        let hint = self.say(wording::UNMAPPED_HINT);
        let text = format!("{}{} ({hint})", shown.join(", "), self.rest(names.len() - few));
        self.field(2, wording::UNMAPPED, &text, None)
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let lang = self.lang();
        let level = self.paint(Hue::of_level(finding.level), self.say(wording::level(finding.level)));
        let title = self.paint(Hue::Bold, &plain(finding.title.in_lang(lang), 80));
        writeln!(self.sink, "  {level}  {} {title}", plain(&finding.code, 16))?;
        if !finding.info.is_empty() {
            let names: Vec<_> = finding
                .info
                .iter()
                .map(|i| {
                    let mark = match (&i.sensitive_by_law, &i.sensitive_by_standard) {
                        (Some(_), _) => format!("[{}]", self.say(wording::SENSITIVE_LAW)),
                        (None, Some(_)) => format!("[{}]", self.say(wording::SENSITIVE_STANDARD)),
                        (None, None) => String::new(),
                    };
                    plain(i.name.in_lang(lang), 80) + &mark
                })
                .collect();
            self.field(4, wording::REACHES, &names.join(if lang == Lang::Zh { "、" } else { ", " }), None)?;
        }
        let few = if self.style.verbose { usize::MAX } else { FEW };
        for evidence in finding.evidence.iter().take(few) {
            let text = self.evidence(evidence);
            self.field(4, wording::EVIDENCE, &text, None)?;
        }
        if finding.evidence.len() > few {
            let rest = self.rest(finding.evidence.len() - few);
            self.field(4, wording::EVIDENCE, rest.trim_start(), None)?;
        }
        if self.style.verbose {
            for clause in &finding.clauses {
                self.field(4, wording::CLAUSE, &plain(&wording::clause(clause), FOREIGN), None)?;
            }
            self.field(4, wording::NOTE, &plain(finding.message.in_lang(lang), 8 * FOREIGN), None)?;
            if let Some(basis) = &finding.function_basis {
                self.field(4, wording::FUNCTION, &plain(basis.in_lang(lang), 4 * FOREIGN), None)?;
            }
        }
        let few = if self.style.verbose { usize::MAX } else { 1 };
        for (label, texts) in [(wording::CHECK, &finding.checks), (wording::REMOVE, &finding.remedies)] {
            for text in texts.iter().take(few) {
                self.field(4, label, &plain(text.in_lang(lang), 4 * FOREIGN), None)?;
            }
        }
        Ok(())
    }

    fn evidence(&self, evidence: &Evidence) -> String {
        let lang = self.lang();
        let mut text = format!(
            "{}  {}  [{}]",
            plain(&evidence.subject, 120),
            plain(&wording::place(&evidence.place, lang), FOREIGN),
            self.say(wording::strength(evidence.strength)),
        );
        if let Some(note) = &evidence.note {
            text += &format!(" {}", plain(note.in_lang(lang), FOREIGN));
        }
        text
    }

    /// Findings that need no action, as counts.
    fn quiet(&mut self, findings: &[&Finding]) -> io::Result<()> {
        let mut parts = Vec::new();
        for level in [Level::Within, Level::Fact] {
            let count = findings.iter().filter(|f| f.level == level).count();
            if count > 0 {
                parts.push(format!("{} {count}", self.say(wording::level(level))));
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let text = format!("{}{}", parts.join(", "), self.say(wording::MORE));
        writeln!(self.sink, "  {}", self.paint(Hue::Dim, &text))
    }

    fn heading(&mut self) -> io::Result<()> {
        let row = self.row(
            self.say(wording::TABLE_RESULT),
            [wording::TABLE_STATED, wording::TABLE_SUSPECT, wording::TABLE_VERIFY]
                .map(|p| self.say(p).to_owned()),
            self.say(wording::TABLE_CATEGORY),
            self.say(wording::TABLE_APP),
            Hue::Dim,
        );
        self.wrote = true;
        writeln!(self.sink, "{row}")
    }

    fn row(&self, result: &str, counts: [String; 3], category: &str, app: &str, hue: Hue) -> String {
        let result = self.paint(hue, &pad(result, 15));
        let [stated, suspect, verify] = counts.map(|c| pad(&c, 5));
        format!("{result} {stated}{suspect}{verify} {}  {app}", pad(category, 22)).trim_end().to_owned()
    }

    fn line(&mut self, outcome: &Outcome) -> io::Result<()> {
        let lang = self.lang();
        let path = plain(&outcome.sample().path, FOREIGN);
        let row = match outcome {
            Outcome::Analysed(app) => {
                let count = |level| match app.findings.iter().filter(|f| f.level == level).count() {
                    0 => "-".to_owned(),
                    n => n.to_string(),
                };
                let category = match app.placement.categories.as_slice() {
                    [] => self.say(wording::placement(app.placement.status)).to_owned(),
                    [one] => one.name.in_lang(lang).to_owned(),
                    [first, rest @ ..] => format!("{} +{}", first.name.in_lang(lang), rest.len()),
                };
                let name =
                    wording::name(&app.app.label, lang).map(|n| plain(n, 30) + " ").unwrap_or_default();
                let version = plain(app.app.version_name.as_deref().unwrap_or("-"), 20);
                let unread = match app.has_hiding_gap() {
                    true => format!("  [{}]", self.say(wording::UNREAD)),
                    false => String::new(),
                };
                self.row(
                    self.say(wording::conclusion_short(app.conclusion)),
                    [Level::Stated, Level::Suspect, Level::Verify].map(count),
                    &category,
                    &format!("{name}({} {version}) {path}{unread}", plain(&app.app.package, 60)),
                    Hue::of_conclusion(app.conclusion),
                )
            }
            Outcome::Unreadable(Unreadable { reason, .. }) | Outcome::Skipped(Skipped { reason, .. }) => self
                .row(
                    self.say(wording::outcome(outcome)),
                    ["-"; 3].map(str::to_owned),
                    "-",
                    &format!("{path}  {}", plain(reason.in_lang(lang), 80)),
                    Hue::Magenta,
                ),
        };
        writeln!(self.sink, "{row}")
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.gap_line()?;
        let total = pad(self.say(wording::TOTAL), 8);
        let blank = " ".repeat(width(&total));
        let sum = |total: u64, name: Phrase, parts: &[(u64, Phrase)]| {
            let parts: Vec<_> = parts.iter().map(|(n, p)| format!("{} {n}", self.say(*p))).collect();
            format!("{} {total} = {}", self.say(name), parts.join(" + "))
        };
        let samples = sum(
            summary.samples,
            wording::SAMPLES,
            &[
                (summary.analysed, wording::ANALYSED),
                (summary.unreadable, wording::UNREADABLE),
                (summary.skipped, wording::SKIPPED),
            ],
        );
        let analysed = sum(
            summary.analysed,
            wording::ANALYSED,
            &[
                (summary.suspected, wording::SHORT_SUSPECTED),
                (summary.to_verify, wording::SHORT_VERIFY),
                (summary.nothing_beyond, wording::SHORT_NOTHING),
                (summary.not_completed, wording::SHORT_INCOMPLETE),
            ],
        );
        writeln!(self.sink, "{}{samples}", self.paint(Hue::Bold, &total))?;
        writeln!(self.sink, "{blank}{analysed}")?;
        if summary.with_gaps > 0 {
            let text = format!("{} {}", self.say(wording::WITH_GAPS), summary.with_gaps);
            writeln!(self.sink, "{blank}{}", self.paint(Hue::Magenta, &text))?;
        }
        if let Some(tool) = self.tool.take() {
            let digest: String = tool.ruleset_digest.chars().take(12).collect();
            let text = format!(
                "{} {}, {} {} ({digest})",
                tool.name,
                tool.version,
                self.say(wording::RULESET),
                tool.ruleset_version
            );
            writeln!(self.sink, "{blank}{}", self.paint(Hue::Dim, &plain(&text, FOREIGN)))?;
        }
        for line in wrap(self.say(wording::FOOTER), self.style.width) {
            writeln!(self.sink, "{}", self.paint(Hue::Dim, &line))?;
        }
        Ok(())
    }
}
