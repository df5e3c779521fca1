//! Whether a manifest signal of the rules holds for an app.

use crate::package::{AppPackage, Component, ComponentKind, IntentFilter};
use crate::rules::{ManifestSignal, SignalTest};

/// Whether all tests of the signal hold. A signal without tests never holds.
pub(super) fn holds(signal: &ManifestSignal, app: &AppPackage) -> bool {
    !signal.all.is_empty() && signal.all.iter().all(|test| passes(test, app))
}

fn passes(test: &SignalTest, app: &AppPackage) -> bool {
    let app_level = app_tests(test, app);
    let wants_component = test.component.is_some()
        || test.permission.is_some()
        || !test.class_prefix.is_empty()
        || wants_filter(test);
    match (app_level, wants_component) {
        (Some(false), _) | (None, false) => false,
        (_, false) => true,
        (_, true) => app.components.iter().any(|c| component_passes(test, c)),
    }
}

/// The keys that speak about the app as a whole; `None` if none of them is set.
fn app_tests(test: &SignalTest, app: &AppPackage) -> Option<bool> {
    let mut verdict: Option<bool> = None;
    let mut and = |ok: bool| verdict = Some(verdict.unwrap_or(true) && ok);
    if !test.requests.is_empty() {
        and(app.permissions.iter().any(|p| p.implied_by.is_none() && test.requests.contains(&p.name)));
    }
    if let Some(wanted) = &test.app_category {
        and(app.app_category.as_ref() == Some(wanted));
    }
    if let Some(wanted) = test.is_game {
        and(app.is_game == Some(wanted));
    }
    if !test.lib.is_empty() {
        and(app.native_libraries.iter().any(|l| any_matches(&test.lib, &l.name)));
    }
    if !test.meta_data.is_empty() {
        let on_app = app.meta_data.iter();
        let on_components = app.components.iter().flat_map(|c| c.meta_data.iter());
        and(on_app.chain(on_components).any(|m| any_matches(&test.meta_data, &m.name)));
    }
    if !test.package_prefix.is_empty() {
        and(test.package_prefix.iter().any(|p| app.package.starts_with(p.as_str())));
    }
    if !test.package_suffix.is_empty() {
        and(test.package_suffix.iter().any(|s| app.package.ends_with(s.as_str())));
    }
    verdict
}

fn wants_filter(test: &SignalTest) -> bool {
    !test.action.is_empty()
        || !test.category.is_empty()
        || !test.scheme.is_empty()
        || test.host.is_some()
        || !test.mime.is_empty()
}

fn component_passes(test: &SignalTest, component: &Component) -> bool {
    let kind = match component.kind {
        ComponentKind::Activity => "activity",
        ComponentKind::ActivityAlias => "activity-alias",
        ComponentKind::Service => "service",
        ComponentKind::Receiver => "receiver",
        ComponentKind::Provider => "provider",
    };
    // An alias stands for its activity.
    let kind_ok =
        test.component.as_deref().is_none_or(|k| k == kind || (k == "activity" && kind == "activity-alias"));
    kind_ok
        && test.permission.as_ref().is_none_or(|p| component.permission.as_ref() == Some(p))
        && (test.class_prefix.is_empty()
            || test.class_prefix.iter().any(|p| component.name.starts_with(p.as_str())))
        && (!wants_filter(test) || component.filters.iter().any(|f| filter_passes(test, f)))
}

fn filter_passes(test: &SignalTest, filter: &IntentFilter) -> bool {
    let any =
        |wanted: &[String], have: &[String]| wanted.is_empty() || wanted.iter().any(|w| have.contains(w));
    let mime_ok = test.mime.is_empty()
        || filter.data.iter().filter_map(|d| d.mime_type.as_deref()).any(|m| any_matches(&test.mime, m));
    any(&test.action, &filter.actions)
        && any(&test.category, &filter.categories)
        && (test.scheme.is_empty()
            || filter.data.iter().filter_map(|d| d.scheme.as_ref()).any(|s| test.scheme.contains(s)))
        && test.host.is_none_or(|wanted| filter.data.iter().any(|d| d.host.is_some()) == wanted)
        && mime_ok
}

/// Whether any pattern matches: a trailing `*` stands for any rest.
fn any_matches(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|p| match p.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => p == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::FilterData;
    use crate::text::Text;
    use std::collections::BTreeMap;

    fn signal(test: SignalTest) -> ManifestSignal {
        ManifestSignal {
            id: "s".into(),
            name: Text::default(),
            all: vec![test],
            categories: BTreeMap::new(),
            caveat: None,
        }
    }

    fn keyboard() -> AppPackage {
        AppPackage {
            package: "cn.example.keys".into(),
            components: vec![Component {
                kind: ComponentKind::Service,
                name: "cn.example.keys.Ime".into(),
                permission: Some("android.permission.BIND_INPUT_METHOD".into()),
                filters: vec![IntentFilter {
                    actions: vec!["android.view.InputMethod".into()],
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn all_keys_must_hold_on_one_component() {
        let ime = SignalTest {
            component: Some("service".into()),
            action: vec!["android.view.InputMethod".into()],
            permission: Some("android.permission.BIND_INPUT_METHOD".into()),
            ..Default::default()
        };
        let mut app = keyboard();
        assert!(holds(&signal(ime.clone()), &app));
        app.components[0].permission = None;
        assert!(!holds(&signal(ime), &app));
    }

    #[test]
    fn keys_of_one_filter_do_not_mix_with_another() {
        let filter = |scheme: &str, host: Option<&str>| IntentFilter {
            actions: vec!["android.intent.action.VIEW".into()],
            data: vec![FilterData {
                scheme: Some(scheme.into()),
                host: host.map(Into::into),
                ..Default::default()
            }],
            ..Default::default()
        };
        let open_web = SignalTest { scheme: vec!["http".into()], host: Some(false), ..Default::default() };
        let with = |filters| AppPackage {
            components: vec![Component { filters, ..Default::default() }],
            ..Default::default()
        };
        assert!(holds(&signal(open_web.clone()), &with(vec![filter("http", None)])));
        assert!(!holds(&signal(open_web), &with(vec![filter("http", Some("a.cn")), filter("geo", None)])));
    }

    #[test]
    fn an_empty_test_holds_for_nothing() {
        assert!(!holds(&signal(SignalTest::default()), &keyboard()));
    }

    #[test]
    fn app_level_keys() {
        let mut app = keyboard();
        app.is_game = Some(true);
        assert!(holds(&signal(SignalTest { is_game: Some(true), ..Default::default() }), &app));
        assert!(!holds(&signal(SignalTest { lib: vec!["libunity*".into()], ..Default::default() }), &app));
        app.native_libraries.push(crate::package::NativeLibrary { name: "libunity.so".into(), abis: vec![] });
        assert!(holds(&signal(SignalTest { lib: vec!["libunity*".into()], ..Default::default() }), &app));
    }
}
