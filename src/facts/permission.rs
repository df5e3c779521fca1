//! Permissions: what each one reaches at the levels of this app, and whether it counts.

use std::collections::BTreeSet;

use super::{Context, PermissionFact, Standing, Trace};
use crate::finding::{Evidence, PermissionStatus, Strength};
use crate::package::{AppPackage, ImpliedBy, RequestedPermission, SdkLevels};
use crate::rules::{PermissionKind, PermissionRule, Reach, Ruleset};
use crate::text::Text;

/// A judged permission with what the traces need of it.
pub(super) struct Judged {
    pub(super) fact: PermissionFact,
    pub(super) standing: Standing,
    /// What it reaches besides, on old systems only.
    legacy: Vec<OnOldSystems>,
}

/// What a permission reaches on systems below an API level that the app still installs on.
struct OnOldSystems {
    device_below: u32,
    info: Vec<String>,
}

/// Judges every permission of `package`, the implied ones after those asked for.
pub(super) fn judge(package: &AppPackage, rules: &Ruleset, context: Context) -> Vec<Judged> {
    let requests = requests(package, rules);
    let names: BTreeSet<String> = requests.iter().map(|r| r.name.clone()).collect();
    requests.into_iter().map(|request| judge_one(request, &names, package, rules, context)).collect()
}

/// One trace per permission that reaches personal information, and one per thing that it reaches
/// on old systems only.
pub(super) fn traces(judged: &[Judged], rules: &Ruleset) -> Vec<Trace> {
    let mut traces = Vec::new();
    for one in judged {
        let name = &one.fact.request.name;
        let Some(capability) = rules.permissions.get(name).and_then(|rule| rule.capability.as_ref()) else {
            continue;
        };
        let trace = |info: &[String], standing, note| Trace {
            capability: capability.clone(),
            info: info.to_vec(),
            standing,
            evidence: Evidence {
                strength: Strength::Declared,
                subject: name.clone(),
                place: one.fact.request.place.clone(),
                note,
            },
        };
        if !one.fact.info.is_empty() {
            traces.push(trace(&one.fact.info, one.standing, one.fact.note.clone()));
        }
        for old in &one.legacy {
            let standing = if old.device_below <= rules.baseline_api {
                Standing::LegacyOnly.min(one.standing)
            } else {
                one.standing
            };
            let names: Vec<&Text> =
                old.info.iter().filter_map(|i| rules.info.get(i)).map(|i| &i.name).collect();
            let zh: Vec<&str> = names.iter().map(|n| n.zh.as_str()).collect();
            let en: Vec<&str> = names.iter().map(|n| n.en.as_str()).collect();
            let last = old.device_below.saturating_sub(1);
            let note = Text::new(
                format!("仅在 API {last} 及以下系统可及：{}", zh.join("、")),
                format!("on systems up to API {last} only: {}", en.join(", ")),
            );
            traces.push(trace(&old.info, standing, Some(note)));
        }
    }
    traces
}

/// What the app asks for and what the platform adds to it.
fn requests(package: &AppPackage, rules: &Ruleset) -> Vec<RequestedPermission> {
    let target = package.sdk.effective_target();
    let mut all: Vec<RequestedPermission> =
        package.permissions.iter().filter(|p| p.implied_by.is_none()).cloned().collect();
    let mut known: BTreeSet<String> = all.iter().map(|p| p.name.clone()).collect();
    let applies = |below: Option<u32>| below.is_none_or(|below| target < below);
    for rule in rules.implied.iter().filter(|r| r.permission.is_none() && applies(r.target_below)) {
        for name in rule.implies.iter().filter(|n| known.insert((*n).clone())) {
            all.push(implied(name, None, rule.target_below, None));
        }
    }
    // Implied permissions imply others in turn (write → read → media); the set only grows.
    let mut next = 0;
    while let Some(from) = all.get(next).cloned() {
        next += 1;
        for rule in &rules.implied {
            if rule.permission.as_deref() != Some(from.name.as_str()) || !applies(rule.target_below) {
                continue;
            }
            for name in rule.implies.iter().filter(|n| known.insert((*n).clone())) {
                all.push(implied(name, Some(&from), rule.target_below, from.max_sdk));
            }
        }
    }
    all
}

fn implied(
    name: &str,
    from: Option<&RequestedPermission>,
    below: Option<u32>,
    max_sdk: Option<u32>,
) -> RequestedPermission {
    RequestedPermission {
        name: name.to_owned(),
        max_sdk,
        never_for_location: from.is_some_and(|f| f.never_for_location),
        place: from.map(|f| f.place.clone()).unwrap_or_default(),
        implied_by: Some(ImpliedBy {
            permission: from.map(|f| f.name.clone()),
            when: below.map_or_else(|| "always".to_owned(), |b| format!("targetSdk<{b}")),
        }),
        ..RequestedPermission::default()
    }
}

fn judge_one(
    request: RequestedPermission,
    names: &BTreeSet<String>,
    package: &AppPackage,
    rules: &Ruleset,
    context: Context,
) -> Judged {
    let Some(rule) = rules.permissions.get(&request.name) else {
        return unknown(request, package);
    };
    let without = |status, standing, note: Option<Text>, request| Judged {
        fact: PermissionFact { request, status, info: Vec::new(), note },
        standing,
        legacy: Vec::new(),
    };
    match rule.reach {
        Reach::None => return without(PermissionStatus::NoPersonalInfo, Standing::Live, None, request),
        Reach::Indirect => {
            return without(PermissionStatus::Auxiliary, Standing::Live, rule.note.clone(), request);
        }
        Reach::Direct | Reach::Cond => {}
    }
    let system_only = matches!(rule.kind, PermissionKind::Signature | PermissionKind::Bind);
    if system_only && !context.preinstalled {
        let note = Text::new(
            "仅系统或同签名应用可获授予，对第三方应用无效",
            "granted to system or same-signature apps only; without effect for a third-party app",
        );
        return Judged {
            fact: PermissionFact {
                info: rule.info.clone(),
                request,
                status: PermissionStatus::NoEffect,
                note: Some(note),
            },
            standing: Standing::Dead,
            legacy: Vec::new(),
        };
    }
    let target = package.sdk.effective_target();
    let (mut info, mut note) = yielded(rule, target);
    if !rule.needs_any.is_empty() && !rule.needs_any.iter().any(|name| names.contains(name)) {
        let needed = rule.needs_any.join("、");
        let note = Text::new(
            format!("须与 {needed} 之一同时申请才起作用，样品均未申请"),
            format!(
                "takes effect only beside one of {}, none of which is requested",
                rule.needs_any.join(", ")
            ),
        );
        return without(PermissionStatus::NoEffect, Standing::Dead, Some(note), request);
    }
    let legacy: Vec<OnOldSystems> = rule
        .legacy
        .iter()
        .filter(|old| package.sdk.effective_min() < old.device_below)
        .map(|old| OnOldSystems {
            device_below: old.device_below,
            info: old.info.iter().filter(|i| !info.contains(i)).cloned().collect(),
        })
        .filter(|old| !old.info.is_empty())
        .collect();
    if info.is_empty() && legacy.is_empty() {
        return without(PermissionStatus::NoEffect, Standing::Dead, note, request);
    }
    let gives_location = |id: &String| rules.info.get(id).is_some_and(|i| i.group == "location");
    if request.never_for_location && info.iter().any(gives_location) {
        info.retain(|id| !gives_location(id));
        note = Some(Text::new(
            "标有 neverForLocation，系统已滤除可推断位置的结果",
            "carries neverForLocation: the system filters results that would give away the location",
        ));
    }
    let (standing, limit) = standing(&request, rule, &package.sdk, rules.baseline_api);
    let note = limit.or_else(|| implied_note(&request)).or(note);
    let status =
        if standing == Standing::Dead { PermissionStatus::NoEffect } else { PermissionStatus::Reaches };
    Judged { fact: PermissionFact { request, status, info, note }, standing, legacy }
}

/// A permission that the rules do not list: the app's own, or one for a person to look at.
fn unknown(request: RequestedPermission, package: &AppPackage) -> Judged {
    let own = package.declared_permissions.iter().any(|d| d.name == request.name)
        || (!package.package.is_empty()
            && request.name.strip_prefix(package.package.as_str()).is_some_and(|rest| rest.starts_with('.')));
    let (status, note) = if own {
        let note = Text::new(
            "由样品自行定义，用于自身组件之间",
            "defined by the sample itself for its own components",
        );
        (PermissionStatus::OwnPermission, note)
    } else {
        let note = Text::new(
            "规则集未收录该权限，须人工核对其用途",
            "not in the ruleset: a person must look up what it gives access to",
        );
        (PermissionStatus::Unmapped, note)
    };
    Judged {
        fact: PermissionFact { request, status, info: Vec::new(), note: Some(note) },
        standing: Standing::Live,
        legacy: Vec::new(),
    }
}

/// What `rule` yields to an app that targets `target`.
fn yielded(rule: &PermissionRule, target: u32) -> (Vec<String>, Option<Text>) {
    let found = rule.yields.iter().find(|y| {
        y.target_from.is_none_or(|from| target >= from) && y.target_below.is_none_or(|below| target < below)
    });
    match found {
        Some(y) => (y.info.clone(), y.why.clone().or_else(|| rule.note.clone())),
        None => (rule.info.clone(), None),
    }
}

/// On which systems the request takes effect, against those that the app installs on.
fn standing(
    request: &RequestedPermission,
    rule: &PermissionRule,
    sdk: &SdkLevels,
    baseline: u32,
) -> (Standing, Option<Text>) {
    let min = sdk.effective_min().max(request.min_sdk.unwrap_or(1));
    let dead = |zh: String, en: String| (Standing::Dead, Some(Text::new(zh, en)));
    if let Some(max) = request.max_sdk.filter(|max| *max < min) {
        return dead(
            format!("maxSdkVersion={max} 低于 minSdkVersion={min}，在任何可安装的系统上都不会申请"),
            format!(
                "maxSdkVersion={max} is below minSdkVersion={min}: never requested on any system it installs on"
            ),
        );
    }
    if let Some(last) = rule.removed_after.filter(|last| *last < min) {
        return dead(
            format!("该权限自 API {} 起已被系统移除，样品最低支持 API {min}", last + 1),
            format!("the platform removed it from API {} on; the sample needs API {min} at least", last + 1),
        );
    }
    if let Some((from, max)) = rule.introduced.zip(request.max_sdk).filter(|(from, max)| from > max) {
        return dead(
            format!("该权限自 API {from} 起才存在，而 maxSdkVersion={max}"),
            format!("it exists from API {from} on, but maxSdkVersion={max}"),
        );
    }
    if let Some(from) = rule.no_effect_from_target.filter(|from| sdk.effective_target() >= *from) {
        if min >= from {
            return dead(
                format!("目标版本不低于 API {from} 且仅安装于此类系统，该权限不再有作用"),
                format!(
                    "it targets API {from} or above and installs on such systems only: no effect any more"
                ),
            );
        }
        let last = from.saturating_sub(1);
        return (
            Standing::LegacyOnly,
            Some(Text::new(
                format!(
                    "目标版本不低于 API {from}：在 API {from} 及以上系统无效，仅在 API {last} 及以下系统有效"
                ),
                format!(
                    "targets API {from} or above: no effect on systems from API {from} on, only up to API {last}"
                ),
            )),
        );
    }
    if let Some(max) = request.max_sdk {
        let note = Text::new(
            format!("仅在 API {max} 及以下系统申请（maxSdkVersion）"),
            format!("requested on systems up to API {max} only (maxSdkVersion)"),
        );
        let standing = if max < baseline { Standing::LegacyOnly } else { live(request) };
        return (standing, Some(note));
    }
    (live(request), None)
}

fn live(request: &RequestedPermission) -> Standing {
    if request.implied_by.is_some() { Standing::Implied } else { Standing::Live }
}

fn implied_note(request: &RequestedPermission) -> Option<Text> {
    let by = request.implied_by.as_ref()?;
    Some(match &by.permission {
        Some(from) => Text::new(
            format!("清单未写明，系统随 {from} 附带（{}）", by.when),
            format!("not in the manifest; the platform adds it to {from} ({})", by.when),
        ),
        None => Text::new(
            format!("清单未写明，系统按目标版本附带（{}）", by.when),
            format!("not in the manifest; the platform adds it by target level ({})", by.when),
        ),
    })
}
