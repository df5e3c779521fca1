//! What can be wrong with the rules about code.

use std::collections::{BTreeMap, BTreeSet};

use super::{CAPABILITY_HOME, Findings, INFO_HOME, PERMISSION_HOME};
use crate::rules::code::*;
use crate::rules::load::{Parsed, Row};
use crate::text::Text;

const SDK_HOME: &str = "common/sdks/";
const NOISE_FILE: &str = "common/noise.toml";

/// Ids that other files define.
pub(super) struct Defined<'a> {
    pub info: BTreeSet<&'a str>,
    pub permissions: BTreeSet<&'a str>,
    pub capabilities: BTreeSet<&'a str>,
}

impl Defined<'_> {
    fn check_info<T>(&self, f: &mut Findings<'_>, row: &Row<T>, ids: &[String]) {
        for id in ids.iter().filter(|id| !self.info.contains(id.as_str())) {
            f.undefined(row, "undefined-info", id, INFO_HOME);
        }
    }

    fn check_permissions<T>(&self, f: &mut Findings<'_>, row: &Row<T>, names: &[String]) {
        for name in names.iter().filter(|n| !n.contains('*') && !self.permissions.contains(n.as_str())) {
            f.undefined(row, "undefined-permission", name, PERMISSION_HOME);
        }
    }
}

/// What keeps the rules about code from being applied.
pub(super) fn cross_check(f: &mut Findings<'_>, parsed: &Parsed, defined: &Defined<'_>) {
    f.unique(&parsed.sdks, "duplicate-sdk", |s| Some(&s.id));
    f.unique(&parsed.noise, "duplicate-noise", |n| Some(&n.id));
    f.unique(&parsed.provenance, "duplicate-provenance", |p| Some(&p.id));
    f.unique(&parsed.precision, "duplicate-precision", |p| Some(&p.id));
    if parsed.thresholds.is_none() && !(parsed.sdks.is_empty() && parsed.apis.is_empty()) {
        f.file(
            NOISE_FILE,
            "no-thresholds",
            "thresholds",
            Text::new("没有阈值", "there are no thresholds"),
            Text::new("请写明 [thresholds]", "Write [thresholds]"),
        );
    }
    let sdks: BTreeSet<&str> = parsed.sdks.iter().map(|r| r.value.id.as_str()).collect();
    for row in &parsed.sdks {
        let sdk = &row.value;
        let name = format!("{SDK_HOME}{}.toml", sdk.id);
        if row.file != name {
            let message = Text::new("文件名与标识不符", "the file name is not the id");
            let remedy = Text::new(format!("请改名为 {name}"), format!("Rename it to {name}"));
            f.row(row, "file-name", &row.file, message, remedy);
        }
        defined.check_info(f, row, &sdk.collects.required);
        defined.check_info(f, row, &sdk.collects.optional);
        for switch in &sdk.switches {
            defined.check_info(f, row, &switch.info);
        }
        if let Some(id) = sdk.part_of.as_ref().filter(|id| !sdks.contains(id.as_str())) {
            f.undefined(row, "undefined-sdk", id, SDK_HOME);
        }
        if sdk.traces.lists().iter().all(|(_, names)| names.is_empty()) {
            let message = Text::new("没有任何可识别的特征", "nothing shows that it is there");
            let remedy = Text::new("请在 [traces] 中至少写一项", "Write at least one name under [traces]");
            f.row(row, "no-trace", &sdk.id, message, remedy);
        }
    }
    check_apis(f, &parsed.apis, defined);
    for row in &parsed.noise {
        if row.value.info != ["*"] {
            defined.check_info(f, row, &row.value.info);
        }
    }
    for row in &parsed.provenance {
        defined.check_permissions(f, row, &row.value.permissions);
        for id in row.value.sdks.iter().filter(|id| !sdks.contains(id.as_str())) {
            f.undefined(row, "undefined-sdk", id, SDK_HOME);
        }
    }
}

fn check_apis(f: &mut Findings<'_>, rows: &[Row<ApiRule>], defined: &Defined<'_>) {
    let mut seen = BTreeSet::new();
    for row in rows {
        let api = &row.value;
        let named = api.class.as_deref().or(api.names.first().map(String::as_str)).unwrap_or_default();
        defined.check_info(f, row, &api.info);
        for need in &api.needs {
            defined.check_permissions(f, row, &need.any);
        }
        if let Some(id) = api.capability.as_ref().filter(|id| !defined.capabilities.contains(id.as_str())) {
            f.undefined(row, "undefined-capability", id, CAPABILITY_HOME);
        }
        if api.names.is_empty() || api.kind.has_class() != api.class.is_some() {
            let message = Text::new("名称与种类不符", "names and kind do not fit");
            let remedy = Text::new(
                "方法、重写、字段和反射须有 class，其他种类不写；names 不得为空",
                "Write class for methods, overrides, fields and reflection and for nothing else; names is never empty",
            );
            f.row(row, "api-form", named, message, remedy);
        }
        if matches!(api.role, ApiRole::Reads | ApiRole::SdkStart) && api.info.is_empty() {
            let message = Text::new("读取了什么没有写明", "what it yields is not said");
            let remedy = Text::new("请写明 info，或另选 role", "Write info, or choose another role");
            f.row(row, "api-info", named, message, remedy);
        }
        if !(1..=3).contains(&api.weight) {
            let key = api.weight.to_string();
            let message = Text::new("权重超出范围", "the weight is out of range");
            f.row(row, "api-weight", &key, message, Text::new("请使用 1 至 3", "Use 1 to 3"));
        }
        for name in &api.names {
            if !seen.insert((api.kind, api.class.as_deref(), name, &api.with)) {
                let message = Text::new(format!("`{name}` 重复"), format!("`{name}` is there twice"));
                f.row(row, "duplicate-api", name, message, Text::new("请只保留一处", "Keep one of them"));
            }
        }
    }
}

/// What a reviewer would send back.
pub(super) fn review(f: &mut Findings<'_>, parsed: &Parsed) {
    review_prefixes(f, &parsed.sdks);
    review_shared_traces(f, &parsed.sdks);
    for row in &parsed.sdks {
        let sdk = &row.value;
        if sdk.kinds.is_empty() {
            let message = Text::new("没有写明用途", "no kind is given");
            f.row(row, "no-kind", &sdk.id, message, Text::new("请至少写一种", "Write at least one"));
        }
        for id in sdk.collects.optional.iter().filter(|id| sdk.collects.required.contains(id)) {
            let message = Text::new(
                format!("`{id}` 既是必需又是可选"),
                format!("`{id}` is both required and optional"),
            );
            f.row(row, "listed-twice", id, message, Text::new("请只保留一处", "Keep one of them"));
        }
    }
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &parsed.noise {
        for prefix in &row.value.class_prefixes {
            let class = prefix.rsplit('.').next().unwrap_or_default();
            if !class.is_empty() && !class.starts_with(|c: char| c.is_ascii_uppercase()) {
                prefix_form(f, row, prefix);
            }
            if let Some(other) = first.insert(prefix, &row.value.id) {
                duplicate_prefix(f, row, prefix, other);
            }
        }
    }
    for row in &parsed.provenance {
        for prefix in row.value.class_prefixes.iter().filter(|p| !p.ends_with('.')) {
            prefix_form(f, row, prefix);
        }
    }
}

/// Every prefix ends a package, belongs to one SDK, and lies below another SDK's only where `part-of` says so.
fn review_prefixes(f: &mut Findings<'_>, sdks: &[Row<SdkRule>]) {
    let mut prefixes: Vec<(&str, &Row<SdkRule>)> = Vec::new();
    for row in sdks {
        for prefix in &row.value.traces.class_prefixes {
            if !prefix.ends_with('.') {
                prefix_form(f, row, prefix);
            }
            prefixes.push((prefix, row));
        }
    }
    prefixes.sort_by_key(|(prefix, row)| (*prefix, row.value.id.as_str()));
    let mut above: Vec<(&str, &Row<SdkRule>)> = Vec::new();
    for (prefix, row) in prefixes {
        while above.last().is_some_and(|(outer, _)| !prefix.starts_with(outer)) {
            above.pop();
        }
        if let Some((outer, other)) = above.last() {
            let (id, other) = (&row.value.id, &other.value.id);
            if *outer == prefix {
                duplicate_prefix(f, row, prefix, other);
            } else if id != other && row.value.part_of.as_ref() != Some(other) {
                let message = Text::new(
                    format!("`{prefix}` 位于 {other} 的 `{outer}` 之下"),
                    format!("`{prefix}` lies below `{outer}` of {other}"),
                );
                let remedy = Text::new(
                    format!("确属其一部分时请写 part-of = \"{other}\""),
                    format!("Where it is a part of it, write part-of = \"{other}\""),
                );
                f.row(row, "nested-prefix", prefix, message, remedy);
            }
        }
        above.push((prefix, row));
    }
}

/// A name that shows several SDKs shows none of them alone.
fn review_shared_traces(f: &mut Findings<'_>, sdks: &[Row<SdkRule>]) {
    let mut first: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for row in sdks {
        // A doubled prefix has a code of its own.
        for (key, names) in row.value.traces.lists().into_iter().filter(|(key, _)| *key != "class-prefixes") {
            for name in names {
                if let Some(other) = first.insert((key, name), &row.value.id) {
                    let message = Text::new(
                        format!("`{name}` 也是 {other} 的特征"),
                        format!("`{name}` is a trace of {other} too"),
                    );
                    let remedy = Text::new("请移入 [weak]", "Move it to [weak]");
                    f.row(row, "shared-trace", name, message, remedy);
                }
            }
        }
    }
}

fn duplicate_prefix<T>(f: &mut Findings<'_>, row: &Row<T>, prefix: &str, other: &str) {
    let message = Text::new(
        format!("`{prefix}` 重复，已见于 {other}"),
        format!("`{prefix}` is there twice, first in {other}"),
    );
    f.row(row, "duplicate-prefix", prefix, message, Text::new("请只保留一处", "Keep one of them"));
}

fn prefix_form<T>(f: &mut Findings<'_>, row: &Row<T>, prefix: &str) {
    let message = Text::new(format!("`{prefix}` 没有以点结尾"), format!("`{prefix}` does not end in a dot"));
    let remedy = Text::new("请写到整个包名，以点结尾", "Write a whole package, with a dot at its end");
    f.row(row, "prefix-form", prefix, message, remedy);
}

#[cfg(test)]
mod tests {
    use crate::rules::RuleFiles;
    use crate::rules::lint::{Severity, check};

    fn assert_caught(file: &str, from: &str, to: &str, severity: Severity, code: &'static str) {
        let mut files = RuleFiles::embedded();
        let text = files.text(file).unwrap_or_else(|| panic!("no {file}")).to_owned();
        assert!(text.contains(from), "{file} does not contain {from}");
        files.insert(file, &text.replacen(from, to, 1));
        let found: Vec<_> = check(&files).into_iter().map(|l| (l.severity, l.problem.code)).collect();
        assert!(found.contains(&(severity, code)), "{code} not among {found:?}");
    }

    #[test]
    fn what_keeps_the_rules_about_code_from_being_applied_is_caught() {
        let sdk = "common/sdks/jpush.toml";
        let apis = "common/apis/platform.toml";
        let noise = "common/noise.toml";
        let cases = [
            (sdk, "\"device.oaid\"", "\"device.oiad\"", "undefined-info"),
            (sdk, "= \"jpush\"", "= \"jpusch\"", "file-name"),
            (sdk, "\"push\"", "\"pull\"", "unknown-value"),
            ("common/sdks/jg-share.toml", "\"jpush\"", "\"jpusch\"", "undefined-sdk"),
            ("common/sdks/jg-share.toml", "class-prefixes", "plugins = []\n#", "no-trace"),
            (apis, "\"phone-state\"", "\"phone-sate\"", "undefined-capability"),
            (apis, "permission.READ_PHONE_STATE", "permission.READ_PHONE", "undefined-permission"),
            (apis, "class = \"android.telephony.TelephonyManager\"\n", "", "api-form"),
            (apis, "info = [\"device.imei\"]\n", "", "api-info"),
            (apis, "weight = 3", "weight = 4", "api-weight"),
            (apis, "\"getImei\"", "\"getDeviceId\"", "duplicate-api"),
            (noise, "[thresholds]\n", "[thresholds]\nextra = 1\n", "unknown-key"),
            (noise, "\"apps.clipboard\"", "\"apps.clip\"", "undefined-info"),
            (noise, "\"cn-oaid\"]", "\"cn-oiad\"]", "undefined-sdk"),
            (noise, "id = \"appcompat-paste\"", "id = \"exif\"", "duplicate-noise"),
        ];
        for (file, from, to, code) in cases {
            assert_caught(file, from, to, Severity::Error, code);
        }
    }

    #[test]
    fn rules_about_code_need_thresholds() {
        let mut files = RuleFiles::embedded();
        files.insert("common/noise.toml", "");
        assert!(check(&files).iter().any(|l| l.problem.code == "no-thresholds"));
    }

    #[test]
    fn a_reviewer_would_send_these_back() {
        let sdk = "common/sdks/jpush.toml";
        let noise = "common/noise.toml";
        let cases = [
            (sdk, "\"cn.jcore.\"", "\"cn.jcore\"", "prefix-form"),
            (sdk, "\"cn.jcore.\"", "\"com.umeng.message.\"", "duplicate-prefix"),
            ("common/sdks/jg-share.toml", "part-of", "#", "nested-prefix"),
            (sdk, "\"JPUSH_APPKEY\"", "\"UMENG_APPKEY\"", "shared-trace"),
            (sdk, "\"device.imei\"", "\"device.oaid\"", "listed-twice"),
            (sdk, "kinds    = [\"push\"]", "kinds = []", "no-kind"),
            (sdk, "source   = \"", "source = \"\" # ", "no-source"),
            (sdk, "消息推送", "合规推送", "banned-word"),
            (sdk, "en = \"JPush\"", "en = \"\"", "language-missing"),
            (noise, "\"androidx.work.\"", "\"androidx.work\"", "prefix-form"),
            (noise, "\"com.google.zxing.\"", "\"androidx.work.\"", "duplicate-prefix"),
            (
                noise,
                "\"com.journeyapps.barcodescanner.\"]\npermissions",
                "\"com.journeyapps\"]\npermissions",
                "prefix-form",
            ),
        ];
        for (file, from, to, code) in cases {
            assert_caught(file, from, to, Severity::Warning, code);
        }
    }
}
