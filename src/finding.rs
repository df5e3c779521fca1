//! Findings: what is said about one app, graded, each with its evidence and its clause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::info::Info;
use crate::package::Place;
use crate::text::Text;

/// How far a finding goes. Ordered: later is graver.
///
/// The levels say what static evidence can say and never that anything was collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 事实项: identity, permissions without personal information, dead declarations.
    Fact,
    /// 范围内能力: the information is in the category's list, or its basic function plainly needs
    /// the capability.
    Within,
    /// 无法判定: the category or the code could not be determined.
    Undetermined,
    /// 待核实能力: can reach information outside the list; no sign of use, or plausibly optional.
    Verify,
    /// 疑似超范围: outside the list, used by code or a component, and of low relevance.
    Suspect,
    /// 自述超范围: the app's own text says that it collects it beyond the list.
    Stated,
}

/// The evidence ladder: how strong a trace is. Ordered: later is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// E1 清单声明: the manifest asks for the permission.
    Declared,
    /// E2 代码引用: code, a script or a string names it.
    Named,
    /// E3 组件或SDK可达: a component registered for it, or a call inside an SDK.
    CalledBySdk,
    /// E4 应用自身可达: the app's own component or a call in its own code.
    CalledByApp,
    /// E5 自述文本: the app's own text says so.
    Stated,
}

/// How much a finding matters if it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// 低.
    Low,
    /// 中.
    Medium,
    /// 高: sensitive by law or standard, or a device identifier that cannot be reset.
    High,
}

/// One trace of a capability.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Rung on the ladder.
    pub strength: Strength,
    /// The permission, component, class or library itself.
    pub subject: String,
    /// Where it stands.
    pub place: Place,
    /// What limits or explains it, e.g. "only up to Android 9 (maxSdkVersion 28)".
    pub note: Option<Text>,
}

/// A reference to a kind of personal information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfoRef {
    /// Id in the vocabulary.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// See [`crate::info::Info::sensitive_by_law`].
    pub sensitive_by_law: Option<String>,
    /// See [`crate::info::Info::sensitive_by_standard`].
    pub sensitive_by_standard: Option<String>,
}

impl From<&Info> for InfoRef {
    fn from(info: &Info) -> Self {
        Self {
            id: info.id.clone(),
            name: info.name.clone(),
            sensitive_by_law: info.sensitive_by_law.clone(),
            sensitive_by_standard: info.sensitive_by_standard.clone(),
        }
    }
}

/// A clause that a finding stands on, printed with number and date of effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClauseRef {
    /// Id of the legal basis in `common/law/`.
    pub law: String,
    /// Full Chinese title with its document number.
    pub title: String,
    /// e.g. `第五条(六)`.
    pub clause: String,
    /// Day of effect, `YYYY-MM-DD`; absent where it was not checked.
    pub effective_from: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable code of the capability, e.g. `PS101`.
    pub code: String,
    /// Id of the capability in `common/capabilities.toml`, e.g. `location`.
    pub capability: String,
    /// Hex, stable over versions of the same app: SHA-256 of code, package and capability.
    pub fingerprint: String,
    /// How far it goes.
    pub level: Level,
    /// How much it matters if confirmed.
    pub importance: Importance,
    /// The strongest rung of the evidence.
    pub strength: Strength,
    /// Short name.
    pub title: Text,
    /// What can be reached.
    pub info: Vec<InfoRef>,
    /// All traces, strongest first, then by place.
    pub evidence: Vec<Evidence>,
    /// What it stands on.
    pub clauses: Vec<ClauseRef>,
    /// What the words of the basic function imply about this capability. Our inference, not law.
    pub function_basis: Option<Text>,
    /// The finding in sentences that can be copied into a document.
    pub message: Text,
    /// What to check by hand.
    pub checks: Vec<Text>,
    /// How a developer removes it.
    pub remedies: Vec<Text>,
}

/// The conclusion about one app. There are only these four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// 未发现超出必要范围的收集能力.
    NothingBeyond,
    /// 存在待核实项.
    ToVerify,
    /// 存在疑似超范围项，建议核查.
    Suspected,
    /// 未完成判定.
    NotCompleted,
}

/// What the rules know of a permission, at this app's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionStatus {
    /// Reaches personal information.
    Reaches,
    /// Reaches it only together with something else.
    Auxiliary,
    /// Reaches none.
    NoPersonalInfo,
    /// Without effect at these levels, or not grantable to a third-party app.
    NoEffect,
    /// Defined by the app itself (or by its kind `*.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION`).
    OwnPermission,
    /// Not in the rules: to be looked at by a person, never "fine".
    Unmapped,
}
