//! Tables that users write: CSV in UTF-8 or GB18030, with errors that name the line.

use std::fmt;

use crate::text::Text;

/// A table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong and how to mend it.
    pub message: Text,
}

impl TableError {
    pub(super) fn new(line: u64, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { line, message: Text::new(zh, en) }
    }

    pub(super) fn header(e: &csv::Error) -> Self {
        Self::new(1, format!("表头无法读取：{e}"), format!("the header cannot be read: {e}"))
    }

    pub(super) fn row(e: &csv::Error) -> Self {
        let line = e.position().map_or(0, csv::Position::line);
        Self::new(line, format!("该行无法读取：{e}"), format!("the row cannot be read: {e}"))
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message.en)
    }
}

impl std::error::Error for TableError {}

/// Text from UTF-8, with or without byte order mark, or else GB18030.
pub(super) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    }
}

/// Rows of any length, cells without the space around them.
pub(super) fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes())
}
