//! The sentence: a sample becomes bytes, bytes become a record, the record facts, the facts and a
//! category findings.

use std::path::Path;

use crate::categorize::{self, Categorizer, Hints, ModelError, Overrides, Status};
use crate::facts;
use crate::finding::InfoRef;
use crate::package::{AppPackage, Label};
use crate::report::model::{
    AppIdentity, AppReport, Candidate, CategoryRef, Mismatch, Outcome, PermissionRow, Placement,
    PlacementStatus, Reason, Scope, ScopeRow, Skipped, Unreadable,
};
use crate::rules::{Category, Ruleset};
use crate::sample::{ListedSample, Sample};
use crate::scope::{self, PROVISIONS, Yardstick};
use crate::text::Text;
use crate::unpack::{self, UnpackError};

/// Candidates that share this much of the probability stand for all categories in question.
const COVERED: f64 = 0.9;

/// What a run applies beside the rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How packages are read.
    pub unpack: unpack::Options,
    /// The categories that the user set for every sample; empty inside: none of the 39.
    pub categories: Option<Vec<u8>>,
    /// Rows that overrule the placement of single apps.
    pub overrides: Overrides,
    /// What the placement may use.
    pub placement: categorize::Options,
}

/// Analyses samples. Build once, use from any number of threads.
#[derive(Debug)]
pub struct Analyzer<'r> {
    rules: &'r Ruleset,
    categorizer: Categorizer<'r>,
    options: Options,
}

impl<'r> Analyzer<'r> {
    /// Indexes the rules.
    ///
    /// # Errors
    /// [`ModelError`] if the words model among the rules is not in its format.
    pub fn new(rules: &'r Ruleset, options: Options) -> Result<Self, ModelError> {
        Ok(Self { rules, categorizer: Categorizer::new(rules)?, options })
    }

    /// The rules in use.
    pub fn rules(&self) -> &'r Ruleset {
        self.rules
    }

    /// What places apps.
    pub fn categorizer(&self) -> &Categorizer<'r> {
        &self.categorizer
    }

    /// Opens one sample and analyses it. Whatever is wrong with it is part of the outcome.
    pub fn analyze(&self, sample: &Sample) -> Outcome {
        match unpack::open(Path::new(&sample.path), &self.options.unpack) {
            Ok(package) => Outcome::Analysed(Box::new(self.analyze_package(sample, package))),
            Err(error @ UnpackError::NotAPackage(_)) => {
                Outcome::Skipped(Skipped { sample: sample.clone(), reason: error.text() })
            }
            Err(error) => Outcome::Unreadable(Unreadable {
                sample: sample.clone(),
                reason: error.text(),
                gaps: match error {
                    UnpackError::Unreadable(unreadable) => unreadable.gaps,
                    _ => Vec::new(),
                },
            }),
        }
    }

    /// Analyses a record that was read or saved before.
    pub fn analyze_package(&self, sample: &Sample, mut package: AppPackage) -> AppReport {
        let facts = facts::collect(&package, self.rules, context(sample));
        let placement = self.place(sample, &package);
        let yardstick = self.yardstick(&placement);
        let findings = scope::check(&package.package, &facts, &yardstick, self.rules);
        let (conclusion, conclusion_text) =
            scope::conclude(&package, &facts, &findings, &yardstick, self.rules);

        package.signs = facts.signs;
        AppReport {
            mismatches: self.mismatches(sample, &package),
            sample: sample.clone(),
            placement: self.placement(&placement),
            scope: self.scope(&yardstick, &placement),
            permissions: facts.permissions.iter().map(|p| self.permission(p)).collect(),
            gaps: std::mem::take(&mut package.gaps),
            app: identity(package),
            findings,
            conclusion,
            conclusion_text,
        }
    }

    /// Places one app. Where its names and its manifest do not decide, the texts of the package at
    /// the sample's path are read too.
    pub fn place(&self, sample: &Sample, package: &AppPackage) -> categorize::Placement {
        let listed = sample.listed.as_ref().and_then(|row| row.category.as_deref());
        let mut hints = Hints {
            user: self.options.categories.clone(),
            listed: listed.and_then(|words| self.rules.categories_named(words).ok()),
            overridden: self.options.overrides.get(&package.package).cloned(),
            ..Hints::default()
        };
        let placement = self.categorizer.place(package, &hints, self.options.placement);
        if placement.status != Status::Undetermined {
            return placement;
        }
        hints.strings = unpack::texts(Path::new(&sample.path), &self.options.unpack);
        if hints.strings.is_empty() {
            return placement;
        }
        self.categorizer.place(package, &hints, self.options.placement)
    }

    fn yardstick(&self, placement: &categorize::Placement) -> Yardstick<'r> {
        let of = |numbers: &[u8]| numbers.iter().filter_map(|n| self.rules.category(*n)).collect::<Vec<_>>();
        match placement.status {
            Status::Placed => Yardstick::Placed(of(&placement.categories)),
            Status::OutsideThe39 | Status::SupplySide => Yardstick::NotApplied(placement.message.clone()),
            Status::Undetermined => {
                let candidates = || {
                    // A few faint candidates say nothing of the others: then all 39 must agree.
                    let covered: f64 = placement.candidates.iter().map(|c| c.probability).sum();
                    let numbers = placement.candidates.iter().map(|c| c.category);
                    if covered >= COVERED { numbers.collect() } else { Vec::new() }
                };
                let agreeing = placement.scope_agreement.as_ref().map(|a| a.agreeing.clone());
                Yardstick::Undetermined(of(&agreeing.unwrap_or_else(candidates)))
            }
        }
    }

    fn placement(&self, from: &categorize::Placement) -> Placement {
        Placement {
            status: match from.status {
                Status::Placed => PlacementStatus::Placed,
                Status::Undetermined => PlacementStatus::Undetermined,
                Status::OutsideThe39 => PlacementStatus::OutsideThe39,
                Status::SupplySide => PlacementStatus::SupplySide,
            },
            categories: from.categories.iter().filter_map(|n| self.category_ref(*n)).collect(),
            candidates: from
                .candidates
                .iter()
                .filter_map(|c| {
                    Some(Candidate {
                        category: self.category_ref(c.category)?,
                        score: round(c.score),
                        probability: round(c.probability),
                        reasons: c.reasons.iter().map(reason).collect(),
                        effect: c.effect.clone(),
                    })
                })
                .collect(),
            reasons: from.reasons.iter().map(reason).collect(),
            by_user: from.by_user,
            confidence: from.confidence.map(round),
            message: from.message.clone(),
        }
    }

    fn scope(&self, yardstick: &Yardstick<'_>, placement: &categorize::Placement) -> Scope {
        let (applied, note, categories) = match yardstick {
            Yardstick::Placed(categories) => (true, None, categories.as_slice()),
            Yardstick::NotApplied(reason) => (false, Some(reason.clone()), [].as_slice()),
            Yardstick::Undetermined(categories) => {
                let agreement = placement.scope_agreement.as_ref().map(|a| a.message.clone());
                let note = agreement.unwrap_or_else(|| {
                    Text::new(
                        "应用类型尚未确定：仅对各候选类型结论一致的能力分级，其余列为无法判定",
                        "the category is not determined: only capabilities on which all candidates agree are graded, the others are undetermined",
                    )
                });
                (true, Some(note), categories.as_slice())
            }
        };
        Scope { applied, note, rows: categories.iter().filter_map(|c| self.scope_row(c)).collect() }
    }

    fn scope_row(&self, category: &Category) -> Option<ScopeRow> {
        Some(ScopeRow {
            category: category_ref(category),
            clause: scope::clause(PROVISIONS, &category.clause(), self.rules)?,
            function: Text::new(&category.function, &category.function_english),
            necessary: category.necessary.iter().map(|i| Text::new(&i.text, &i.english)).collect(),
        })
    }

    /// Number 0, none of the 39, has no category.
    fn category_ref(&self, number: u8) -> Option<CategoryRef> {
        if number == 0 {
            let name = Text::new("不属于39类", "none of the 39");
            return Some(CategoryRef { number, id: "none".to_owned(), name });
        }
        self.rules.category(number).map(category_ref)
    }

    fn permission(&self, fact: &facts::PermissionFact) -> PermissionRow {
        PermissionRow {
            name: fact.request.name.clone(),
            status: fact.status,
            info: fact.info.iter().filter_map(|id| self.rules.info.get(id)).map(InfoRef::from).collect(),
            place: fact.request.place.clone(),
            max_sdk: fact.request.max_sdk,
            implied_by: fact.request.implied_by.clone(),
            note: fact.note.clone(),
        }
    }

    /// Where the user's list and the package say different things.
    fn mismatches(&self, sample: &Sample, package: &AppPackage) -> Vec<Mismatch> {
        let Some(row) = &sample.listed else { return Vec::new() };
        let mut found = Vec::new();
        found.extend(label_mismatch(row, &package.label));
        let version = package.version_name.clone().unwrap_or_default();
        if let Some(listed) = row.version.as_deref().filter(|listed| !same_version(listed, &version)) {
            found.push(mismatch("应用版本", listed, &version));
        }
        found.extend(self.category_mismatch(row, package));
        found
    }

    fn category_mismatch(&self, row: &ListedSample, package: &AppPackage) -> Option<Mismatch> {
        let words = row.category.as_deref()?;
        let listed = match self.rules.categories_named(words) {
            Ok(listed) => listed,
            Err(word) => {
                let message = Text::new(
                    format!(
                        "样本清单“应用类型”列的“{word}”不是39类之一，未采用；请填写序号、名称或 0（不属于39类）"
                    ),
                    format!(
                        "“{word}” in the category column of the sample list is none of the 39 and was not used; give a number, a name, or 0 (none of the 39)"
                    ),
                );
                let (column, listed) = ("应用类型".to_owned(), words.to_owned());
                return Some(Mismatch { column, listed, found: String::new(), message });
            }
        };
        let own = self.categorizer.place(package, &Hints::default(), self.options.placement);
        if own.status != Status::Placed || own.categories.iter().any(|n| listed.contains(n)) {
            return None;
        }
        let names: Vec<&str> =
            own.categories.iter().filter_map(|n| self.rules.category(*n)).map(|c| c.name.as_str()).collect();
        Some(mismatch("应用类型", words, &names.join("、")))
    }
}

fn context(sample: &Sample) -> facts::Context {
    let said = sample.listed.as_ref().and_then(|row| row.preinstalled.as_deref());
    let yes =
        |word: &str| matches!(word.trim().to_ascii_lowercase().as_str(), "是" | "yes" | "y" | "true" | "1");
    facts::Context { preinstalled: said.is_some_and(yes) }
}

fn category_ref(category: &Category) -> CategoryRef {
    CategoryRef {
        number: category.number,
        id: category.id.clone(),
        name: Text::new(&category.name, &category.english),
    }
}

fn reason(from: &categorize::Reason) -> Reason {
    Reason {
        kind: from.kind.as_str().to_owned(),
        category: from.category,
        weight: round(from.weight),
        text: from.text.clone(),
    }
}

/// Four digits are all that a weight means; more would differ between processors.
fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn identity(package: AppPackage) -> AppIdentity {
    AppIdentity {
        format: package.format,
        file: package.file,
        package: package.package,
        label: package.label,
        version_name: package.version_name,
        version_code: package.version_code,
        sdk: package.sdk,
        splits: package.splits,
        dex_count: package.dex_count,
        native_libraries: package.native_libraries.len(),
        signs: package.signs,
        signing: package.signing,
    }
}

fn mismatch(column: &str, listed: &str, found: &str) -> Mismatch {
    let shown = |word: &str| if word.is_empty() { "—".to_owned() } else { word.to_owned() };
    Mismatch {
        column: column.to_owned(),
        listed: listed.to_owned(),
        found: found.to_owned(),
        message: Text::new(
            format!(
                "样本清单与安装包不一致（{column}）：清单为“{listed}”，安装包为“{}”，请核对样品",
                shown(found)
            ),
            format!(
                "the sample list and the package differ ({column}): listed “{listed}”, found “{}”; check the sample",
                shown(found)
            ),
        ),
    }
}

fn label_mismatch(row: &ListedSample, label: &Label) -> Option<Mismatch> {
    let listed = row.app_name.as_deref()?;
    let names: Vec<&str> =
        [&label.zh, &label.default, &label.en].into_iter().flatten().map(String::as_str).collect();
    if names.iter().any(|name| name.trim() == listed.trim()) {
        return None;
    }
    Some(mismatch("应用名称", listed, names.first().copied().unwrap_or_default()))
}

/// Stores write `V1.2.3` or `版本1.2.3` for `1.2.3`.
fn same_version(listed: &str, found: &str) -> bool {
    let bare = |v: &str| v.trim().trim_start_matches("版本").trim_start_matches(['v', 'V']).trim().to_owned();
    bare(listed) == bare(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_without_their_prefix() {
        assert!(same_version("V1.2.3", "1.2.3"));
        assert!(same_version("版本1.2.3 ", "1.2.3"));
        assert!(!same_version("1.2.3", "1.2.4"));
    }
}
