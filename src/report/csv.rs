//! CSV that spreadsheet programs open correctly: UTF-8 with byte order mark, CRLF, no cell that is
//! taken for a formula. One row per finding; a sample without findings has one row as well.

use std::io::{self, Write};

use crate::finding::Finding;
use crate::report::model::{AppReport, Outcome, Summary, Tool};
use crate::report::plain::plain;
use crate::report::wording::{self, Phrase};
use crate::report::{Format, Sink, Writer};
use crate::text::{Lang, Text};

pub(super) const FORMAT: Format = Format {
    name: "csv",
    about: Phrase::new(
        "表格（UTF-8 带 BOM，可直接用 Excel 打开），每项发现一行",
        "a table (UTF-8 with BOM, opens in Excel), one row per finding",
    ),
    for_terminal: false,
    open: |sink, style| Box::new(Csv { sink, lang: style.lang }),
};

/// A spreadsheet cell holds 32,767 characters; cut a little below.
const CELL: usize = 32_000;

struct Csv<'a> {
    sink: Sink<'a>,
    lang: Lang,
}

/// What the cells of one row are taken from.
struct Row<'a> {
    outcome: &'a Outcome,
    app: Option<&'a AppReport>,
    finding: Option<&'a Finding>,
    lang: Lang,
}

type Cell = fn(&Row<'_>) -> String;

const COLUMNS: &[(Phrase, Cell)] = &[
    (Phrase::new("样品", "sample"), |r| r.outcome.sample().path.clone()),
    (Phrase::new("处理结果", "outcome"), |r| wording::outcome(r.outcome).in_lang(r.lang).to_owned()),
    (Phrase::new("应用名称", "app name"), |r| {
        r.app(|a| wording::name(&a.app.label, r.lang).unwrap_or_default())
    }),
    (Phrase::new("包名", "package"), |r| r.app(|a| &a.app.package)),
    (Phrase::new("应用版本", "version"), |r| {
        r.app(|a| a.app.version_name.as_deref().unwrap_or_default())
    }),
    (Phrase::new("版本号", "version code"), |r| {
        r.app.and_then(|a| a.app.version_code).map(|v| v.to_string()).unwrap_or_default()
    }),
    (Phrase::new("应用开发者", "developer"), |r| r.listed(|l| l.developer.as_deref())),
    (Phrase::new("应用来源", "store"), |r| r.listed(|l| l.store.as_deref())),
    (Phrase::new("App备案号", "filing number"), |r| r.listed(|l| l.filing_number.as_deref())),
    (Phrase::new("属地", "region"), |r| r.listed(|l| l.region.as_deref())),
    (Phrase::new("应用类型", "category"), |r| {
        r.app.map(|a| r.list(a.placement.categories.iter().map(|c| &c.name))).unwrap_or_default()
    }),
    (Phrase::new("类型判断", "placement"), |r| {
        r.app.map(|a| wording::placement(a.placement.status).in_lang(r.lang).to_owned()).unwrap_or_default()
    }),
    (Phrase::new("结论", "conclusion"), |r| match r.outcome {
        Outcome::Analysed(a) => a.conclusion_text.in_lang(r.lang).to_owned(),
        Outcome::Unreadable(u) => u.reason.in_lang(r.lang).to_owned(),
        Outcome::Skipped(s) => s.reason.in_lang(r.lang).to_owned(),
    }),
    (Phrase::new("发现代码", "finding"), |r| r.finding(|f| f.code.clone())),
    (Phrase::new("级别", "level"), |r| r.finding(|f| wording::level(f.level).in_lang(r.lang).to_owned())),
    (Phrase::new("重要程度", "importance"), |r| {
        r.finding(|f| wording::importance(f.importance).in_lang(r.lang).to_owned())
    }),
    (Phrase::new("证据强度", "evidence strength"), |r| {
        r.finding(|f| wording::strength(f.strength).in_lang(r.lang).to_owned())
    }),
    (Phrase::new("能力", "capability"), |r| r.finding(|f| f.title.in_lang(r.lang).to_owned())),
    (Phrase::new("可及个人信息", "information within reach"), |r| {
        r.finding(|f| r.list(f.info.iter().map(|i| &i.name)))
    }),
    (Phrase::new("证据", "evidence"), |r| {
        r.finding(|f| {
            let traces = f.evidence.iter().map(|e| e.subject.clone());
            join(traces, r.lang)
        })
    }),
    (Phrase::new("位置", "place"), |r| {
        r.finding(|f| join(f.evidence.iter().map(|e| wording::place(&e.place, r.lang)), r.lang))
    }),
    (Phrase::new("条款", "clause"), |r| r.finding(|f| join(f.clauses.iter().map(wording::clause), r.lang))),
    (Phrase::new("说明", "explanation"), |r| r.finding(|f| f.message.in_lang(r.lang).to_owned())),
    (Phrase::new("核查建议", "what to check"), |r| r.finding(|f| r.list(&f.checks))),
    (Phrase::new("移除方法", "how to remove"), |r| r.finding(|f| r.list(&f.remedies))),
    (Phrase::new("与清单不符", "differs from the list"), |r| {
        r.app.map(|a| r.list(a.mismatches.iter().map(|m| &m.message))).unwrap_or_default()
    }),
    (Phrase::new("未读部分", "unread parts"), |r| {
        let gaps = match r.outcome {
            Outcome::Analysed(a) => a.gaps.as_slice(),
            Outcome::Unreadable(u) => u.gaps.as_slice(),
            Outcome::Skipped(_) => &[],
        };
        let hiding = gaps.iter().filter(|g| g.kind.hides_evidence());
        join(hiding.map(|g| format!("{} ({})", g.part, g.code)), r.lang)
    }),
    (Phrase::new("SHA-256", "SHA-256"), |r| r.app(|a| a.app.file.sha256.as_deref().unwrap_or_default())),
];

impl Row<'_> {
    fn app(&self, field: impl Fn(&AppReport) -> &str) -> String {
        self.app.map(|a| field(a).to_owned()).unwrap_or_default()
    }

    fn finding(&self, field: impl Fn(&Finding) -> String) -> String {
        self.finding.map(field).unwrap_or_default()
    }

    fn listed(&self, field: impl Fn(&crate::sample::ListedSample) -> Option<&str>) -> String {
        self.outcome.sample().listed.as_ref().and_then(field).unwrap_or_default().to_owned()
    }

    fn list<'t>(&self, texts: impl IntoIterator<Item = &'t Text>) -> String {
        join(texts.into_iter().map(|t| t.in_lang(self.lang).to_owned()), self.lang)
    }
}

fn join(parts: impl Iterator<Item = String>, lang: Lang) -> String {
    parts.collect::<Vec<_>>().join(if lang == Lang::Zh { "；" } else { "; " })
}

/// A cell's text: control and bidirectional characters shown as codes, cut to what a cell holds,
/// and never taken for a formula. The full-width signs start one in East Asian editions.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let shown = plain(text, CELL);
    if formula { format!("'{shown}") } else { shown }
}

impl Csv<'_> {
    fn row(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let mut row = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        row.write_record(cells.map(|c| cell(&c)))?;
        let bytes = row.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        self.sink.write_all(&bytes)
    }
}

impl Writer for Csv<'_> {
    fn begin(&mut self, _: &Tool) -> io::Result<()> {
        self.sink.write_all(b"\xef\xbb\xbf")?;
        let lang = self.lang;
        self.row(COLUMNS.iter().map(|(heading, _)| heading.in_lang(lang).to_owned()))
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        let lang = self.lang;
        let app = match outcome {
            Outcome::Analysed(app) => Some(app.as_ref()),
            Outcome::Unreadable(_) | Outcome::Skipped(_) => None,
        };
        let findings = app.map(|a| a.findings.as_slice()).unwrap_or_default();
        let rows = findings.iter().map(Some).chain(findings.is_empty().then_some(None));
        for finding in rows {
            let row = Row { outcome, app, finding, lang };
            self.row(COLUMNS.iter().map(|(_, cell)| cell(&row)))?;
        }
        self.sink.flush()
    }

    fn end(&mut self, _: &Summary) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for hostile in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(cell(hostile), format!("'{hostile}"));
        }
        assert_eq!(cell("\t=1"), "'\\u{9}=1");
        assert_eq!(cell("每日=好物"), "每日=好物");
    }
}
