//! The versioned result: the lower waist of the hourglass. Every output format reads only this.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{ClauseRef, Conclusion, Finding, InfoRef, Level, PermissionStatus};
use crate::package::{FileIdentity, Gap, ImpliedBy, Label, PackageFormat, Place, SdkLevels, Sign, Signing};
use crate::sample::Sample;
use crate::text::Text;

/// Version of the result document; raised when a field changes its meaning or goes away.
pub const REPORT_SCHEMA: &str = "piscope-report/1";

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always [`REPORT_SCHEMA`].
    pub schema: String,
    /// What made it.
    pub tool: Tool,
    /// One outcome per sample, in the order of the samples.
    pub outcomes: Vec<Outcome>,
    /// Counts over all outcomes; they add up to `samples`.
    pub summary: Summary,
}

/// One line of the JSON Lines form of a report: a head, one outcome per sample, a tail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Line {
    /// The first line.
    Head(Head),
    /// One sample.
    Outcome(Box<Outcome>),
    /// The last line; absent where the run was cut short.
    Tail(Tail),
}

/// First line of the JSON Lines form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Always [`REPORT_SCHEMA`].
    pub schema: String,
    /// What made it.
    pub tool: Tool,
}

/// Last line of the JSON Lines form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// Counts over all outcomes.
    pub summary: Summary,
}

/// What made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `piscope`.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Version of the ruleset.
    pub ruleset_version: String,
    /// SHA-256 over the rule files, lower-case hex.
    pub ruleset_digest: String,
}

/// What became of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It was read.
    Analysed(Box<AppReport>),
    /// It is a package, or was named as one, and could not be read.
    Unreadable(Unreadable),
    /// It is not an app package.
    Skipped(Skipped),
}

impl Outcome {
    /// The sample that it belongs to.
    pub fn sample(&self) -> &Sample {
        match self {
            Outcome::Analysed(a) => &a.sample,
            Outcome::Unreadable(u) => &u.sample,
            Outcome::Skipped(s) => &s.sample,
        }
    }
}

/// A sample that could not be analysed. Never "clean".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unreadable {
    /// Which.
    pub sample: Sample,
    /// Why, and what to do next.
    pub reason: Text,
    /// What was met on the way.
    pub gaps: Vec<Gap>,
}

/// A file that is not an app package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// Which.
    pub sample: Sample,
    /// What it is instead, as far as its first bytes tell.
    pub reason: Text,
}

/// One app's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppReport {
    /// Which sample.
    pub sample: Sample,
    /// Where the package differs from the user's list.
    pub mismatches: Vec<Mismatch>,
    /// Who the app is.
    pub app: AppIdentity,
    /// Which category, and why.
    pub placement: Placement,
    /// The yardstick.
    pub scope: Scope,
    /// Graded, gravest first, then by code.
    pub findings: Vec<Finding>,
    /// Every permission, known or not.
    pub permissions: Vec<PermissionRow>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// One of four.
    pub conclusion: Conclusion,
    /// The conclusion in a sentence, with its reason.
    pub conclusion_text: Text,
}

impl AppReport {
    /// The gravest level among the findings.
    pub fn gravest(&self) -> Option<Level> {
        self.findings.iter().map(|f| f.level).max()
    }

    /// Whether evidence may be missing.
    pub fn has_hiding_gap(&self) -> bool {
        self.gaps.iter().any(|g| g.kind.hides_evidence())
    }
}

/// Package and list disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    /// Column of the list, Chinese heading.
    pub column: String,
    /// What the list says.
    pub listed: String,
    /// What the package says.
    pub found: String,
    /// In a sentence.
    pub message: Text,
}

/// Who the app is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppIdentity {
    /// Container.
    pub format: PackageFormat,
    /// Size and hashes.
    pub file: FileIdentity,
    /// Package name.
    pub package: String,
    /// Names.
    pub label: Label,
    /// Version name.
    pub version_name: Option<String>,
    /// Version code.
    pub version_code: Option<u64>,
    /// SDK levels.
    pub sdk: SdkLevels,
    /// Splits merged.
    pub splits: Vec<String>,
    /// DEX files.
    pub dex_count: u32,
    /// Native libraries.
    pub native_libraries: usize,
    /// Frameworks and packers.
    pub signs: Vec<Sign>,
    /// Signers.
    pub signing: Signing,
}

/// Which category, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// How it ended.
    pub status: PlacementStatus,
    /// The categories that the scope is taken from; several mean their union.
    pub categories: Vec<CategoryRef>,
    /// What else came into question, likeliest first.
    pub candidates: Vec<Candidate>,
    /// What speaks for the decision, each named, strongest first.
    pub reasons: Vec<Reason>,
    /// The user set it.
    pub by_user: bool,
    /// Probability that the placement is right, 0–1, where one was computed.
    pub confidence: Option<f64>,
    /// In a sentence.
    pub message: Text,
}

/// How a placement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlacementStatus {
    /// One or several of the 39.
    Placed,
    /// A tie or nothing to go by.
    Undetermined,
    /// None of the 39 kinds.
    OutsideThe39,
    /// For drivers, merchants, doctors …: Article 3 leaves them out.
    SupplySide,
}

/// A category in a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryRef {
    /// 1–39; 0 among candidates: none of the 39.
    pub number: u8,
    /// Id.
    pub id: String,
    /// Name in both languages.
    pub name: Text,
}

/// A category that came into question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Which.
    pub category: CategoryRef,
    /// Sum of the weights that speak for it.
    pub score: f64,
    /// Share of the probability, 0–1.
    pub probability: f64,
    /// What speaks for it.
    pub reasons: Vec<Reason>,
    /// What would be necessary if the app belonged here.
    pub effect: Text,
}

/// One reason for a placement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Kind of evidence: `user`, `list`, `override`, `statement`, `known-package`, `manifest`,
    /// `label`, `package-token`, `strings`, `words`, `supply-side`, `outside`.
    pub kind: String,
    /// The category that it speaks for; absent for supply side and outside.
    pub category: Option<u8>,
    /// Weight.
    pub weight: f64,
    /// In words, with what was seen.
    pub text: Text,
}

/// The yardstick that the app was held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Whether the comparison with Article 5 was made.
    pub applied: bool,
    /// Why not, or what limits it.
    pub note: Option<Text>,
    /// One row per category of the placement.
    pub rows: Vec<ScopeRow>,
}

/// What one category's item of Article 5 says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeRow {
    /// Which.
    pub category: CategoryRef,
    /// The clause.
    pub clause: ClauseRef,
    /// The basic function: verbatim, and our English rendering.
    pub function: Text,
    /// The necessary items, verbatim and rendered; empty: 无须个人信息.
    pub necessary: Vec<Text>,
}

/// One permission of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionRow {
    /// Full name.
    pub name: String,
    /// What the rules know of it.
    pub status: PermissionStatus,
    /// What it reaches at this app's levels.
    pub info: Vec<InfoRef>,
    /// Where it stands.
    pub place: Place,
    /// `maxSdkVersion`.
    pub max_sdk: Option<u32>,
    /// Set where the platform adds it.
    pub implied_by: Option<ImpliedBy>,
    /// What limits it.
    pub note: Option<Text>,
}

/// Counts over all outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// All samples.
    pub samples: u64,
    /// Read to the end or in part.
    pub analysed: u64,
    /// Of these, with a gap that may hide evidence.
    pub with_gaps: u64,
    /// Not readable.
    pub unreadable: u64,
    /// Not packages.
    pub skipped: u64,
    /// Of the analysed: 未发现超出必要范围的收集能力.
    pub nothing_beyond: u64,
    /// Of the analysed: 存在待核实项.
    pub to_verify: u64,
    /// Of the analysed: 存在疑似超范围项.
    pub suspected: u64,
    /// Of the analysed: 未完成判定.
    pub not_completed: u64,
}

impl Summary {
    /// Adds one outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.samples += 1;
        match outcome {
            Outcome::Analysed(app) => {
                self.analysed += 1;
                self.with_gaps += u64::from(app.has_hiding_gap());
                match app.conclusion {
                    Conclusion::NothingBeyond => self.nothing_beyond += 1,
                    Conclusion::ToVerify => self.to_verify += 1,
                    Conclusion::Suspected => self.suspected += 1,
                    Conclusion::NotCompleted => self.not_completed += 1,
                }
            }
            Outcome::Unreadable(_) => self.unreadable += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }
}
