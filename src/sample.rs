//! One sample of a batch: where it lies and what the user's list says about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is to be analysed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {
    /// Path as given or found, with `/` as separator.
    pub path: String,
    /// Named by the user (or by a list), not found by walking a folder.
    pub explicit: bool,
    /// The row of `samples.csv` that belongs to it.
    pub listed: Option<ListedSample>,
}

/// One row of `samples.csv`. Every column may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListedSample {
    /// 文件 / file: path or file name that the row belongs to.
    pub file: String,
    /// 应用名称 / app_name.
    pub app_name: Option<String>,
    /// 应用开发者 / developer.
    pub developer: Option<String>,
    /// 应用来源 / store.
    pub store: Option<String>,
    /// 应用版本 / version.
    pub version: Option<String>,
    /// App备案号 / filing_number.
    pub filing_number: Option<String>,
    /// 属地 / region.
    pub region: Option<String>,
    /// 下载链接 / download_url.
    pub download_url: Option<String>,
    /// 下载时间 / downloaded_at.
    pub downloaded_at: Option<String>,
    /// 下载人 / downloaded_by.
    pub downloaded_by: Option<String>,
    /// 应用类型 / category: number, id or name of one of the 39; several joined by `、` or `;`.
    pub category: Option<String>,
    /// 是否预置 / preinstalled.
    pub preinstalled: Option<String>,
    /// 任务来源 / task_source.
    pub task_source: Option<String>,
    /// 备注 / note.
    pub note: Option<String>,
    /// Line of the list, from 1.
    pub line: u64,
}
