//! The words model: weights of written-out pieces of a name, by category. Learnt, but plain text:
//! `common/words/model.txt`.
//!
//! First line `piscope-words/1`, then `commit P` and `scope P` (probabilities from which on a
//! category, or a shared scope, is committed to), then one line a piece,
//! `PIECE<TAB>CLASS:WEIGHT CLASS:WEIGHT …`, weights in hundredths, classes 0–39 (0 is none of the
//! 39). The piece `*` is the bias. What pieces there are is the business of who reads names.

use std::collections::HashMap;
use std::fmt;

/// First line of the model's text.
const FORMAT: &str = "piscope-words/1";
/// Weights are stored as whole multiples of this.
const UNIT: f64 = 0.01;
/// Classes 0–39.
const CLASSES: u8 = super::CLASSES as u8;

/// The learnt weights.
#[derive(Debug, Clone, PartialEq)]
pub struct WordModel {
    commit: f64,
    scope: f64,
    /// Ranges into `cells`, by piece.
    index: HashMap<Box<str>, (u32, u32)>,
    cells: Vec<(u8, i16)>,
}

/// A words model that is not in its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "words model, line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for ModelError {}

impl WordModel {
    /// The piece that stands for the bias.
    pub const BIAS: &str = "*";

    /// Reads the model's text.
    ///
    /// # Errors
    /// [`ModelError`] at the first line that is not in the format.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let fail = |line: usize, expected| ModelError { line: line + 1, expected };
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(FORMAT) {
            return Err(fail(0, FORMAT));
        }
        let mut threshold = |name: &'static str| {
            let (n, line) = lines.next().ok_or(ModelError { line: 0, expected: name })?;
            let value = line.strip_prefix(name).and_then(|v| v.trim().parse::<f64>().ok());
            value.filter(|v| (0.0..=1.0).contains(v)).ok_or(fail(n, name))
        };
        let (commit, scope) = (threshold("commit ")?, threshold("scope ")?);
        let mut model =
            Self { commit, scope, index: HashMap::with_capacity(text.len() / 24), cells: Vec::new() };
        for (n, line) in lines {
            let (piece, row) = line.split_once('\t').ok_or(fail(n, "PIECE<TAB>WEIGHTS"))?;
            let from = model.cells.len();
            for cell in row.split(' ') {
                let parsed = cell
                    .split_once(':')
                    .and_then(|(c, w)| Some((c.parse::<u8>().ok()?, w.parse::<i16>().ok()?)));
                model.cells.push(parsed.filter(|(c, _)| *c < CLASSES).ok_or(fail(n, "CLASS:WEIGHT"))?);
            }
            let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(model.cells.len())) else {
                return Err(fail(n, "fewer weights"));
            };
            model.index.insert(piece.into(), (from, to));
        }
        Ok(model)
    }

    /// The probability from which on a single category is committed to.
    pub fn commit(&self) -> f64 {
        self.commit
    }

    /// The probability from which on a shared scope is committed to.
    pub fn commit_scope(&self) -> f64 {
        self.scope
    }

    /// The weights of a piece by class; nothing for a piece that was never learnt.
    pub fn weights(&self, piece: &str) -> impl Iterator<Item = (u8, f64)> {
        let range = self.index.get(piece);
        let cells = range.and_then(|&(from, to)| self.cells.get(from as usize..to as usize));
        cells.unwrap_or_default().iter().map(|&(class, weight)| (class, f64::from(weight) * UNIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_weights_and_refuses_what_it_does_not_know() {
        let model =
            WordModel::parse("piscope-words/1\ncommit 0.9\nscope 0.95\n*\t0:-50\ng天气\t38:400 30:-25\n")
                .unwrap();
        assert_eq!((model.commit(), model.commit_scope()), (0.9, 0.95));
        assert_eq!(model.weights("g天气").collect::<Vec<_>>(), [(38, 4.0), (30, -0.25)]);
        assert_eq!(model.weights(WordModel::BIAS).collect::<Vec<_>>(), [(0, -0.5)]);
        assert_eq!(model.weights("g雨").count(), 0);
        for (bad, line) in [
            ("piscope-words/2\n", 1),
            ("piscope-words/1\ncommit 2\nscope 0.9\n", 2),
            ("piscope-words/1\ncommit 0.9\nscope 0.9\nabc\n", 4),
            ("piscope-words/1\ncommit 0.9\nscope 0.9\nabc\t40:1\n", 4),
        ] {
            assert_eq!(WordModel::parse(bad).unwrap_err().line, line, "{bad}");
        }
    }
}
