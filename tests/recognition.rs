//! Recognition as users meet it, on the rules that the program carries.

use std::time::Instant;

use piscope::categorize::eval::{Evaluator, read_rows};
use piscope::categorize::{Categorizer, Hints, Options, Placement, ReasonKind, Status, WordModel};
use piscope::package::{AppPackage, Label};
use piscope::rules::Ruleset;

fn app(package: &str, label: &str) -> AppPackage {
    AppPackage {
        package: package.into(),
        label: Label { default: Some(label.into()), ..Label::default() },
        ..AppPackage::default()
    }
}

fn placed(package: &str, label: &str) -> Placement {
    let categorizer = Categorizer::new(Ruleset::embedded()).unwrap();
    categorizer.place(&app(package, label), &Hints::default(), Options { known_names: false })
}

fn rows(name: &str) -> Vec<piscope::categorize::eval::EvalRow> {
    let path = format!("{}/tests/recognition/{name}", env!("CARGO_MANIFEST_DIR"));
    read_rows(&std::fs::read(&path).unwrap()).unwrap()
}

#[test]
fn the_shipped_rules_carry_a_model() {
    let model = WordModel::parse(&Ruleset::embedded().recognition.words).unwrap();
    assert!(model.commit() > 0.8 && model.commit_scope() > 0.6);
    assert!(model.weights("g银行").any(|(class, weight)| class == 24 && weight > 0.5));
}

#[test]
fn names_that_say_what_they_are() {
    for (package, label, category) in [
        ("com.somebank.mobile", "临江农商银行", 24),
        ("com.example.inputmethod", "百灵拼音输入法", 33),
        ("com.qc.weather", "晴川天气预报", 38),
        ("com.qc.browser", "快鹿浏览器", 32),
        ("com.qc.novel", "墨香免费小说", 35),
        ("com.qc.clean", "飞羽手机清理大师", 34),
        ("com.qc.zhaopin", "沿江招聘", 11),
        ("com.qc.usedcar", "顺风二手车", 14),
        ("com.qc.meeting", "知行视频会议", 26),
    ] {
        let placement = placed(package, label);
        assert_eq!(
            (placement.status, placement.categories.first()),
            (Status::Placed, Some(&category)),
            "{label}: {placement:#?}"
        );
        assert!(placement.confidence.is_some_and(|p| p >= 0.8), "{label}");
        assert!(!placement.reasons.is_empty(), "{label}");
    }
}

#[test]
fn a_decision_shows_the_words_that_made_it() {
    let placement = placed("com.qc.browser", "快鹿浏览器");
    assert!(placement.reasons.iter().any(|r| r.text.zh.contains("浏览器")));
    assert!(placement.reasons.iter().any(|r| matches!(r.kind, ReasonKind::Words | ReasonKind::Label)));
    assert!(placement.reasons.windows(2).all(|pair| pair[0].weight >= pair[1].weight), "strongest first");
}

#[test]
fn a_name_that_says_nothing_is_left_open() {
    let placement = placed("com.qzx.wvb", "嗒嘟");
    assert_eq!(placement.status, Status::Undetermined);
    assert!(placement.categories.is_empty() && placement.confidence.is_some_and(|p| p < 0.9));
    assert!(placement.candidates.iter().all(|c| !c.effect.zh.is_empty()));
}

#[test]
fn candidates_that_need_the_same_carry_the_scope() {
    let placement = placed("com.qc.v", "青禾短视频直播");
    let scope_known =
        placement.scope_agreement.as_ref().map(|s| s.category).or(placement.categories.first().copied());
    assert!(matches!(scope_known, Some(27..=29)), "{placement:#?}");
}

#[test]
fn editions_for_the_supply_side_and_kinds_outside_are_told_apart() {
    let driver = placed("com.qc.car.driver", "青禾出行司机端");
    assert_eq!(driver.status, Status::SupplySide);
    assert!(
        driver.message.zh.contains("第三条") && driver.message.zh.contains("服务供给侧"),
        "{}",
        driver.message.zh
    );
    let city = placed("com.qc.gov", "临江市政务服务");
    assert_eq!(city.status, Status::OutsideThe39, "{city:#?}");
}

#[test]
fn known_names_decide_when_they_may() {
    let rules = Ruleset::embedded();
    let categorizer = Categorizer::new(rules).unwrap();
    let mut evaluator = Evaluator::new(&categorizer);
    for app in rules.recognition.known.values() {
        let categories = if app.categories.is_empty() { vec![0] } else { app.categories.clone() };
        let row = piscope::categorize::eval::EvalRow {
            package: app.package.clone(),
            label: app.name.clone(),
            categories,
            path: None,
            line: 0,
        };
        evaluator.place(&row, Options::default());
    }
    let figures = evaluator.finish();
    assert!(
        figures.precision >= 0.99 && figures.coverage >= 0.98,
        "{} {}",
        figures.precision,
        figures.coverage
    );
}

/// The names that an authority itself put under a category. Some of them are training rows: the
/// figure without them is what `train_categories holdout` prints.
#[test]
fn names_in_public_notices() {
    let categorizer = Categorizer::new(Ruleset::embedded()).unwrap();
    let mut evaluator = Evaluator::new(&categorizer);
    for row in rows("notices-authority.csv") {
        evaluator.place(&row, Options { known_names: false });
    }
    let figures = evaluator.finish();
    assert!(figures.top1 >= 0.9, "{}: {:?}", figures.top1, figures.wrong);
}

#[test]
fn placing_is_quick() {
    let categorizer = Categorizer::new(Ruleset::embedded()).unwrap();
    let apps: Vec<AppPackage> = rows("own.csv").iter().take(2000).map(|r| r.as_package()).collect();
    let start = Instant::now();
    let named = apps
        .iter()
        .filter(|a| {
            !categorizer.place(a, &Hints::default(), Options { known_names: false }).message.zh.is_empty()
        })
        .count();
    let each = start.elapsed() / u32::try_from(apps.len()).unwrap();
    println!("{each:?} an app");
    assert_eq!(named, apps.len());
    // Far above what it takes, for busy machines and builds without optimisation.
    assert!(each.as_micros() < 5_000, "{each:?}");
}

#[test]
fn the_same_app_gives_the_same_placement() {
    let first = format!("{:?}", placed("com.qc.v", "青禾短视频直播"));
    assert!((0..20).all(|_| format!("{:?}", placed("com.qc.v", "青禾短视频直播")) == first));
}
