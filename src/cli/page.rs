//! Pages of labelled lines, wrapped for a terminal.

use crate::report::plain::{pad, wrap};
use crate::report::wording::Phrase;
use crate::text::{Lang, Text};

const WIDTH: usize = 100;
const LABEL: usize = 16;

/// A page under construction.
pub struct Page {
    /// What was written so far.
    pub text: String,
    /// In this language.
    pub lang: Lang,
}

impl Page {
    /// An empty page.
    pub fn new(lang: Lang) -> Self {
        Self { text: String::new(), lang }
    }

    /// A heading, after an empty line where something stands above it.
    pub fn head(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += text;
        self.text.push('\n');
    }

    /// A labelled text, wrapped; nothing where the text is empty.
    pub fn line(&mut self, label: Phrase, text: &str) {
        if text.is_empty() {
            return;
        }
        for (i, line) in wrap(text, WIDTH - LABEL - 2).iter().enumerate() {
            let label = if i == 0 { label.in_lang(self.lang) } else { "" };
            self.text += &format!("  {}{line}\n", pad(label, LABEL));
        }
    }

    /// One labelled line per text.
    pub fn lines<'t>(&mut self, label: Phrase, texts: impl IntoIterator<Item = &'t Text>) {
        let lang = self.lang;
        for text in texts {
            self.line(label, text.in_lang(lang));
        }
    }
}
