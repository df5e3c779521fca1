//! The sentences of a finding. They say what a package can do and never that it did.

use super::{ScopeStanding, Yardstick};
use crate::facts::{Standing, Trace};
use crate::finding::{Evidence, InfoRef, Level, Strength};
use crate::rules::{Capability, Category, Ruleset};
use crate::text::Text;

/// How many subjects a sentence names before it counts the rest.
const NAMED: usize = 4;

const PROVISIONS_ZH: &str = "《常见类型移动互联网应用程序必要个人信息范围规定》";
const PROVISIONS_EN: &str = "the Provisions on the Scope of Necessary Personal Information for Common Types of Mobile Internet Applications";

/// What the sentence is about.
pub(super) struct Subject<'a> {
    pub(super) capability: &'a Capability,
    pub(super) info: &'a [InfoRef],
    pub(super) traces: &'a [&'a Trace],
    pub(super) level: Level,
    pub(super) best: Standing,
}

pub(super) fn of(
    subject: &Subject<'_>,
    verdict: Option<(ScopeStanding, Option<&Category>)>,
    yardstick: &Yardstick<'_>,
    rules: &Ruleset,
) -> Text {
    let seen = seen(subject);
    match (subject.level, verdict) {
        (Level::Fact, _) => fact(subject, &seen),
        (Level::Within, Some((standing, Some(category)))) => within(subject, &seen, standing, category),
        (Level::Within, _) => then(
            &seen,
            &Text::new(
                "各候选类型均列有该信息或其基本功能服务的文字包含该功能；是否满足告知、目的限定和最小频次等要求，静态检测不予评价。",
                "All candidate categories list the information or name the function; whether notice, purpose limitation and minimal frequency are observed is not judged by static analysis.",
            ),
        ),
        (Level::Undetermined, _) => undetermined(subject, &seen, yardstick),
        (_, verdict) => beyond(subject, &seen, verdict, yardstick, rules),
    }
}

pub(super) fn unmapped(evidence: &[Evidence]) -> Text {
    let names = names(evidence.iter().map(|e| e.subject.as_str()));
    Text::new(
        format!("样品声明了规则集未收录的权限：{}。其可取得的信息不明，须人工核对。", names.zh),
        format!(
            "The sample declares permissions that the ruleset does not know: {}. What they give access to is not known; a person must look it up.",
            names.en
        ),
    )
}

fn then(first: &Text, second: &Text) -> Text {
    Text::new(format!("{}{}", first.zh, second.zh), format!("{} {}", first.en, second.en))
}

/// First sentence: what was seen in the package.
fn seen(subject: &Subject<'_>) -> Text {
    let (declared, registered): (Vec<&Trace>, Vec<&Trace>) =
        subject.traces.iter().copied().partition(|t| t.evidence.strength == Strength::Declared);
    let mut zh = Vec::new();
    let mut en = Vec::new();
    if !registered.is_empty() {
        let names = names(registered.iter().map(|t| t.evidence.subject.as_str()));
        zh.push(format!("登记了组件 {}", names.zh));
        en.push(format!("registers {}", names.en));
    }
    if !declared.is_empty() {
        let names = names(declared.iter().map(|t| t.evidence.subject.as_str()));
        zh.push(format!("声明了 {}", names.zh));
        en.push(format!("declares {}", names.en));
    }
    let info = info(subject.info);
    Text::new(
        format!("样品在 AndroidManifest.xml 中{}，具备读取{}的能力。", zh.join("，并"), info.zh),
        format!(
            "In its AndroidManifest.xml the sample {}, which gives it the ability to read {}.",
            en.join(" and "),
            info.en
        ),
    )
}

fn fact(subject: &Subject<'_>, seen: &Text) -> Text {
    let why = match subject.best {
        Standing::Dead => Text::new(
            "该声明对本样品不起作用，仅作为事实项列出。",
            "For this sample the declaration has no effect; it is listed as a fact only.",
        ),
        Standing::LegacyOnly => Text::new(
            "该能力仅在旧版系统上有效，仅作为事实项列出。",
            "The ability exists on old systems only; it is listed as a fact only.",
        ),
        Standing::Implied => Text::new(
            "样品并未自行申请，系统按规则附带授予，仅作为事实项列出。",
            "The sample does not ask for it itself, the platform adds it; it is listed as a fact only.",
        ),
        Standing::Live => Text::new(
            "仅凭该声明通常不能说明问题，作为事实项列出。",
            "The declaration alone usually says little; it is listed as a fact.",
        ),
    };
    let limits: Vec<&Text> = subject.traces.iter().filter_map(|t| t.evidence.note.as_ref()).collect();
    match limits.first() {
        Some(note) if subject.best < Standing::Live => {
            let why = Text::new(
                format!("{}（{}）", why.zh.trim_end_matches('。'), note.zh),
                format!("{} ({}).", why.en.trim_end_matches('.'), note.en),
            );
            then(seen, &Text::new(format!("{}。", why.zh), why.en))
        }
        _ => then(seen, &why),
    }
}

fn within(subject: &Subject<'_>, seen: &Text, standing: ScopeStanding, category: &Category) -> Text {
    let info = info(subject.info);
    let judged = match standing {
        ScopeStanding::Function => Text::new(
            format!(
                "{}App的基本功能服务“{}”的文字包含这一功能（此为本工具的推断，并非规定原文；{}所列必要个人信息不含{}）。",
                category.name,
                category.function,
                category.clause(),
                info.zh
            ),
            format!(
                "The words of the basic function of the category {}, “{}”, imply this function (our inference, not the text of the Provisions; {} does not list {}).",
                category.english,
                category.function_english,
                category.clause(),
                info.en
            ),
        ),
        ScopeStanding::ListedInPart => Text::new(
            format!("{}仅就其中部分服务列有该信息，须核对样品是否提供该项服务。", category.clause()),
            format!(
                "{} lists the information for one of its services only: check whether the sample offers that service.",
                category.clause()
            ),
        ),
        _ => Text::new(
            format!("该信息属于{}App的必要个人信息（{}）。", category.name, category.clause()),
            format!(
                "The information belongs to the necessary personal information of the category {} ({}).",
                category.english,
                category.clause()
            ),
        ),
    };
    then(
        &then(seen, &judged),
        &Text::new(
            "仍应满足告知、目的限定和最小频次等要求，静态检测不予评价。",
            "Notice, purpose limitation and minimal frequency still apply; static analysis does not judge them.",
        ),
    )
}

fn undetermined(subject: &Subject<'_>, seen: &Text, yardstick: &Yardstick<'_>) -> Text {
    let info = info(subject.info);
    let why = match yardstick {
        // The reason is long, and the same for every finding: it stands with the category.
        Yardstick::NotApplied(_) => Text::new(
            "该应用不适用与第五条的范围比对（理由见应用类型的判断），此项仅列出能力。",
            "The comparison with Article 5 does not apply to this app (the category says why); only the ability is listed.",
        ),
        _ => Text::new(
            format!(
                "样品类型尚未确定，候选类型对{}的规定或功能不一致，无法判定。请先确认应用类型（--category 或 samples.csv）。",
                info.zh
            ),
            format!(
                "The category is not determined and the candidates differ on {}: no judgement is possible. Settle the category first (--category or samples.csv).",
                info.en
            ),
        ),
    };
    then(seen, &why)
}

fn beyond(
    subject: &Subject<'_>,
    seen: &Text,
    verdict: Option<(ScopeStanding, Option<&Category>)>,
    yardstick: &Yardstick<'_>,
    rules: &Ruleset,
) -> Text {
    let info = info(subject.info);
    let mut text = then(seen, &scope_sentence(&info, yardstick, rules));
    if let Some((ScopeStanding::Plausible, Some(category))) = verdict
        && let Some(basis) = subject.capability.group.as_ref().and_then(|g| category.function_basis.get(g))
    {
        text = then(
            &text,
            &Text::new(
                format!("可能与基本功能有关：{}（本工具的推断，并非规定原文）。", basis.why.zh),
                format!(
                    "It may serve the basic function: {} (our inference, not the Provisions).",
                    basis.why.en
                ),
            ),
        );
    }
    if subject.level == Level::Suspect {
        text = then(
            &text,
            &Text::new(
                "疑似存在与基本功能无关的收集，建议按所列方法核查。",
                "Collection unrelated to the basic function is suspected; verify with the checks listed.",
            ),
        );
    }
    then(
        &text,
        &Text::new(
            "该能力如用于用户自主选择的扩展功能并经同意，不为该规定所禁止；App不得因用户不同意提供而拒绝其使用基本功能服务（第四条）。本结果为静态检测线索，是否实际收集及是否影响基本功能，需进一步核实。",
            "Use for an optional function with the user's consent is not prohibited by the Provisions; the app must not refuse its basic function because the user declines (Art. 4). This is a static lead: whether the information is actually collected, and whether the basic function is affected, needs verification.",
        ),
    )
}

/// What Article 5 says for the app's category or categories.
fn scope_sentence(info: &Text, yardstick: &Yardstick<'_>, rules: &Ruleset) -> Text {
    match yardstick {
        Yardstick::Placed(categories) => {
            let zh: Vec<String> = categories
                .iter()
                .map(|c| {
                    format!(
                        "{}，{}App的基本功能服务为“{}”，{}",
                        c.clause(),
                        c.name,
                        c.function,
                        necessary(c).zh
                    )
                })
                .collect();
            let en: Vec<String> = categories
                .iter()
                .map(|c| {
                    format!(
                        "{}: the basic function of the category {} is “{}”, {}",
                        c.clause(),
                        c.english,
                        c.function_english,
                        necessary(c).en
                    )
                })
                .collect();
            Text::new(
                format!("按{PROVISIONS_ZH}{}，未包含{}。", zh.join("；"), info.zh),
                format!("Under {PROVISIONS_EN}, {}; {} is not included.", en.join("; "), info.en),
            )
        }
        Yardstick::Undetermined(candidates) if !candidates.is_empty() => {
            let zh: Vec<&str> = candidates.iter().map(|c| c.name.as_str()).collect();
            let en: Vec<&str> = candidates.iter().map(|c| c.english.as_str()).collect();
            Text::new(
                format!(
                    "样品类型尚未确定；按{PROVISIONS_ZH}第五条，各候选类型（{}）的必要个人信息均未包含{}。",
                    zh.join("、"),
                    info.zh
                ),
                format!(
                    "The category is not determined; under Article 5 of {PROVISIONS_EN}, none of the candidates ({}) lists {}.",
                    en.join(", "),
                    info.en
                ),
            )
        }
        _ => Text::new(
            format!(
                "样品类型尚未确定；{PROVISIONS_ZH}第五条所列{}类App的必要个人信息均未包含{}。",
                rules.categories.len(),
                info.zh
            ),
            format!(
                "The category is not determined; none of the {} categories of Article 5 of {PROVISIONS_EN} lists {}.",
                rules.categories.len(),
                info.en
            ),
        ),
    }
}

fn necessary(category: &Category) -> Text {
    if category.necessary.is_empty() {
        return Text::new(
            "无须个人信息，即可使用基本功能服务",
            "which can be used without any personal information",
        );
    }
    let zh: Vec<&str> = category.necessary.iter().map(|i| i.text.as_str()).collect();
    let en: Vec<&str> = category.necessary.iter().map(|i| i.english.as_str()).collect();
    Text::new(
        format!("必要个人信息为：{}", zh.join("；")),
        format!("the necessary personal information is: {}", en.join("; ")),
    )
}

fn info(info: &[InfoRef]) -> Text {
    let zh: Vec<&str> = info.iter().map(|i| i.name.zh.as_str()).collect();
    let en: Vec<&str> = info.iter().map(|i| i.name.en.as_str()).collect();
    Text::new(zh.join("、"), en.join(", "))
}

/// Distinct names, the first few written out.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Text {
    let mut distinct: Vec<&str> = Vec::new();
    for name in all {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    let shown: Vec<&str> = distinct.iter().copied().take(NAMED).collect();
    let rest = distinct.len() - shown.len();
    if rest == 0 {
        return Text::new(shown.join("、"), shown.join(", "));
    }
    Text::new(
        format!("{}等{}项", shown.join("、"), distinct.len()),
        format!("{} and {rest} more", shown.join(", ")),
    )
}
