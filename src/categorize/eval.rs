//! How well apps are placed: labelled rows against placements (`piscope eval categories`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::table::{self, TableError};
use super::{CLASSES, Categorizer, Options, Placement, Status};
use crate::package::{AppPackage, Label};
use crate::text::Lang;

/// One labelled row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalRow {
    /// Package name; empty if not given.
    pub package: String,
    /// Name of the app; empty if not given.
    pub label: String,
    /// What is right: 1–39, or 0 for none of the 39. Several where the app plainly is several.
    pub categories: Vec<u8>,
    /// A package to read instead of `package` and `label`.
    pub path: Option<String>,
    /// Line of the file, from 1.
    pub line: u64,
}

impl EvalRow {
    /// The row as a package that has nothing but its names.
    pub fn as_package(&self) -> AppPackage {
        let label = Some(self.label.clone()).filter(|l| !l.is_empty());
        AppPackage {
            package: self.package.clone(),
            label: Label { default: label, ..Label::default() },
            ..AppPackage::default()
        }
    }
}

/// Reads rows from CSV (UTF-8 or GB18030) with the columns `category` and either `package` and
/// `label` (one of them suffices) or `path`. Several right categories are joined by `;`.
///
/// # Errors
/// [`TableError`] at the first row that is not understood.
pub fn read_rows(bytes: &[u8]) -> Result<Vec<EvalRow>, TableError> {
    let text = table::decode(bytes);
    let mut reader = table::reader(&text);
    let headers = reader.headers().map_err(|e| TableError::header(&e))?;
    let find = |name: &str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
    let (package, label, path) = (find("package"), find("label"), find("path"));
    let category = find("category").filter(|_| package.is_some() || label.is_some() || path.is_some());
    let Some(category) = category else {
        return Err(TableError::new(
            1,
            "表头须有 category 列，以及 package、label 或 path 列",
            "the header needs the column `category`, and `package`, `label` or `path`",
        ));
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| TableError::row(&e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: Option<usize>| column.and_then(|i| record.get(i)).unwrap_or_default().to_owned();
        let stated = cell(Some(category));
        let numbers: Option<Vec<u8>> = stated
            .split(';')
            .map(|n| n.trim().parse::<u8>().ok().filter(|n| usize::from(*n) < CLASSES))
            .collect();
        let Some(categories) = numbers else {
            return Err(TableError::new(
                line,
                format!("category“{stated}”应为0–39的编号"),
                format!("category \"{stated}\" should be a number 0–39"),
            ));
        };
        let path = Some(cell(path)).filter(|p| !p.is_empty());
        rows.push(EvalRow { package: cell(package), label: cell(label), categories, path, line });
    }
    Ok(rows)
}

/// Figures over labelled rows. Shares are of all rows unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Rows.
    pub rows: u64,
    /// The likeliest class is right.
    pub top1: f64,
    /// The right class is among the three likeliest.
    pub top3: f64,
    /// A class was committed to (a category, or none of the 39).
    pub coverage: f64,
    /// Of the rows committed to: right.
    pub precision: f64,
    /// Of the rows with a scope to compare with (committed to a category, or undetermined with
    /// agreeing candidates): that scope is the right one.
    pub scope_agreement: f64,
    /// Rows with a scope to compare with.
    pub scope_coverage: f64,
    /// The likeliest class needs the same information as the right one (0 only agrees with 0).
    pub scope_of_top1: f64,
    /// By outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Per right class.
    pub per_category: Vec<ClassFigures>,
    /// Pairs of right and likeliest class that differ, commonest first.
    pub confusions: Vec<Confusion>,
    /// Stated confidence against what came true, over all rows with a confidence.
    pub reliability: Vec<Bin>,
    /// The rows whose likeliest class is wrong.
    pub wrong: Vec<WrongRow>,
}

/// Figures of one right class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassFigures {
    /// 0–39.
    pub category: u8,
    /// Rows of the class.
    pub rows: u64,
    /// Of these, with the right likeliest class.
    pub right: u64,
    /// Of these, committed to.
    pub committed: u64,
    /// Rows of another class that were taken for this one.
    pub taken_for: u64,
}

/// How often one class was taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The right class.
    pub right: u8,
    /// The likeliest class; absent where there was nothing to go by.
    pub taken_for: Option<u8>,
    /// Rows.
    pub rows: u64,
}

/// One row of the reliability table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Confidence from here.
    pub from: f64,
    /// To below here.
    pub to: f64,
    /// Rows.
    pub rows: u64,
    /// Mean stated confidence.
    pub stated: f64,
    /// Share that was right.
    pub right: f64,
}

/// A row whose likeliest class is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrongRow {
    /// Line of the file.
    pub line: u64,
    /// Package name.
    pub package: String,
    /// Name.
    pub label: String,
    /// What is right.
    pub right: Vec<u8>,
    /// The three likeliest.
    pub likeliest: Vec<u8>,
    /// It was committed to.
    pub committed: bool,
    /// Stated confidence.
    pub confidence: Option<f64>,
}

/// Gathers rows and placements into an [`Evaluation`].
#[derive(Debug)]
pub struct Evaluator<'c, 'r> {
    categorizer: &'c Categorizer<'r>,
    rows: u64,
    top1: u64,
    top3: u64,
    committed: u64,
    committed_right: u64,
    scoped: u64,
    scoped_right: u64,
    scope_top1: u64,
    outcomes: BTreeMap<&'static str, u64>,
    classes: Vec<ClassFigures>,
    confusions: BTreeMap<(u8, Option<u8>), u64>,
    stated: Vec<(f64, bool)>,
    wrong: Vec<WrongRow>,
}

impl<'c, 'r> Evaluator<'c, 'r> {
    /// Nothing gathered yet.
    pub fn new(categorizer: &'c Categorizer<'r>) -> Self {
        let class = |category| ClassFigures { category, rows: 0, right: 0, committed: 0, taken_for: 0 };
        Self {
            categorizer,
            rows: 0,
            top1: 0,
            top3: 0,
            committed: 0,
            committed_right: 0,
            scoped: 0,
            scoped_right: 0,
            scope_top1: 0,
            outcomes: BTreeMap::new(),
            classes: (0u8..40).map(class).collect(),
            confusions: BTreeMap::new(),
            stated: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Places a row by its names alone and adds it.
    pub fn place(&mut self, row: &EvalRow, options: Options) {
        let placement = self.categorizer.place(&row.as_package(), &super::Hints::default(), options);
        self.add(row, &placement);
    }

    /// Adds a row with its placement.
    pub fn add(&mut self, row: &EvalRow, placement: &Placement) {
        let Some(&expected) = row.categories.first() else { return };
        let likeliest = likeliest(placement);
        let first = likeliest.first().copied();
        let right = first.is_some_and(|c| row.categories.contains(&c));
        let committed = matches!(placement.status, Status::Placed | Status::OutsideThe39);
        let same = |c: u8| row.categories.iter().any(|&r| self.categorizer.same_scope(c, r));
        let committed_right = if placement.status == Status::Placed {
            placement.categories.iter().any(|c| row.categories.contains(c))
        } else {
            right
        };
        let scope = match placement.status {
            Status::Placed => placement.categories.first().copied(),
            Status::Undetermined => placement.scope_agreement.as_ref().map(|s| s.category),
            Status::OutsideThe39 | Status::SupplySide => None,
        };
        self.rows += 1;
        self.top1 += u64::from(right);
        self.top3 += u64::from(likeliest.iter().take(3).any(|c| row.categories.contains(c)));
        self.committed += u64::from(committed);
        self.committed_right += u64::from(committed && committed_right);
        self.scoped += u64::from(scope.is_some());
        self.scoped_right += u64::from(scope.is_some_and(same));
        self.scope_top1 += u64::from(first.is_some_and(same));
        *self.outcomes.entry(outcome_name(placement.status)).or_default() += 1;
        if let Some(class) = self.classes.get_mut(usize::from(expected)) {
            class.rows += 1;
            class.right += u64::from(right);
            class.committed += u64::from(committed);
        }
        if !right {
            *self.confusions.entry((expected, first)).or_default() += 1;
            if let Some(class) = first.and_then(|c| self.classes.get_mut(usize::from(c))) {
                class.taken_for += 1;
            }
            self.wrong.push(WrongRow {
                line: row.line,
                package: row.package.clone(),
                label: row.label.clone(),
                right: row.categories.clone(),
                likeliest: likeliest.into_iter().take(3).collect(),
                committed,
                confidence: placement.confidence,
            });
        }
        if let Some(confidence) = placement.confidence {
            self.stated.push((confidence, if committed { committed_right } else { right }));
        }
    }

    /// The figures.
    pub fn finish(self) -> Evaluation {
        let share =
            |part: u64, whole: u64| if whole == 0 { 0.0 } else { super::round(part as f64 / whole as f64) };
        let mut confusions: Vec<Confusion> = self
            .confusions
            .iter()
            .map(|(&(right, taken_for), &rows)| Confusion { right, taken_for, rows })
            .collect();
        confusions.sort_by_key(|c| (std::cmp::Reverse(c.rows), c.right, c.taken_for));
        const EDGES: [f64; 11] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.000_1];
        let reliability = EDGES
            .windows(2)
            .filter_map(|edge| {
                let &[from, to] = edge else { return None };
                let inside: Vec<&(f64, bool)> =
                    self.stated.iter().filter(|(p, _)| *p >= from && *p < to).collect();
                let count = inside.len() as f64;
                (!inside.is_empty()).then(|| Bin {
                    from,
                    to: to.min(1.0),
                    rows: inside.len() as u64,
                    stated: super::round(inside.iter().map(|(p, _)| p).sum::<f64>() / count),
                    right: super::round(inside.iter().filter(|(_, ok)| *ok).count() as f64 / count),
                })
            })
            .collect();
        Evaluation {
            rows: self.rows,
            top1: share(self.top1, self.rows),
            top3: share(self.top3, self.rows),
            coverage: share(self.committed, self.rows),
            precision: share(self.committed_right, self.committed),
            scope_agreement: share(self.scoped_right, self.scoped),
            scope_coverage: share(self.scoped, self.rows),
            scope_of_top1: share(self.scope_top1, self.rows),
            outcomes: self.outcomes,
            per_category: self.classes.into_iter().filter(|c| c.rows + c.taken_for > 0).collect(),
            confusions,
            reliability,
            wrong: self.wrong,
        }
    }
}

/// The classes of a placement, likeliest first; 0 is none of the 39.
fn likeliest(placement: &Placement) -> Vec<u8> {
    let mut classes = placement.categories.clone();
    if placement.status == Status::OutsideThe39 {
        classes.push(0);
    }
    for candidate in &placement.candidates {
        if !classes.contains(&candidate.category) {
            classes.push(candidate.category);
        }
    }
    classes
}

fn outcome_name(status: Status) -> &'static str {
    match status {
        Status::Placed => "placed",
        Status::Undetermined => "undetermined",
        Status::OutsideThe39 => "outside-the39",
        Status::SupplySide => "supply-side",
    }
}

impl Evaluation {
    /// The figures as lines of text.
    pub fn text(&self, categorizer: &Categorizer<'_>, lang: Lang) -> String {
        let zh = lang == Lang::Zh;
        let pick = |a: &'static str, b: &'static str| if zh { a } else { b };
        let name = |class: u8| categorizer.name(class).in_lang(lang).to_owned();
        let percent = |x: f64| format!("{:.1}%", x * 100.0);
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("{}: {}", pick("行数", "rows"), self.rows));
        for (label, value) in [
            (pick("首选正确 (top-1)", "top-1"), self.top1),
            (pick("前三含正确 (top-3)", "top-3"), self.top3),
            (pick("作出判断的比例 (coverage)", "coverage"), self.coverage),
            (pick("判断的正确率 (precision)", "precision where it commits"), self.precision),
            (pick("必要范围一致率 (scope agreement)", "scope agreement"), self.scope_agreement),
            (pick("　有范围可比的比例", "  rows with a scope"), self.scope_coverage),
            (pick("　首选与正确类别的范围一致，全部行", "  scope of top-1, all rows"), self.scope_of_top1),
        ] {
            line(format!("{label}: {}", percent(value)));
        }
        for (outcome, rows) in &self.outcomes {
            line(format!("  {outcome}: {rows}"));
        }
        line(
            pick(
                "\n各类别：行数、首选正确、作出判断、被误归入",
                "\nper category: rows, top-1 right, committed, wrongly taken for it",
            )
            .to_owned(),
        );
        for c in &self.per_category {
            line(format!(
                "  {:>2} {:>5} {:>5} {:>5} {:>5}  {}",
                c.category,
                c.rows,
                c.right,
                c.committed,
                c.taken_for,
                name(c.category)
            ));
        }
        line(pick("\n混淆（应为 → 首选）", "\nconfusions (right → top-1)").to_owned());
        for c in self.confusions.iter().take(40) {
            let taken = c.taken_for.map_or_else(|| "-".to_owned(), |n| format!("{n} {}", name(n)));
            line(format!("  {:>4}  {} {} → {taken}", c.rows, c.right, name(c.right)));
        }
        line(
            pick(
                "\n可靠性：置信度区间、行数、平均置信度、实际正确率",
                "\nreliability: confidence, rows, mean stated, share right",
            )
            .to_owned(),
        );
        for b in &self.reliability {
            line(format!(
                "  {:.1}–{:.1} {:>6} {:>7} {:>7}",
                b.from,
                b.to,
                b.rows,
                percent(b.stated),
                percent(b.right)
            ));
        }
        let committed_wrong: Vec<&WrongRow> = self.wrong.iter().filter(|w| w.committed).collect();
        line(format!(
            "{} ({})",
            pick("\n作出判断而首选有误的行", "\ncommitted and wrong"),
            committed_wrong.len()
        ));
        for w in committed_wrong {
            let mut text = String::new();
            let right: Vec<String> = w.right.iter().map(|&n| name(n)).collect();
            let taken = w.likeliest.first().map(|&n| name(n)).unwrap_or_default();
            // Writing into a String cannot fail.
            let _ = write!(text, "  {}: {} | {} | {} → {taken}", w.line, w.label, w.package, right.join(";"));
            line(text);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::categorize::tests::small_rules;

    #[test]
    fn figures_add_up() {
        let rules = small_rules();
        let categorizer = Categorizer::new(&rules).unwrap();
        let csv = "package,label,category\n\
                   cn.a,某浏览器,32\n\
                   cn.b,某天气,32\n\
                   cn.c,某某,20\n\
                   cn.d.weather.browser,某某,38\n\
                   cn.e,某市政务,0\n";
        let mut evaluator = Evaluator::new(&categorizer);
        for row in read_rows(csv.as_bytes()).unwrap() {
            evaluator.place(&row, Options { known_names: false });
        }
        let figures = evaluator.finish();
        assert_eq!(figures.rows, 5);
        assert_eq!(figures.top1, 0.4, "the tie goes to the lower number");
        assert_eq!(figures.top3, 0.6);
        assert_eq!(figures.coverage, 0.6);
        assert_eq!(figures.precision, 0.6667);
        assert_eq!((figures.scope_coverage, figures.scope_agreement), (0.6, 1.0));
        assert_eq!(figures.wrong.iter().map(|w| w.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(figures.text(&categorizer, Lang::Zh).contains("某天气"));
    }

    #[test]
    fn rows_need_their_columns() {
        assert_eq!(read_rows(b"label\nx\n").unwrap_err().line, 1);
        assert_eq!(read_rows(b"label,category\nx,40\n").unwrap_err().line, 2);
        let several = read_rows(b"path,category\na.apk,16;17\n").unwrap();
        assert_eq!(
            (several[0].categories.as_slice(), several[0].path.as_deref()),
            (&[16u8, 17][..], Some("a.apk"))
        );
    }
}
