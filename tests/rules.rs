//! The ruleset as users meet it: what it knows, how it is replaced, and what a broken one says.

use std::collections::BTreeSet;
use std::path::Path;

use piscope::finding::Level;
use piscope::rules::{
    ApiKind, ApiRole, ApiRule, NoiseThen, PermissionKind, Reach, RuleFiles, Ruleset, SdkEvidence, SwitchUse,
    lint,
};
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

/// Every SDK is one file named by its id, and none is lost on the way in.
#[test]
fn every_sdk_file_is_loaded_and_says_how_it_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("app-categories/common/sdks");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder of SDKs") {
        let path = entry.expect("an entry").path();
        assert_eq!(path.extension().and_then(|e| e.to_str()), Some("toml"), "{}", path.display());
        names.insert(path.file_stem().and_then(|s| s.to_str()).expect("a name").to_owned());
    }
    let sdks = &Ruleset::embedded().code.sdks;
    assert_eq!(sdks.keys().cloned().collect::<BTreeSet<_>>(), names);
    assert!(names.len() >= 331, "{}", names.len());
    for sdk in sdks.values() {
        let read = ["vendor document", "vendor text", "SDK lists"].iter().any(|w| sdk.source.contains(w));
        assert_eq!(read, sdk.evidence != SdkEvidence::OwnKnowledge, "{}: {}", sdk.id, sdk.source);
    }
}

/// What several SDKs bring must not be taken for one of them.
#[test]
fn general_names_are_weak_traces() {
    let sdks = &Ruleset::embedded().code.sdks;
    for name in ["libutility.so", "libapp.so", "Mob-AppKey", "api_key", "com.baidu.lbsapi.API_KEY"] {
        let strong: Vec<&str> = sdks
            .values()
            .filter(|s| {
                s.id != "mobtech" && s.traces.lists().iter().any(|(_, l)| l.iter().any(|n| n == name))
            })
            .map(|s| s.id.as_str())
            .collect();
        assert!(strong.is_empty(), "{name} shows {strong:?}");
        assert!(sdks.values().any(|s| s.weak.lists().iter().any(|(_, l)| l.iter().any(|n| n == name))));
    }
}

#[test]
fn switches_say_what_they_turn_off() {
    let pangle = &Ruleset::embedded().code.sdks["pangle"];
    let alist = pangle.switches.iter().find(|s| s.method.as_deref() == Some("alist")).expect("alist");
    assert_eq!((alist.how, alist.value.as_deref()), (SwitchUse::Override, Some("false")));
    assert_eq!(alist.info, ["apps.installed"]);
    for sdk in Ruleset::embedded().code.sdks.values() {
        for switch in &sdk.switches {
            let collected =
                |id: &String| sdk.collects.required.contains(id) || sdk.collects.optional.contains(id);
            let unheard: Vec<&String> = switch.info.iter().filter(|id| !collected(id)).collect();
            assert!(unheard.is_empty(), "{} turns off {unheard:?}, which it does not collect", sdk.id);
        }
    }
}

#[test]
fn names_in_code_yield_what_the_platform_says() {
    let apis = &Ruleset::embedded().code.apis;
    let of = |kind: ApiKind, class: &str, name: &str| -> Vec<&ApiRule> {
        let named = |a: &&ApiRule| {
            a.kind == kind
                && a.class.as_deref().unwrap_or_default() == class
                && a.names.iter().any(|n| n == name)
        };
        apis.iter().filter(named).collect()
    };
    let imei = of(ApiKind::Method, "android.telephony.TelephonyManager", "getImei");
    assert_eq!((imei[0].info.as_slice(), imei[0].weight), (&["device.imei".to_owned()][..], 3));
    assert_eq!(imei[0].needs[0].any, [android("READ_PHONE_STATE")]);
    assert_eq!((imei[0].needs[0].device_below, imei[0].needs[1].device_from), (Some(29), Some(29)));
    let settings = of(ApiKind::Method, "android.provider.Settings$Secure", "getString");
    assert!(settings.iter().all(|a| !a.with.is_empty()), "reading any setting is no evidence");
    assert_eq!(
        of(ApiKind::Method, "android.net.wifi.WifiInfo", "getMacAddress")[0].no_effect_from_device,
        Some(23)
    );
    assert_eq!(of(ApiKind::Field, "android.os.Build", "MODEL")[0].weight, 1);
    assert_eq!(of(ApiKind::Uri, "", "content://sms/inbox")[0].capability.as_deref(), Some("sms"));
    assert_eq!(of(ApiKind::SensorType, "", "19")[0].info, ["sensor.activity"]);
    let picker = of(ApiKind::Method, "android.accounts.AccountManager", "newChooseAccountIntent");
    assert_eq!(picker[0].role, ApiRole::Picker);
}

/// A string alone is no call: nothing but methods and the one field of the serial number decides.
#[test]
fn only_calls_decide() {
    for api in Ruleset::embedded().code.apis.iter().filter(|a| a.weight == 3) {
        let decides = matches!(api.kind, ApiKind::Method | ApiKind::Override) || api.names == ["SERIAL"];
        assert!(decides && !api.info.is_empty(), "{:?} {:?}", api.class, api.names);
        assert!(matches!(api.role, ApiRole::Reads | ApiRole::SdkStart), "{:?} {:?}", api.class, api.names);
    }
}

#[test]
fn glue_is_noise() {
    let noise = &Ruleset::embedded().code.noise;
    let of = |class: &str| {
        let owns = |p: &String| class.starts_with(p.as_str()) && (p.ends_with('.') || class.len() == p.len());
        noise.libraries.iter().find(|n| n.class_prefixes.iter().any(owns)).map(|n| (n.id.as_str(), n.then))
    };
    assert_eq!(of("androidx.appcompat.app.TwilightManager"), Some(("appcompat-night-mode", NoiseThen::Drop)));
    assert_eq!(of("com.hjq.permissions.Permission").map(|n| n.1), Some(NoiseThen::Drop));
    assert_eq!(of("com.blankj.utilcode.util.PhoneUtils").map(|n| n.1), Some(NoiseThen::Caller));
    assert_eq!(of("io.dcloud.feature.contacts.ContactsFeature").map(|n| n.1), Some(NoiseThen::Script));
    assert_eq!(of("com.example.app.MainActivity"), None);
    assert_eq!((noise.thresholds.sdk_classes, noise.thresholds.app_list_packages), (3, 30));
}

#[test]
fn an_overlay_adds_an_sdk_and_names_in_code() {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["common/sdks", "common/apis"] {
        std::fs::create_dir_all(dir.path().join(folder)).expect("a folder");
    }
    let both = |name: &str| format!("{{ zh = \"{name}\", en = \"{name}\" }}");
    let sdk = format!(
        "id = \"pets\"\nname = {0}\nvendor = {0}\npurpose = {0}\nkinds = [\"ads\"]\noverseas = false\n\
         evidence = \"own-knowledge\"\nsource = \"example\"\n[collects]\nrequired = [\"device.oaid\"]\n\
         optional = []\n[traces]\nclass-prefixes = [\"com.example.pets.\"]\nsource = \"example\"\n",
        both("Pets")
    );
    std::fs::write(dir.path().join("common/sdks/pets.toml"), sdk).expect("a file");
    let api = "[[api]]\nkind = \"method\"\nclass = \"com.example.pets.Pets\"\nnames = [\"id\"]\n\
               info = [\"device.oaid\"]\nweight = 3\nsource = \"example\"\n";
    std::fs::write(dir.path().join("common/apis/local.toml"), api).expect("a file");
    let rules = Ruleset::from_dir(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    let embedded = Ruleset::embedded();
    assert_eq!(rules.code.sdks.len(), embedded.code.sdks.len() + 1);
    assert_eq!(rules.code.apis.len(), embedded.code.apis.len() + 1);
    assert_eq!(rules.code.sdks["pets"].evidence.standing().en, SdkEvidence::OwnKnowledge.standing().en);
    assert_ne!(rules.digest, embedded.digest);
}
