//! JSON Lines: a head, one line per sample as soon as it is known, a tail.
//!
//! Every line is a [`Line`](crate::report::model::Line). A file without the tail line was cut short.

use std::io::{self, Write};

use crate::report::model::{Head, Outcome, REPORT_SCHEMA, Summary, Tail, Tool};
use crate::report::wording::Phrase;
use crate::report::{Format, Sink, Writer};

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    about: Phrase::new(
        "JSON Lines，每个样品一行，边分析边写出（结构见 piscope schema line）",
        "JSON Lines, one line per sample as soon as it is known (piscope schema line)",
    ),
    for_terminal: false,
    open: |sink, _| Box::new(JsonLines { sink }),
};

struct JsonLines<'a> {
    sink: Sink<'a>,
}

impl JsonLines<'_> {
    fn line(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.sink, value)?;
        self.sink.write_all(b"\n")?;
        self.sink.flush()
    }
}

impl Writer for JsonLines<'_> {
    fn begin(&mut self, tool: &Tool) -> io::Result<()> {
        self.line(&Head { schema: REPORT_SCHEMA.to_owned(), tool: tool.clone() })
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.line(outcome)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(&Tail { summary: summary.clone() })
    }
}
