//! JSON: the whole [`Report`](crate::report::model::Report), indented, in one document.
//!
//! Written piece by piece, byte for byte as `serde_json::to_string_pretty` would write the whole,
//! so that a batch of any size passes through.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::model::{Outcome, REPORT_SCHEMA, Summary, Tool};
use crate::report::wording::Phrase;
use crate::report::{Format, Sink, Writer};

pub(super) const FORMAT: Format = Format {
    name: "json",
    about: Phrase::new(
        "一份完整的 JSON 文档（结构见 piscope schema report）",
        "one complete JSON document (piscope schema report)",
    ),
    for_terminal: false,
    open: |sink, _| Box::new(Json { sink, first: true }),
};

struct Json<'a> {
    sink: Sink<'a>,
    first: bool,
}

impl Json<'_> {
    fn value(&mut self, value: &impl Serialize, indent: &str) -> io::Result<()> {
        // Strings hold no raw line break in JSON, so every line break is one between tokens.
        let text = serde_json::to_string_pretty(value)?;
        for (i, line) in text.lines().enumerate() {
            if i > 0 {
                write!(self.sink, "\n{indent}")?;
            }
            self.sink.write_all(line.as_bytes())?;
        }
        Ok(())
    }
}

impl Writer for Json<'_> {
    fn begin(&mut self, tool: &Tool) -> io::Result<()> {
        write!(self.sink, "{{\n  \"schema\": \"{REPORT_SCHEMA}\",\n  \"tool\": ")?;
        self.value(tool, "  ")?;
        write!(self.sink, ",\n  \"outcomes\": [")
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.sink.write_all(if self.first { b"\n    " } else { b",\n    " })?;
        self.first = false;
        self.value(outcome, "    ")
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.sink.write_all(if self.first { b"],\n  \"summary\": " } else { b"\n  ],\n  \"summary\": " })?;
        self.value(summary, "  ")?;
        self.sink.write_all(b"\n}\n")?;
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Style;
    use crate::report::model::{Report, Skipped};
    use crate::sample::Sample;
    use crate::text::Text;

    #[test]
    fn pieces_equal_the_whole() {
        for count in [0, 1, 3] {
            let mut report = Report {
                schema: REPORT_SCHEMA.to_owned(),
                tool: Tool {
                    name: "piscope".into(),
                    version: "1".into(),
                    ruleset_version: "2".into(),
                    ruleset_digest: "ab".into(),
                },
                outcomes: Vec::new(),
                summary: Summary::default(),
            };
            for i in 0..count {
                let sample = Sample { path: format!("a\n{i}\".png"), explicit: true, listed: None };
                let outcome = Outcome::Skipped(Skipped { sample, reason: Text::new("图片", "image") });
                report.summary.add(&outcome);
                report.outcomes.push(outcome);
            }
            let mut out = Vec::new();
            {
                let mut writer = (FORMAT.open)(Box::new(&mut out), Style::default());
                writer.begin(&report.tool).unwrap();
                for outcome in &report.outcomes {
                    writer.outcome(outcome).unwrap();
                }
                writer.end(&report.summary).unwrap();
            }
            let whole = serde_json::to_string_pretty(&report).unwrap() + "\n";
            assert_eq!(String::from_utf8(out).unwrap(), whole);
        }
    }
}
