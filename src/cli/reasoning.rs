//! `piscope explain --app X`: how one app was placed and why each finding has its level.

use std::path::Path;

use crate::analyze::{Analyzer, Options};
use crate::cli::output::print;
use crate::cli::page::Page;
use crate::cli::{Exit, Failure};
use crate::report::model::{AppReport, Outcome, Placement, Reason};
use crate::report::plain::plain;
use crate::report::wording::{self, Phrase};
use crate::rules::Ruleset;
use crate::sample::Sample;
use crate::text::Lang;

/// Names in a package may be as long as their author liked.
const NAME: usize = 200;

/// Prints all reasons behind the result for the package at `path`.
pub fn of(path: &Path, rules: &Ruleset, lang: Lang) -> Result<Exit, Failure> {
    let analyzer = Analyzer::new(rules, Options::default()).map_err(|e| Failure::model(&e))?;
    let sample = Sample { path: path.to_string_lossy().into_owned(), explicit: true, listed: None };
    let app = match analyzer.analyze(&sample) {
        Outcome::Analysed(app) => app,
        Outcome::Unreadable(unreadable) => return Err(failed(path, &unreadable.reason)),
        Outcome::Skipped(skipped) => return Err(failed(path, &skipped.reason)),
    };
    let mut page = Page::new(lang);
    names(&mut page, &app);
    placement(&mut page, &app.placement);
    if let Some(note) = app.scope.note.as_ref().filter(|_| app.scope.applied) {
        page.line(Phrase::new("范围比对", "Scope check"), note.in_lang(lang));
    }
    for finding in &app.findings {
        let level = wording::level(finding.level).in_lang(lang);
        page.head(&format!("{level}  {} {}", finding.code, finding.title.in_lang(lang)));
        page.line(wording::NOTE, &plain(finding.message.in_lang(lang), 4000));
        for evidence in &finding.evidence {
            let strength = wording::strength(evidence.strength).in_lang(lang);
            let note = evidence.note.as_ref().map(|n| n.in_lang(lang)).unwrap_or_default();
            let place = wording::place(&evidence.place, lang);
            let text = format!("{}  {place}  [{strength}] {note}", evidence.subject);
            page.line(wording::EVIDENCE, &plain(&text, 1000));
        }
        page.lines(Phrase::new("功能推断", "Our inference"), &finding.function_basis);
        for clause in &finding.clauses {
            page.line(wording::CLAUSE, &wording::clause(clause));
        }
    }
    page.head(Phrase::new("结论", "Conclusion").in_lang(lang));
    page.line(wording::CONCLUSION, app.conclusion_text.in_lang(lang));
    print(&page.text)?;
    Ok(Exit::Clean)
}

fn failed(path: &Path, reason: &crate::text::Text) -> Failure {
    Failure {
        exit: Exit::Unanalysed,
        message: crate::text::Text::new(
            format!("“{}”：{}", path.display(), reason.zh),
            format!("`{}`: {}", path.display(), reason.en),
        ),
    }
}

fn names(page: &mut Page, app: &AppReport) {
    let label = app.app.label.best().unwrap_or_default();
    page.head(&plain(&format!("{label} ({})", app.app.package), NAME));
}

fn placement(page: &mut Page, placement: &Placement) {
    let lang = page.lang;
    page.line(Phrase::new("应用类型", "Category"), placement.message.in_lang(lang));
    if let Some(confidence) = placement.confidence {
        page.line(Phrase::new("置信度", "Confidence"), &format!("{:.1} %", confidence * 100.0));
    }
    for reason in &placement.reasons {
        page.line(Phrase::new("依据", "Because"), &reason_text(reason, lang));
    }
    for candidate in &placement.candidates {
        page.head(&format!(
            "{} {} {}  {:.1} %",
            Phrase::new("候选", "Candidate").in_lang(lang),
            candidate.category.number,
            candidate.category.name.in_lang(lang),
            candidate.probability * 100.0
        ));
        page.line(Phrase::new("若属此类", "If so"), candidate.effect.in_lang(lang));
        for reason in &candidate.reasons {
            page.line(Phrase::new("依据", "Because"), &reason_text(reason, lang));
        }
    }
}

/// A reason with its kind and weight; a weight of 0 marks a tier that decides outright.
fn reason_text(reason: &Reason, lang: Lang) -> String {
    let text = plain(reason.text.in_lang(lang), NAME);
    let weight = if reason.weight == 0.0 { String::new() } else { format!(" {:+.2}", reason.weight) };
    let category = reason.category.map(|n| format!(" → {n}")).unwrap_or_default();
    format!("{text}  [{}{weight}{category}]", reason.kind)
}
