//! The heart: what an app can reach minus what its category's basic function needs, graded.
//!
//! Pure: facts and rules in, findings out.

mod conclusion;
mod message;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use conclusion::conclude;

use crate::facts::{Facts, Standing, Trace};
use crate::finding::{ClauseRef, Evidence, Finding, Importance, InfoRef, Level, PermissionStatus, Strength};
use crate::rules::{BasisLevel, Capability, Category, Listed, Ruleset, chinese_numeral};
use crate::text::Text;

/// Id of the Provisions in `common/law/`.
pub const PROVISIONS: &str = "cac-2021-14";

/// Code of the finding that lists permissions which the rules do not know.
pub const UNMAPPED_CODE: &str = "PS900";

/// What the app is held against.
#[derive(Debug, Clone)]
pub enum Yardstick<'a> {
    /// These categories; several mean the union of their scopes.
    Placed(Vec<&'a Category>),
    /// Not decided. A capability on which all of these agree is graded all the same; empty: all 39
    /// must agree.
    Undetermined(Vec<&'a Category>),
    /// Article 5 does not apply, and why.
    NotApplied(Text),
}

/// What a yardstick says about one capability.
#[derive(Debug, Clone)]
struct Verdict<'a> {
    standing: ScopeStanding,
    /// The category that says so; absent where several agree or none applies.
    category: Option<&'a Category>,
    basis: Option<&'a Text>,
}

/// How a capability stands to the scope. Ordered: later is more permissive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ScopeStanding {
    /// Neither listed nor implied.
    Outside,
    /// One of several functions implies it, or it may serve a listed item in a way that is not the
    /// least intrusive one.
    Plausible,
    /// The words of the basic function imply it.
    Function,
    /// Listed, for a named sub-service only.
    ListedInPart,
    /// Listed.
    Listed,
}

/// Grades everything that `facts` shows against `yardstick`, gravest first, then by code.
pub fn check(package: &str, facts: &Facts, yardstick: &Yardstick<'_>, rules: &Ruleset) -> Vec<Finding> {
    let mut by_capability: BTreeMap<&str, Vec<&Trace>> = BTreeMap::new();
    for trace in &facts.traces {
        by_capability.entry(&trace.capability).or_default().push(trace);
    }
    let mut findings: Vec<Finding> = by_capability
        .into_iter()
        .filter_map(|(id, traces)| {
            rules.capabilities.get(id).map(|c| finding(package, c, &traces, yardstick, rules))
        })
        .collect();
    findings.extend(unmapped(package, facts));
    findings.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.code.cmp(&b.code)));
    findings
}

fn finding(
    package: &str,
    capability: &Capability,
    traces: &[&Trace],
    yardstick: &Yardstick<'_>,
    rules: &Ruleset,
) -> Finding {
    let best = traces.iter().map(|t| t.standing).max().unwrap_or(Standing::Dead);
    // A dead trace beside a living one is an explanation, not evidence of the capability's reach.
    let counting: Vec<&Trace> = traces.iter().copied().filter(|t| t.standing == best).collect();
    let mut ids: Vec<&str> = counting.iter().flat_map(|t| t.info.iter().map(String::as_str)).collect();
    ids.sort_unstable();
    ids.dedup();
    let info: Vec<InfoRef> = ids.iter().filter_map(|id| rules.info.get(*id)).map(InfoRef::from).collect();
    let strength = counting.iter().map(|t| t.evidence.strength).max().unwrap_or(Strength::Declared);
    let verdict = verdict(capability, &ids, yardstick, rules);
    let level = level(capability, best, strength, verdict.as_ref(), yardstick);
    let mut evidence: Vec<Evidence> = traces.iter().map(|t| t.evidence.clone()).collect();
    evidence.sort_by(|a, b| b.strength.cmp(&a.strength).then_with(|| a.cmp(b)));
    evidence.dedup();
    let importance = importance(capability, &ids, rules);
    let subject = message::Subject { capability, info: &info, traces: &counting, level, best };
    Finding {
        code: capability.code.clone(),
        capability: capability.id.clone(),
        fingerprint: fingerprint(&capability.code, package, &capability.id),
        level,
        importance,
        strength,
        title: capability.name.clone(),
        message: message::of(&subject, verdict.as_ref().map(|v| (v.standing, v.category)), yardstick, rules),
        function_basis: verdict.and_then(|v| v.basis.cloned()),
        info,
        evidence,
        clauses: clauses(capability, level, yardstick, rules),
        checks: capability.checks.clone(),
        remedies: capability.remedies.clone(),
    }
}

/// `None` where the categories in question do not agree.
fn verdict<'a>(
    capability: &Capability,
    ids: &[&str],
    yardstick: &Yardstick<'a>,
    rules: &'a Ruleset,
) -> Option<Verdict<'a>> {
    let of = |category: &'a Category| verdict_of(capability, ids, category);
    match yardstick {
        Yardstick::NotApplied(_) => None,
        Yardstick::Placed(categories) => {
            // The first of the most permissive: a union of scopes.
            categories.iter().copied().map(of).reduce(|a, b| if b.standing > a.standing { b } else { a })
        }
        Yardstick::Undetermined(candidates) => {
            let among: Vec<&'a Category> =
                if candidates.is_empty() { rules.categories.iter().collect() } else { candidates.clone() };
            let mut verdicts = among.into_iter().map(of);
            let first = verdicts.next()?;
            verdicts.all(|v| v.standing == first.standing).then_some(Verdict {
                category: None,
                basis: None,
                ..first
            })
        }
    }
}

fn verdict_of<'a>(capability: &Capability, ids: &[&str], category: &'a Category) -> Verdict<'a> {
    let basis = capability.group.as_ref().and_then(|group| category.function_basis.get(group));
    let standing = match basis.map(|b| b.level) {
        Some(BasisLevel::NecessaryInfo) => ScopeStanding::Listed,
        Some(BasisLevel::NecessaryInfoConditional) => ScopeStanding::ListedInPart,
        Some(BasisLevel::BasicFunctionText) => ScopeStanding::Function,
        Some(BasisLevel::BasicFunctionPart | BasisLevel::MayServeNecessaryInfo) => ScopeStanding::Plausible,
        Some(BasisLevel::NotListed) | None => listed(ids, category),
    };
    Verdict { standing, category: Some(category), basis: basis.map(|b| &b.why) }
}

/// A capability without a function basis is inside only if everything that it reaches is listed.
fn listed(ids: &[&str], category: &Category) -> ScopeStanding {
    let of = |id: &&str| match category.lists(id) {
        Some(Listed::Plainly) => ScopeStanding::Listed,
        Some(Listed::OnlyFor(_)) => ScopeStanding::ListedInPart,
        None => ScopeStanding::Outside,
    };
    ids.iter().map(of).min().unwrap_or(ScopeStanding::Outside)
}

fn level(
    capability: &Capability,
    best: Standing,
    strength: Strength,
    verdict: Option<&Verdict<'_>>,
    yardstick: &Yardstick<'_>,
) -> Level {
    let only_declared = strength == Strength::Declared;
    if best < Standing::Live || (only_declared && capability.declared_level == Level::Fact) {
        return Level::Fact;
    }
    let Some(verdict) = verdict else { return Level::Undetermined };
    match verdict.standing {
        ScopeStanding::Listed | ScopeStanding::ListedInPart | ScopeStanding::Function => Level::Within,
        ScopeStanding::Plausible => Level::Verify,
        ScopeStanding::Outside if only_declared => Level::Verify,
        // Whether the category needs it is open: a strong lead needs a category.
        ScopeStanding::Outside if matches!(yardstick, Yardstick::Undetermined(_)) => Level::Verify,
        ScopeStanding::Outside => Level::Suspect,
    }
}

fn importance(capability: &Capability, ids: &[&str], rules: &Ruleset) -> Importance {
    let grave = ids.iter().filter_map(|id| rules.info.get(*id)).any(|info| {
        info.immutable_device_id || info.sensitive_by_law.is_some() || info.sensitive_by_standard.is_some()
    });
    if grave { capability.importance } else { capability.importance.min(Importance::Medium) }
}

/// The clause of the Provisions itself, and what else the capability touches.
fn clauses(
    capability: &Capability,
    level: Level,
    yardstick: &Yardstick<'_>,
    rules: &Ruleset,
) -> Vec<ClauseRef> {
    if level == Level::Fact {
        return Vec::new();
    }
    let mut clauses = match yardstick {
        Yardstick::Placed(categories) => {
            categories.iter().filter_map(|c| clause(PROVISIONS, &c.clause(), rules)).collect()
        }
        Yardstick::Undetermined(_) => clause(PROVISIONS, "第五条", rules).into_iter().collect(),
        Yardstick::NotApplied(_) => Vec::new(),
    };
    if level > Level::Undetermined {
        clauses.extend(clause(PROVISIONS, "第四条", rules));
    }
    if level != Level::Within {
        clauses.extend(capability.references.iter().filter_map(|reference| {
            let (law, at) = reference.split_once('#')?;
            // The articles of the Provisions that a finding stands on are there already.
            if law == PROVISIONS { None } else { clause(law, &article(at), rules) }
        }));
    }
    clauses
}

/// The key of an article as Chinese texts cite it: `28` is 第二十八条, `4.1` 第四类第一项.
fn article(key: &str) -> String {
    let number = |n: &str| n.parse().ok().map(chinese_numeral);
    let cited = match key.split_once('.') {
        None => number(key).map(|n| format!("第{n}条")),
        Some((class, item)) => {
            number(class).zip(number(item)).map(|(class, item)| format!("第{class}类第{item}项"))
        }
    };
    cited.unwrap_or_else(|| key.to_owned())
}

/// A clause as it is printed; `None` for a draft or an unknown basis.
pub fn clause(law: &str, at: &str, rules: &Ruleset) -> Option<ClauseRef> {
    let basis = rules.law.get(law).filter(|basis| !basis.draft)?;
    let title = match &basis.number {
        Some(number) => format!("{}（{number}）", basis.title.zh),
        None => basis.title.zh.clone(),
    };
    Some(ClauseRef {
        law: law.to_owned(),
        title,
        clause: at.to_owned(),
        effective_from: basis.effective_from.clone(),
    })
}

/// Survives version bumps: neither version nor line goes in.
fn fingerprint(code: &str, package: &str, subject: &str) -> String {
    let mut hash = Sha256::new();
    for part in [code, package, subject] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Permissions that the rules do not know, in one finding: a fact for a person to look at.
fn unmapped(package: &str, facts: &Facts) -> Option<Finding> {
    let mut evidence: Vec<Evidence> = facts
        .permissions
        .iter()
        .filter(|p| p.status == PermissionStatus::Unmapped)
        .map(|p| Evidence {
            strength: Strength::Declared,
            subject: p.request.name.clone(),
            place: p.request.place.clone(),
            note: p.note.clone(),
        })
        .collect();
    if evidence.is_empty() {
        return None;
    }
    evidence.sort();
    evidence.dedup();
    Some(Finding {
        code: UNMAPPED_CODE.to_owned(),
        capability: "unmapped".to_owned(),
        fingerprint: fingerprint(UNMAPPED_CODE, package, "unmapped"),
        level: Level::Fact,
        importance: Importance::Low,
        strength: Strength::Declared,
        title: Text::new("规则集未收录的权限", "Permissions not in the ruleset"),
        info: Vec::new(),
        message: message::unmapped(&evidence),
        evidence,
        clauses: Vec::new(),
        function_basis: None,
        checks: vec![Text::new(
            "查阅该权限定义者（终端厂商或SDK）的文档，核对其可取得的信息后补入规则集",
            "Look up in the documents of whoever defines it (device maker or SDK) what it gives access to, and add it to the ruleset",
        )],
        remedies: vec![Text::new(
            "确认用途；不需要的，在清单中以 tools:node=\"remove\" 移除",
            "Find out what it is for; if it is not needed, remove it with tools:node=\"remove\"",
        )],
    })
}
