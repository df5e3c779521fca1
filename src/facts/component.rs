//! Components and package queries that are themselves a way to personal information.

use super::permission::Judged;
use super::{Standing, Trace};
use crate::finding::{Evidence, Strength};
use crate::package::{AppPackage, Component, ComponentKind, Query};
use crate::rules::{ComponentRule, Ruleset};
use crate::text::Text;

/// From this many packages named in `<queries>` on, the list looks like probing for installed
/// apps; sharing, payment and maps need 3 to 30.
const PROBING_PACKAGES: usize = 100;

pub(super) fn traces(package: &AppPackage, permissions: &[Judged], rules: &Ruleset) -> Vec<Trace> {
    let components = package.components.iter().flat_map(|component| {
        rules
            .component_rules
            .iter()
            .filter(|rule| matches(rule, component))
            .map(|rule| component_trace(rule, component, package, permissions))
    });
    components.chain(query_traces(package)).collect()
}

fn matches(rule: &ComponentRule, component: &Component) -> bool {
    rule.component.as_deref().is_none_or(|kind| kind == kind_name(component.kind))
        && (rule.actions.is_empty() || component.actions().any(|a| rule.actions.iter().any(|r| r == a)))
        && (rule.permissions.is_empty()
            || component.permission.as_ref().is_some_and(|p| rule.permissions.contains(p)))
}

fn kind_name(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Activity | ComponentKind::ActivityAlias => "activity",
        ComponentKind::Service => "service",
        ComponentKind::Receiver => "receiver",
        ComponentKind::Provider => "provider",
    }
}

fn component_trace(
    rule: &ComponentRule,
    component: &Component,
    package: &AppPackage,
    permissions: &[Judged],
) -> Trace {
    let missing = rule.requires.as_ref().filter(|name| {
        !permissions.iter().any(|p| p.fact.request.name == **name && p.standing > Standing::Dead)
    });
    let target = package.sdk.effective_target();
    let (standing, note) = if let Some(name) = missing {
        let note = Text::new(
            format!("未申请 {name}，该组件收不到相应信息"),
            format!("{name} is not requested: the component receives nothing of it"),
        );
        (Standing::Dead, note)
    } else if let Some(from) = rule.no_effect_from_target.filter(|from| target >= *from) {
        let note = Text::new(
            format!("目标版本不低于 API {from}，清单中登记的该接收方式已不起作用"),
            format!("targets API {from} or above: registering for it in the manifest has no effect any more"),
        );
        (Standing::Dead, note)
    } else {
        (Standing::Live, rule.note.clone())
    };
    Trace {
        capability: rule.capability.clone(),
        info: rule.info.clone(),
        standing,
        evidence: Evidence {
            strength: owner_strength(&component.name, &package.package),
            subject: component.name.clone(),
            place: component.place.clone(),
            note: Some(note),
        },
    }
}

/// The app's own class stands under its package name or its developer's prefix; anything else
/// came with a library.
fn owner_strength(class: &str, package: &str) -> Strength {
    let vendor_end = package.match_indices('.').nth(1).map_or(package.len(), |(at, _)| at);
    let vendor = package.get(..vendor_end).unwrap_or(package);
    let own = !vendor.is_empty()
        && class.strip_prefix(vendor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if own { Strength::CalledByApp } else { Strength::CalledBySdk }
}

fn query_traces(package: &AppPackage) -> Vec<Trace> {
    let trace = |evidence| Trace {
        capability: "app-list".to_owned(),
        info: vec!["apps.installed".to_owned()],
        standing: Standing::Live,
        evidence,
    };
    let mut traces = Vec::new();
    let mut named = 0_usize;
    let mut last = None;
    for query in &package.queries {
        match query {
            Query::Intent { filter, place } if lists_launchers(filter) => traces.push(trace(Evidence {
                strength: Strength::Declared,
                subject: "queries/intent MAIN+LAUNCHER".to_owned(),
                place: place.clone(),
                note: Some(Text::new(
                    "查询全部带启动图标的应用，效果接近 QUERY_ALL_PACKAGES",
                    "asks for every app with a launcher icon, which is close to QUERY_ALL_PACKAGES",
                )),
            })),
            Query::Package { place, .. } => {
                named += 1;
                last = Some(place.clone());
            }
            Query::Intent { .. } | Query::Provider { .. } => {}
        }
    }
    if let Some(place) = last.filter(|_| named > PROBING_PACKAGES) {
        traces.push(trace(Evidence {
            strength: Strength::Declared,
            subject: "queries/package".to_owned(),
            place,
            note: Some(Text::new(
                format!("<queries> 点名 {named} 个应用包，超出分享、支付、地图等通常用途的数量"),
                format!("<queries> names {named} packages, more than sharing, payment and maps need"),
            )),
        }));
    }
    traces
}

fn lists_launchers(filter: &crate::package::IntentFilter) -> bool {
    filter.actions.iter().any(|a| a == "android.intent.action.MAIN")
        && filter.categories.iter().any(|c| c == "android.intent.category.LAUNCHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_classes_stand_under_the_developers_prefix() {
        assert_eq!(owner_strength("com.shop.app.Receiver", "com.shop.app"), Strength::CalledByApp);
        assert_eq!(owner_strength("com.shop.base.Receiver", "com.shop.app"), Strength::CalledByApp);
        assert_eq!(owner_strength("com.shopping.Receiver", "com.shop.app"), Strength::CalledBySdk);
        assert_eq!(owner_strength("cn.jpush.Receiver", "com.shop.app"), Strength::CalledBySdk);
    }
}
