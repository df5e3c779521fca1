//! Kinds of personal information, as the rules name them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// One kind of personal information of the vocabulary `common/personal-info.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// Stable id, e.g. `location.precise`.
    pub id: String,
    /// Name in both languages.
    pub name: Text,
    /// Coarser family, e.g. `device_id`.
    pub group: String,
    /// The kind that 《个人信息保护法》第二十八条 enumerates it under (e.g. `医疗健康`), if it does.
    pub sensitive_by_law: Option<String>,
    /// The recommended standard that lists it as sensitive and where that is known from, if any.
    pub sensitive_by_standard: Option<String>,
    /// A unique device identifier that the user cannot reset.
    #[serde(default)]
    pub immutable_device_id: bool,
}
