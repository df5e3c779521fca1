//! Every sample gives what `samples/expected.csv` says: the category, the conclusion, and the
//! capabilities beyond the scope.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use piscope::analyze::{Analyzer, Options};
use piscope::finding::{Conclusion, Level};
use piscope::report::model::{AppReport, Outcome, PlacementStatus};
use piscope::rules::Ruleset;
use piscope::sample::Sample;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn analyzer() -> Analyzer<'static> {
    Analyzer::new(Ruleset::embedded(), Options::default()).expect("the rules are good")
}

fn analyze(analyzer: &Analyzer<'_>, file: &str) -> AppReport {
    let path = samples().join(file).to_str().expect("a path of text").to_owned();
    match analyzer.analyze(&Sample { path, ..Sample::default() }) {
        Outcome::Analysed(app) => *app,
        other => panic!("{file}: {other:?}"),
    }
}

/// `6`, `2;7`, `undetermined`, `outside` or `supply-side`, as the table writes it.
fn category(app: &AppReport) -> String {
    match app.placement.status {
        PlacementStatus::Placed => {
            let mut numbers: Vec<u8> = app.placement.categories.iter().map(|c| c.number).collect();
            numbers.sort_unstable();
            numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(";")
        }
        PlacementStatus::Undetermined => "undetermined".to_owned(),
        PlacementStatus::OutsideThe39 => "outside".to_owned(),
        PlacementStatus::SupplySide => "supply-side".to_owned(),
    }
}

fn conclusion(app: &AppReport) -> &'static str {
    match app.conclusion {
        Conclusion::NothingBeyond => "nothing-beyond",
        Conclusion::ToVerify => "to-verify",
        Conclusion::Suspected => "suspected",
        Conclusion::NotCompleted => "not-completed",
    }
}

#[test]
fn every_sample_gives_what_the_table_says() {
    let analyzer = analyzer();
    let mut table = csv::Reader::from_path(samples().join("expected.csv")).expect("the table");
    let headings = table.headers().expect("headings").clone();
    let column = |name: &str| headings.iter().position(|h| h == name).expect("a heading");
    let columns = ["file", "package", "label_zh", "category", "conclusion", "capabilities"].map(column);
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in table.records() {
        let row = row.expect("a row");
        rows += 1;
        let [file, package, label, expected_category, expected_conclusion, capabilities] =
            columns.map(|at| row[at].to_owned());
        let app = analyze(&analyzer, &file);
        let beyond: BTreeSet<&str> =
            app.findings.iter().filter(|f| f.level >= Level::Verify).map(|f| f.capability.as_str()).collect();
        let expected: BTreeSet<&str> = capabilities.split(';').filter(|c| !c.is_empty()).collect();
        let mut differ = |what: &str, found: String, expected: &str| {
            if found != expected {
                wrong.push(format!("{file}: {what} {found:?}, expected {expected:?}"));
            }
        };
        differ("package", app.app.package.clone(), &package);
        differ("label", app.app.label.best().unwrap_or_default().to_owned(), &label);
        differ("category", category(&app), &expected_category);
        differ("conclusion", conclusion(&app).to_owned(), &expected_conclusion);
        differ("capabilities", format!("{beyond:?}"), &format!("{expected:?}"));
    }
    assert!(rows >= 78, "a pair for each of the 39: {rows} rows");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}
