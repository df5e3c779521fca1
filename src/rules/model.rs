//! The ruleset as plain data: what `app-categories/` says, parsed and cross-checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::code::LazyCodeRules;
use crate::info::Info;
use crate::text::Text;

/// All rules that a run applies.
#[derive(Debug, Clone, Default)]
pub struct Ruleset {
    /// Version of the ruleset, from `common/ruleset.toml`.
    pub version: String,
    /// Systems older than this API level are legacy: what takes effect only there is a fact.
    pub baseline_api: u32,
    /// SHA-256 over all rule files (path, length and bytes, sorted by path), lower-case hex.
    pub digest: String,
    /// The 39 categories, by number.
    pub categories: Vec<Category>,
    /// The one vocabulary of personal information, by id.
    pub info: BTreeMap<String, Info>,
    /// Permissions, by full name.
    pub permissions: BTreeMap<String, PermissionRule>,
    /// The platform's rules that add permissions by themselves.
    pub implied: Vec<ImpliedRule>,
    /// Capabilities: the subjects of findings, by id.
    pub capabilities: BTreeMap<String, Capability>,
    /// Manifest components that are themselves a capability.
    pub component_rules: Vec<ComponentRule>,
    /// Packers by file name.
    pub packers: Vec<SignRule>,
    /// Frameworks by file name.
    pub frameworks: Vec<SignRule>,
    /// Legal bases, by id.
    pub law: BTreeMap<String, LegalBasis>,
    /// What recognises categories across files: known packages, manifest signals, supply side.
    pub recognition: Recognition,
    /// What the rules know about code: SDKs, methods and constants, noise.
    pub code: LazyCodeRules,
}

/// One of the 39 categories: `NN-id.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// 1–39, the item of Article 5.
    pub number: u8,
    /// English id, e.g. `online-shopping`.
    pub id: String,
    /// Verbatim, e.g. `网上购物类`.
    pub name: String,
    /// Our English name.
    pub english: String,
    /// The basic function, verbatim.
    pub function: String,
    /// Our English rendering of the basic function.
    pub function_english: String,
    /// The necessary personal information; `[]` where the text says 无须个人信息.
    pub necessary: Vec<NecessaryItem>,
    /// What the words of the basic function imply per capability group. Our inference, not law.
    #[serde(rename = "function-basis", default)]
    pub function_basis: BTreeMap<String, FunctionBasis>,
    /// What recognises an app of the category.
    #[serde(default)]
    pub recognise: Recognise,
    /// Labels or package names that must (`yes`) or must not (`no`) be placed here.
    #[serde(default)]
    pub examples: Examples,
}

impl Category {
    /// `第五条第(六)项`.
    pub fn clause(&self) -> String {
        format!("第五条第({})项", chinese_numeral(self.number))
    }

    /// Whether the list names `info`, and if only for a sub-service, which.
    pub fn lists(&self, info: &str) -> Option<Listed<'_>> {
        let mut conditional = None;
        for item in &self.necessary {
            if !item.info.iter().any(|i| i == info) {
                continue;
            }
            match &item.only_for {
                Some(limit)
                    if item.only_for_info.is_empty() || item.only_for_info.iter().any(|i| i == info) =>
                {
                    conditional.get_or_insert(Listed::OnlyFor(limit));
                }
                _ => return Some(Listed::Plainly),
            }
        }
        conditional
    }
}

/// How a category's list names a kind of information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Without a limit.
    Plainly,
    /// Only for the sub-service named.
    OnlyFor(&'a str),
}

/// `6` → `六`, `21` → `二十一`; for 1–99.
pub fn chinese_numeral(n: u8) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |d: u8| DIGITS.get(usize::from(d)).copied().unwrap_or_default();
    match (n / 10, n % 10) {
        (0, ones) => digit(ones).to_owned(),
        (1, ones) => format!("十{}", digit(ones)),
        (tens, ones) => format!("{}十{}", digit(tens), digit(ones)),
    }
}

/// One numbered item of a category's list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NecessaryItem {
    /// Verbatim, without number and final punctuation.
    pub text: String,
    /// Our English rendering.
    pub english: String,
    /// Ids in the vocabulary that the words cover: our mapping.
    pub info: Vec<String>,
    /// The sub-service that the text limits the item to, verbatim (e.g. `ETC服务`).
    #[serde(rename = "only-for")]
    pub only_for: Option<String>,
    /// The ids of `info` that the limit covers; empty means all of them.
    #[serde(rename = "only-for-info", default)]
    pub only_for_info: Vec<String>,
}

/// What the words of a basic function imply about a capability group. Our inference, not law.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionBasis {
    /// How directly.
    pub level: BasisLevel,
    /// Why, in both languages, quoting the words it rests on.
    pub why: Text,
}

/// How directly the words of Article 5 carry a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasisLevel {
    /// Article 5 lists the information that the capability yields.
    NecessaryInfo,
    /// As above, for a named sub-service only.
    NecessaryInfoConditional,
    /// A possible way to obtain a listed item; a less intrusive way exists.
    MayServeNecessaryInfo,
    /// The words of the basic function imply the capability; the information is not listed.
    BasicFunctionText,
    /// As above, but only one of several functions that the words enumerate implies it.
    BasicFunctionPart,
    /// Neither.
    NotListed,
}

/// What recognises an app of one category.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recognise {
    /// Words of the label that decide almost alone (Chinese or English).
    pub strong: Vec<String>,
    /// Words of the label that count half.
    pub medium: Vec<String>,
    /// Tokens of the package name.
    pub package_tokens: Vec<String>,
}

/// Examples that prove a category's recognition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Examples {
    /// Must be placed here.
    pub yes: Vec<String>,
    /// Must not be placed here.
    pub no: Vec<String>,
}

/// What one permission yields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionRule {
    /// Full name.
    pub name: String,
    /// Who grants it.
    pub kind: PermissionKind,
    /// Whether the grant alone reaches the information.
    pub reach: Reach,
    /// The finding subject that it belongs to; absent where it reaches no personal information.
    pub capability: Option<String>,
    /// What it yields, strongest reading, at any level.
    #[serde(default)]
    pub info: Vec<String>,
    /// What it yields under conditions; where present, replaces `info` for the levels it names.
    #[serde(default)]
    pub yields: Vec<Yield>,
    /// API level that introduced it.
    pub introduced: Option<u32>,
    /// Last API level that knew it.
    #[serde(rename = "removed-after")]
    pub removed_after: Option<u32>,
    /// API level that deprecated it.
    pub deprecated: Option<u32>,
    /// Protection level from an API level on, as `[[level, "dangerous"], …]`.
    #[serde(rename = "protection-by-api", default)]
    pub protection_by_api: Vec<(u32, String)>,
    /// Without effect when the app targets this level or above (on systems of that level).
    #[serde(rename = "no-effect-from-target")]
    pub no_effect_from_target: Option<u32>,
    /// Yields only together with one of these permissions; empty: by itself.
    #[serde(rename = "needs-any", default)]
    pub needs_any: Vec<String>,
    /// What it yields besides, but only on systems below an API level.
    #[serde(default)]
    pub legacy: Vec<Legacy>,
    /// What to know, in both languages.
    pub note: Option<Text>,
    /// Where all this is known from.
    pub source: String,
}

/// What a permission yields only on old systems, e.g. IMEI below API 29. Reachable at all only for apps whose
/// `minSdkVersion` lies below the level.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// On systems below this API level.
    #[serde(rename = "device-below")]
    pub device_below: u32,
    /// Ids in the vocabulary.
    pub info: Vec<String>,
}

/// What a permission yields for apps whose target level lies in `[target_from, target_below)`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yield {
    /// From this target level on.
    #[serde(rename = "target-from")]
    pub target_from: Option<u32>,
    /// Below this target level.
    #[serde(rename = "target-below")]
    pub target_below: Option<u32>,
    /// Ids in the vocabulary.
    pub info: Vec<String>,
    /// Why.
    pub why: Option<Text>,
}

/// Who grants a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PermissionKind {
    /// The user, at run time.
    Runtime,
    /// The system, at install time.
    Normal,
    /// Only system or same-signature apps: without effect for a third-party app.
    Signature,
    /// The user, in Settings.
    Appop,
    /// Stands on a component of this app.
    Bind,
    /// A device maker's or SDK's.
    Vendor,
}

/// Whether the grant alone reaches the information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// It does.
    Direct,
    /// Depends on level, target or another permission.
    Cond,
    /// Auxiliary: never a finding alone.
    Indirect,
    /// No personal information.
    None,
}

/// A permission that the platform adds by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpliedRule {
    /// The permission that must be asked for; absent: the target level alone decides.
    pub permission: Option<String>,
    /// What is added.
    pub implies: Vec<String>,
    /// Only for apps that target less than this level; absent: always.
    #[serde(rename = "target-below")]
    pub target_below: Option<u32>,
    /// Where this is known from.
    pub source: String,
}

/// A capability: the subject of findings, with what to check and how to remove it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Id, e.g. `location`.
    pub id: String,
    /// Stable finding code, e.g. `PS101`.
    pub code: String,
    /// Short name.
    pub name: Text,
    /// Key into `function-basis` of the categories (e.g. `location`); absent where none applies.
    pub group: Option<String>,
    /// How much it matters if confirmed: `high`, `medium` or `low`.
    pub importance: crate::finding::Importance,
    /// Highest level that mere declaration may reach (`verify` or `fact`).
    #[serde(rename = "declared-level")]
    pub declared_level: crate::finding::Level,
    /// What to check by hand, in a dynamic run, in documents.
    pub checks: Vec<Text>,
    /// How a developer removes or narrows it.
    pub remedies: Vec<Text>,
    /// Known false alarms.
    #[serde(rename = "false-alarms", default)]
    pub false_alarms: Vec<Text>,
    /// Ids of legal bases with clause, `law-id#clause`, that an auditor sorts by.
    #[serde(default)]
    pub references: Vec<String>,
    /// Our inference or where it is known from.
    pub source: String,
}

/// A manifest component that is itself a capability, e.g. a receiver of `SMS_RECEIVED`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentRule {
    /// Stable id.
    pub id: String,
    /// Kind of the component (`service`, `receiver`, `activity`, `provider`), any if absent.
    pub component: Option<String>,
    /// One of these actions in a filter.
    #[serde(default)]
    pub actions: Vec<String>,
    /// One of these as `android:permission`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The finding subject.
    pub capability: String,
    /// What it yields.
    pub info: Vec<String>,
    /// The permission that must also be requested for the component to receive anything.
    pub requires: Option<String>,
    /// Without effect when the app targets this level or above.
    #[serde(rename = "no-effect-from-target")]
    pub no_effect_from_target: Option<u32>,
    /// What to know.
    pub note: Text,
    /// Where this is known from.
    pub source: String,
}

/// A packer or framework, recognised by file or class name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignRule {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Native library file names; `*` matches any run of characters.
    #[serde(default)]
    pub libs: Vec<String>,
    /// Paths below `assets/` or elsewhere in the archive; `*` as above.
    #[serde(default)]
    pub files: Vec<String>,
    /// `application@name` values or prefixes ending in `.`.
    #[serde(default)]
    pub application_classes: Vec<String>,
    /// Where this is known from.
    pub source: String,
}

/// One legal basis.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Id, e.g. `cac-2021-14`.
    pub id: String,
    /// Full title.
    pub title: Text,
    /// Document number, if any.
    pub number: Option<String>,
    /// Day of effect, `YYYY-MM-DD`; absent for a draft.
    #[serde(rename = "effective-from")]
    pub effective_from: Option<String>,
    /// Last day of effect.
    #[serde(rename = "effective-to")]
    pub effective_to: Option<String>,
    /// A draft: never cited unless asked for.
    #[serde(default)]
    pub draft: bool,
    /// Articles by number, verbatim Chinese; see `standing`.
    #[serde(default)]
    pub articles: BTreeMap<String, String>,
    /// Articles whose text is not the whole verbatim text: `excerpt` (verbatim, but not all of it), `paraphrase` or
    /// `memory`. The last two must never be printed as a quotation.
    #[serde(default)]
    pub standing: BTreeMap<String, String>,
    /// Categories to which it brings a duty that prevails over Article 5 (第二条: 另有规定的,依照其规定).
    #[serde(rename = "prevails-for", default)]
    pub prevails_for: Vec<u8>,
    /// What that duty asks for, ids in the vocabulary; any one of them is enough.
    #[serde(default)]
    pub mandates: Vec<String>,
    /// Where the text comes from.
    pub source: String,
}

/// What recognises categories across files.
#[derive(Debug, Clone, Default)]
pub struct Recognition {
    /// Known package names.
    pub known: BTreeMap<String, KnownApp>,
    /// Manifest signals.
    pub signals: Vec<ManifestSignal>,
    /// Words of supply-side editions (司机端 …).
    pub supply_side: Vec<SupplySide>,
    /// Kinds of app outside the 39 (政务 …).
    pub outside: Vec<OutsideKind>,
    /// Text of the words model, `common/words/model.txt`; empty: none.
    pub words: String,
}

/// A known package name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownApp {
    /// Package name.
    pub package: String,
    /// Its usual label.
    pub name: String,
    /// Category numbers; empty: none of the 39.
    pub categories: Vec<u8>,
    /// `high` or `medium`.
    pub confidence: String,
    /// `official` (named by an authority) or `own-knowledge`.
    pub standing: String,
}

/// A fact of the manifest that speaks for categories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSignal {
    /// Id.
    pub id: String,
    /// What is looked for, for people.
    pub name: Text,
    /// All of these must hold.
    pub all: Vec<SignalTest>,
    /// Weight per category number (as text, TOML keys are strings).
    pub categories: BTreeMap<String, f64>,
    /// What weakens it.
    pub caveat: Option<String>,
}

/// One test of a manifest signal: every key that is set must hold on one and the same thing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalTest {
    /// Component kind, with `action`, `category`, `scheme`, `mime`, `permission` on that component.
    pub component: Option<String>,
    /// Any of these actions in one filter.
    pub action: Vec<String>,
    /// Any of these categories in the same filter.
    pub category: Vec<String>,
    /// Any of these data schemes in the same filter.
    pub scheme: Vec<String>,
    /// Set: the filter must (`true`) or must not (`false`) name a host.
    pub host: Option<bool>,
    /// Any of these MIME types (a trailing `*` matches any rest; `image/*` itself matches too).
    pub mime: Vec<String>,
    /// `android:permission` of the component.
    pub permission: Option<String>,
    /// Any of these permissions is requested.
    pub requests: Vec<String>,
    /// `android:appCategory`.
    pub app_category: Option<String>,
    /// `android:isGame`.
    pub is_game: Option<bool>,
    /// Any of these native libraries (trailing `*` as above).
    pub lib: Vec<String>,
    /// Any of these `<meta-data>` names.
    pub meta_data: Vec<String>,
    /// Package name starts with one of these.
    pub package_prefix: Vec<String>,
    /// Package name ends with one of these.
    pub package_suffix: Vec<String>,
    /// The name of the component, any if no kind is given, starts with one of these.
    pub class_prefix: Vec<String>,
    /// The name of the component contains one of these, without regard to case.
    pub class_contains: Vec<String>,
}

/// Words that mark an edition for the supply side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplySide {
    /// Who uses it, e.g. 司机.
    pub role: Text,
    /// Words in the label.
    pub label: Vec<String>,
    /// Tokens in the package name.
    #[serde(default)]
    pub package_tokens: Vec<String>,
}

/// A kind of app that Article 5 does not name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideKind {
    /// Id, e.g. `government`.
    pub id: String,
    /// Name of the kind.
    pub name: Text,
    /// Words in the label.
    pub label: Vec<String>,
    /// Tokens in the package name.
    #[serde(default)]
    pub package_tokens: Vec<String>,
    /// Where the judgement comes from.
    pub source: String,
}
