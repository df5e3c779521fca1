//! The conclusion about one app, and its reason.

use super::Yardstick;
use crate::facts::Facts;
use crate::finding::{Conclusion, Finding, Level, PermissionStatus};
use crate::package::{AppPackage, SignKind};
use crate::rules::Ruleset;
use crate::text::Text;

/// One of the four conclusions. A gap, a packer or an open category never ends in "nothing found".
pub fn conclude(
    package: &AppPackage,
    facts: &Facts,
    findings: &[Finding],
    yardstick: &Yardstick<'_>,
    rules: &Ruleset,
) -> (Conclusion, Text) {
    let count = |level: Level| findings.iter().filter(|f| f.level == level).count();
    let strong = count(Level::Suspect) + count(Level::Stated);
    if strong > 0 {
        let text = Text::new(
            format!("存在疑似超范围项 {strong} 项，建议核查。"),
            format!("{strong} suspected beyond scope; verification is advised."),
        );
        return (Conclusion::Suspected, text);
    }
    if let Yardstick::NotApplied(reason) = yardstick {
        let text = Text::new(format!("未完成判定：{}", reason.zh), format!("Not completed: {}", reason.en));
        return (Conclusion::NotCompleted, text);
    }
    let verify = count(Level::Verify);
    if verify > 0 {
        let text = Text::new(format!("存在待核实项 {verify} 项。"), format!("{verify} to verify."));
        return (Conclusion::ToVerify, text);
    }
    if let Some(reason) = open_question(package, facts, findings) {
        let text =
            Text::new(format!("未完成判定：{}。", reason.zh), format!("Not completed: {}.", reason.en));
        return (Conclusion::NotCompleted, text);
    }
    let unmapped = facts.permissions.iter().filter(|p| p.status == PermissionStatus::Unmapped).count();
    let mut text = Text::new(
        format!(
            "在本次规则集（{}）覆盖的检测项内，未发现超出必要范围的收集能力。本结论不等于合规认定。",
            rules.version
        ),
        format!(
            "Within the checks of ruleset {}, no capability beyond the necessary scope was found. This is not a finding of compliance.",
            rules.version
        ),
    );
    if unmapped > 0 {
        text.zh.push_str(&format!("另有 {unmapped} 项权限未收录，须人工核对。"));
        text.en
            .push_str(&format!(" {unmapped} permissions are not in the ruleset and need a person's look."));
    }
    (Conclusion::NothingBeyond, text)
}

/// What keeps an app without leads from being called so.
fn open_question(package: &AppPackage, facts: &Facts, findings: &[Finding]) -> Option<Text> {
    if findings.iter().any(|f| f.level == Level::Undetermined) {
        return Some(Text::new("应用类型尚未确定", "the category is not determined"));
    }
    if let Some(gap) = package.gaps.iter().find(|g| g.kind.hides_evidence()) {
        return Some(Text::new(
            format!("{} 未能完整读取（{}）", gap.part, gap.code),
            format!("{} could not be read in full ({})", gap.part, gap.code),
        ));
    }
    facts.signs.iter().find(|s| s.kind == SignKind::Packer).map(|packer| {
        Text::new(
            format!("样品有加固迹象（{}），代码证据不完整", packer.name),
            format!("the sample looks packed ({}): code evidence is incomplete", packer.name),
        )
    })
}
