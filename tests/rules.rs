//! The ruleset as users meet it: what it knows, how it is replaced, and what a broken one says.

use std::collections::BTreeSet;
use std::path::Path;

use piscope::finding::Level;
use piscope::rules::{PermissionKind, Reach, RuleFiles, Ruleset, lint};
use piscope::text::Lang;

fn android(name: &str) -> String {
    format!("android.permission.{name}")
}

#[test]
fn the_rules_in_the_folder_are_in_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("app-categories");
    let files = RuleFiles::read(&folder).unwrap_or_else(|e| panic!("{e}"));
    let lints = lint::check(&files);
    assert!(lints.is_empty(), "{lints:#?}");
}

#[test]
fn every_permission_with_personal_information_has_a_subject_and_a_note() {
    let rules = Ruleset::embedded();
    for permission in rules.permissions.values().filter(|p| !p.info.is_empty()) {
        let name = &permission.name;
        assert!(permission.capability.is_some(), "{name} has no capability");
        assert!(permission.note.is_some(), "{name} has no note");
        assert_ne!(permission.reach, Reach::None, "{name}");
    }
}

#[test]
fn every_capability_can_be_reached_and_explains_itself() {
    let rules = Ruleset::embedded();
    let reached: BTreeSet<&str> = rules
        .permissions
        .values()
        .filter_map(|p| p.capability.as_deref())
        .chain(rules.component_rules.iter().map(|c| c.capability.as_str()))
        .collect();
    for capability in rules.capabilities.values() {
        let id = capability.id.as_str();
        assert!(reached.contains(id), "{id} is reached by nothing");
        assert!(matches!(capability.declared_level, Level::Verify | Level::Fact), "{id}");
        assert!(!capability.remedies.is_empty() && !capability.checks.is_empty(), "{id}");
        if capability.declared_level == Level::Verify {
            assert!((3..=5).contains(&capability.checks.len()), "{id}: {} checks", capability.checks.len());
        }
    }
}

#[test]
fn phone_state_yields_identifiers_only_below_target_29() {
    let rule = &Ruleset::embedded().permissions[&android("READ_PHONE_STATE")];
    let at = |target: u32| -> BTreeSet<&str> {
        let bands = rule.yields.iter().filter(|y| {
            y.target_from.is_none_or(|from| target >= from)
                && y.target_below.is_none_or(|below| target < below)
        });
        bands.flat_map(|y| y.info.iter().map(String::as_str)).collect()
    };
    assert!(at(28).contains("device.imei") && at(28).contains("identity.sim_phone"));
    assert!(!at(29).contains("device.imei") && at(29).contains("identity.sim_phone"));
    assert_eq!(at(34), BTreeSet::from(["device.call_state", "device.sim_operator", "device.sim_state"]));
    assert!(rule.legacy.iter().any(|l| l.device_below == 29 && l.info.contains(&"device.imei".to_owned())));
}

/// The bands of `yields` must cover every target level exactly once, or a level would fall between two rules.
#[test]
fn yields_cover_every_target_level_once() {
    for rule in Ruleset::embedded().permissions.values().filter(|p| !p.yields.is_empty()) {
        for target in 1..=40 {
            let hits = rule.yields.iter().filter(|y| {
                y.target_from.is_none_or(|from| target >= from)
                    && y.target_below.is_none_or(|below| target < below)
            });
            // A permission without effect from a level on needs no band there.
            let wanted = usize::from(rule.no_effect_from_target.is_none_or(|level| target < level));
            let hits = hits.count();
            assert!(hits == wanted || (wanted == 0 && hits <= 1), "{} at target {target}: {hits}", rule.name);
        }
    }
}

#[test]
fn conditions_of_the_platform_are_machine_readable() {
    let permissions = &Ruleset::embedded().permissions;
    let no_effect = |name: &str| permissions[&android(name)].no_effect_from_target;
    assert_eq!(no_effect("READ_EXTERNAL_STORAGE"), Some(33));
    assert_eq!(no_effect("WRITE_EXTERNAL_STORAGE"), Some(30));
    assert_eq!(no_effect("BLUETOOTH"), Some(31));
    assert_eq!(permissions[&android("READ_LOGS")].kind, PermissionKind::Signature);
    assert_eq!(permissions[&android("INTERNET")].reach, Reach::Indirect);
    assert_eq!(permissions[&android("CAMERA")].kind, PermissionKind::Runtime);
    let implied = &Ruleset::embedded().implied;
    let background = implied.iter().filter(|r| r.implies.contains(&android("ACCESS_BACKGROUND_LOCATION")));
    assert!(background.clone().count() == 2 && background.clone().all(|r| r.target_below == Some(29)));
}

#[test]
fn sensitivity_by_law_names_a_kind_of_article_28() {
    let rules = Ruleset::embedded();
    let article = &rules.law["pipl"].articles["28"];
    for info in rules.info.values() {
        if let Some(kind) = &info.sensitive_by_law {
            assert!(article.contains(kind.as_str()), "{}: {kind} is not enumerated", info.id);
        }
        if let Some(standing) = &info.sensitive_by_standard {
            assert!(standing.contains("未核对"), "{}: {standing} does not say how it is known", info.id);
        }
    }
    let immutable: Vec<&str> =
        rules.info.values().filter(|i| i.immutable_device_id).map(|i| i.id.as_str()).collect();
    assert_eq!(
        immutable,
        ["device.bt_mac", "device.iccid", "device.imei", "device.imsi", "device.mac", "device.serial"]
    );
}

#[test]
fn drafts_are_marked_and_have_no_day_of_effect() {
    let rules = Ruleset::embedded();
    let drafts: Vec<&str> = rules.law.values().filter(|l| l.draft).map(|l| l.id.as_str()).collect();
    assert_eq!(drafts, ["draft-2026", "large-2026", "miit-draft-2021"]);
    for capability in rules.capabilities.values() {
        let cited = |id: &str| capability.references.iter().any(|r| r.split('#').next() == Some(id));
        assert!(!drafts.iter().any(|id| cited(id)), "{} cites a draft", capability.id);
    }
}

/// Libraries that unpacked apps carry must not make an app look packed.
#[test]
fn ordinary_libraries_are_no_packers() {
    fn matches(pattern: &str, name: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == name,
            Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
                rest.is_empty()
                    || (0..=tail.len()).any(|i| tail.is_char_boundary(i) && matches(rest, &tail[i..]))
            }),
        }
    }
    assert!(matches("lib*.so", "libx.so") && !matches("lib*.so", "libx.jar"));
    let packers = &Ruleset::embedded().packers;
    assert!(packers.iter().any(|p| p.libs.iter().any(|l| matches(l, "libjiagu.so"))));
    for library in [
        "libsgmain.so",
        "libsgsecuritybody.so",
        "libsgmiddletier.so",
        "libBugly.so",
        "libxgVipSecurity.so",
        "libtpnsSecurity.so",
        "libmsaoaidsec.so",
        "libsec.so",
        "libtest.so",
        "libtprt.so",
        "libtersafe2.so",
        "libc++_shared.so",
        "libflutter.so",
        "libapp.so",
        "libmain.so",
        "libunity.so",
        "libmmkv.so",
    ] {
        for packer in packers {
            assert!(!packer.libs.iter().any(|l| matches(l, library)), "{library} taken for {}", packer.name);
        }
    }
}

#[test]
fn an_overlay_of_one_file_changes_only_that_file() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("common")).expect("a folder");
    let row = "[[permission]]\nname = \"com.example.READ_PET_NAMES\"\nkind = \"vendor\"\nreach = \"direct\"\n\
               capability = \"contacts\"\ninfo = [\"contacts.book\"]\nsource = \"example\"\n";
    std::fs::write(dir.path().join("common/permissions.local.toml"), row).expect("a file");
    let rules = Ruleset::from_dir(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    let embedded = Ruleset::embedded();
    assert_eq!(rules.permissions.len(), embedded.permissions.len() + 1);
    assert_eq!(rules.version, embedded.version);
    assert_ne!(rules.digest, embedded.digest);
}

#[test]
fn a_broken_folder_says_where_and_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("common")).expect("a folder");
    let broken = "[[kind]]\nid = \"pets\"\nname = { zh = \"宠物\", en = \"Pets\" }\nlabels = [\"宠物\"]\n";
    std::fs::write(dir.path().join("common/outside.toml"), broken).expect("a file");
    let errors = Ruleset::from_dir(dir.path()).expect_err("a typo");
    assert_eq!(errors.0.len(), 1);
    let zh = errors.in_lang(Lang::Zh);
    assert!(zh.starts_with("common/outside.toml:4:1：没有这个键 `labels`"), "{zh}");
    assert!(zh.contains("`label`"), "{zh}");
    assert_eq!(errors.in_lang(Lang::Zh).lines().count(), 1);
    let missing = Ruleset::from_dir(&dir.path().join("no-such-folder")).expect_err("nothing there");
    assert_eq!(missing.0[0].code, "unreadable");
}
