//! What can be wrong with a rule folder.

use std::fmt;

use crate::text::{Lang, Text};

/// One thing wrong with one rule file: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleError {
    /// Path below the rule folder, or the folder itself.
    pub file: String,
    /// Line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// Stable short code, e.g. `unknown-key`.
    pub code: &'static str,
    /// The key or value concerned.
    pub key: Option<String>,
    /// What is wrong.
    pub message: Text,
    /// How to mend it.
    pub remedy: Text,
}

impl RuleError {
    /// An error that concerns a whole file.
    pub(crate) fn new(file: impl Into<String>, code: &'static str, message: Text, remedy: Text) -> Self {
        Self { file: file.into(), line: None, column: None, code, key: None, message, remedy }
    }

    /// With the key or value concerned.
    pub(crate) fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With line and column of a byte offset in the text of the file.
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        self.line = Some(before.matches('\n').count() + 1);
        self.column = Some(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        self
    }

    /// One line: place, what is wrong, how to mend it.
    pub fn in_lang(&self, lang: Lang) -> String {
        let mut place = self.file.clone();
        if let Some(line) = self.line {
            place.push_str(&format!(":{line}"));
            if let Some(column) = self.column {
                place.push_str(&format!(":{column}"));
            }
        }
        let (message, remedy) = (self.message.in_lang(lang), self.remedy.in_lang(lang));
        match lang {
            Lang::Zh => format!("{place}：{message}（{}）。{remedy}。", self.code),
            Lang::En => format!("{place}: {message} ({}). {remedy}.", self.code),
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_lang(Lang::En))
    }
}

/// Everything wrong that was found before giving up, sorted by place; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleErrors(pub Vec<RuleError>);

impl RuleErrors {
    /// One line each.
    pub fn in_lang(&self, lang: Lang) -> String {
        self.0.iter().map(|e| e.in_lang(lang)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_lang(Lang::En))
    }
}

impl std::error::Error for RuleErrors {}
