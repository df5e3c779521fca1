//! Results for people and machines: one versioned model, one file per output format.
//!
//! A format is a [`Writer`] in a file of its own and one row in [`FORMATS`]; it reads only
//! [`model`] and is fed one outcome at a time, so that no format needs the whole batch in memory.

pub mod model;
pub mod plain;
pub mod schema;
pub mod wording;

mod csv;
mod json;
mod jsonl;
mod terminal;

use std::io::{self, Write};

use crate::report::model::{Outcome, Summary, Tool};
use crate::report::wording::Phrase;
use crate::text::Lang;

/// Receives a run: `begin` once, `outcome` once per sample in the order of the samples, `end` once.
pub trait Writer {
    /// Before the first outcome.
    ///
    /// # Errors
    /// What the sink reports; the same holds for the other two.
    fn begin(&mut self, tool: &Tool) -> io::Result<()>;

    /// One sample's outcome.
    ///
    /// # Errors
    /// See [`Writer::begin`].
    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()>;

    /// After the last outcome; flushes.
    ///
    /// # Errors
    /// See [`Writer::begin`].
    fn end(&mut self, summary: &Summary) -> io::Result<()>;
}

/// Where a format writes to.
pub type Sink<'a> = Box<dyn Write + 'a>;

/// How text for people looks. Formats for machines ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Language of the text.
    pub lang: Lang,
    /// Whether ANSI colours are written.
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
    /// Everything instead of what matters first.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { lang: Lang::Zh, color: false, width: 100, verbose: false }
    }
}

/// An output format.
pub struct Format {
    /// Name on the command line.
    pub name: &'static str,
    /// What it is for.
    pub about: Phrase,
    /// Made for people: follows the language of the terminal, not that of documents.
    pub for_terminal: bool,
    /// Starts a writer on a sink.
    pub open: for<'a> fn(Sink<'a>, Style) -> Box<dyn Writer + 'a>,
}

/// Every output format. The first one is the default on standard output.
pub const FORMATS: &[Format] = &[terminal::FORMAT, json::FORMAT, jsonl::FORMAT, csv::FORMAT];

impl Format {
    /// The format called `name`.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|f| f.name == name)
    }
}
