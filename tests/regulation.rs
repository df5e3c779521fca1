//! The ruleset against the regulation: the 39 category files put together are Article 5, character for character.

use std::path::PathBuf;

use piscope::rules::{RuleFiles, Ruleset, article_five, chinese_numeral};

/// The published text, from 第五条 to the line before 第六条.
fn published_article_five() -> String {
    let files = RuleFiles::embedded();
    let text = files.text("regulation.txt").expect("regulation.txt is embedded");
    let start = text.find("第五条").expect("第五条 is there");
    let end = text.find("\n第六条").expect("第六条 is there");
    text[start..end].to_owned()
}

#[test]
fn the_39_files_put_together_are_article_five() {
    let (ours, published) = (article_five(&Ruleset::embedded().categories), published_article_five());
    for (line, (a, b)) in ours.lines().zip(published.lines()).enumerate() {
        assert_eq!(a, b, "line {} of Article 5", line + 1);
    }
    assert_eq!(ours, published);
}

#[test]
fn the_law_file_quotes_the_published_text() {
    let files = RuleFiles::embedded();
    let text = files.text("regulation.txt").expect("regulation.txt is embedded");
    let law = &Ruleset::embedded().law["cac-2021-14"];
    let mut rebuilt = law.title.zh.trim_matches(['《', '》']).to_owned();
    for number in 1..=7 {
        rebuilt.push_str(&format!("\n第{}条{}", chinese_numeral(number), law.articles[&number.to_string()]));
    }
    assert_eq!(rebuilt, text.trim_end());
    assert_eq!(law.effective_from.as_deref(), Some("2021-05-01"));
    assert_eq!(law.number.as_deref(), Some("国信办秘字〔2021〕14号"));
}

/// The same comparison against an independent extraction of the text, where it is at hand.
#[test]
fn the_39_files_equal_the_reference_extraction() {
    let shared = std::env::var_os("PISCOPE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("regulation/necessary-pi-scope.json");
    let Ok(json) = std::fs::read_to_string(&path) else {
        eprintln!("not compared: {} is not there (set PISCOPE_SHARED)", path.display());
        return;
    };
    let reference: serde_json::Value = serde_json::from_str(&json).expect("the reference is JSON");
    let reference = reference["categories"].as_array().expect("the reference lists categories");
    let categories = &Ruleset::embedded().categories;
    assert_eq!(reference.len(), categories.len());
    for (theirs, ours) in reference.iter().zip(categories) {
        assert_eq!(theirs["no"], ours.number);
        assert_eq!(theirs["clause"], format!("第五条({})", chinese_numeral(ours.number)));
        assert_eq!(theirs["name"], ours.name);
        assert_eq!(theirs["basic_function"], ours.function, "{}", ours.name);
        let items: Vec<&str> = ours.necessary.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(theirs["necessary"], serde_json::json!(items), "{}", ours.name);
        assert_eq!(theirs["no_personal_information_needed"], ours.necessary.is_empty(), "{}", ours.name);
    }
}

#[test]
fn what_the_text_says_about_the_whole_holds() {
    let categories = &Ruleset::embedded().categories;
    let numbers = |keep: &dyn Fn(&piscope::rules::Category) -> bool| -> Vec<u8> {
        categories.iter().filter(|c| keep(c)).map(|c| c.number).collect()
    };
    let none = numbers(&|c| c.necessary.is_empty());
    assert_eq!(none, [21, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38]);
    let phone_only = numbers(&|c| c.necessary.len() == 1 && c.necessary[0].text == "注册用户移动电话号码");
    assert_eq!(phone_only, [4, 18, 19, 20, 25, 26]);
    assert_eq!(numbers(&|c| c.lists("location.precise").is_some()), [1, 2, 22]);
    assert_eq!(numbers(&|c| c.lists("location.track").is_some()), [2]);
    assert_eq!(numbers(&|c| c.lists("identity.id_image").is_some()), [23, 24]);
    // No category names what the device could hand over besides location.
    for id in [
        "device.imei",
        "device.imsi",
        "device.iccid",
        "device.serial",
        "device.mac",
        "device.android_id",
        "device.oaid",
        "contacts.book",
        "contacts.call_log",
        "contacts.sms",
        "contacts.calendar",
        "apps.installed",
        "apps.usage",
        "apps.clipboard",
        "apps.notifications",
        "apps.screen_content",
        "media.camera",
        "media.microphone",
        "media.images",
        "media.storage",
        "sensor.activity",
        "sensor.body",
        "bio.face",
        "account.device_accounts",
        "identity.sim_phone",
        "location.background",
        "location.media_exif",
    ] {
        assert!(Ruleset::embedded().info.contains_key(id), "{id} is in the vocabulary");
        assert_eq!(numbers(&|c| c.lists(id).is_some()), [] as [u8; 0], "{id}");
    }
}

#[test]
fn limits_to_a_part_of_the_service_are_kept() {
    use piscope::rules::Listed::{OnlyFor, Plainly};
    let category = |number: u8| &Ruleset::embedded().categories[usize::from(number) - 1];
    assert_eq!(category(2).lists("finance.payment"), Some(OnlyFor("网络预约出租汽车服务")));
    assert_eq!(category(9).lists("identity.vehicle_plate"), Some(OnlyFor("ETC服务")));
    assert_eq!(category(9).lists("trip.order"), Some(Plainly));
    assert_eq!(category(15).lists("identity.id_number"), Some(OnlyFor("挂号")));
    assert_eq!(category(15).lists("health.condition"), Some(OnlyFor("问诊")));
    assert_eq!(category(22).lists("location.precise"), Some(OnlyFor("共享单车、分时租赁汽车服务")));
    assert_eq!(category(22).lists("identity.driving_license"), Some(OnlyFor("共享汽车、租赁汽车服务")));
    assert_eq!(category(24).lists("finance.payee"), Some(OnlyFor("转账")));
    assert_eq!(category(22).lists("finance.payment"), Some(Plainly));
    assert_eq!(category(6).clause(), "第五条第(六)项");
}
