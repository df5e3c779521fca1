//! Which of the 39 categories an app is, and why; or candidates; or none of them.
//!
//! Evidence is taken in tiers. What a person said decides outright (`--category`, `samples.csv`,
//! the overrides file), then the app's own statement, then a known package name. Below that,
//! manifest signals, words of the label, tokens of the package name and the words model are
//! weighed together into one probability per category; below the threshold the app stays
//! [`Status::Undetermined`] with its candidates. Pure: no input or output.

pub mod eval;
mod model;
mod overrides;
mod signals;
mod table;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

pub use model::{ModelError, WordModel};
pub use overrides::{Override, Overrides, parse_categories};
pub use table::TableError;
pub use words::{Feature, FeatureKind};

use crate::package::{AppPackage, Label};
use crate::rules::{Category, Listed, Ruleset, SupplySide};
use crate::text::Text;
use words::{Lexicon, tokens_of_package};

/// Number of classes: the 39 categories and, as 0, none of them.
pub const CLASSES: usize = 40;

/// Candidates that a placement carries at most.
const MAX_CANDIDATES: usize = 5;
/// Reasons that a candidate carries at most.
const MAX_REASONS: usize = 6;
/// A category whose own word stands in the label beside another's counts from this probability on.
const SIDE_BY_SIDE: f64 = 0.1;
/// Candidates below this probability are not worth a reader's time.
const CANDIDATE_FLOOR: f64 = 0.02;
/// A learnt piece that adds less than this to a category is not named as a reason.
const REASON_FLOOR: f64 = 0.2;
/// A manifest signal of weight 10 (precision about 0.95 against a prior of 1 in 40) is worth
/// ln(0.95/0.05) + ln 39 ≈ 6.6; the rule files' weights scale with it.
const SIGNAL_SCALE: f64 = 0.65;
/// Signals of one category are not independent: their sum counts up to here.
const SIGNAL_CAP: f64 = 8.0;
/// Without a words model a strong word of the label, a medium one and a package token are worth
/// this much each.
const STRONG: f64 = 6.0;
const MEDIUM: f64 = 3.0;
const TOKEN: f64 = 4.0;
/// Threshold of commitment without a words model: one strong word or one strong signal and
/// nothing against it.
const COMMIT_WITHOUT_MODEL: f64 = 0.8;
/// Threshold of scope agreement without a words model.
const SCOPE_WITHOUT_MODEL: f64 = 0.7;

/// How a placement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// One or several of the 39.
    Placed,
    /// A tie or nothing to go by.
    Undetermined,
    /// None of the 39 kinds.
    OutsideThe39,
    /// For drivers, merchants, doctors …: Article 3 leaves them out.
    SupplySide,
}

/// Which category an app is placed in, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// How it ended.
    pub status: Status,
    /// Category numbers, 1–39, the likeliest first; several mean the union of their scopes.
    pub categories: Vec<u8>,
    /// What came into question, likeliest first. For [`Status::SupplySide`] the consumer category
    /// that the app would otherwise belong to.
    pub candidates: Vec<Candidate>,
    /// What speaks for the decision, strongest first.
    pub reasons: Vec<Reason>,
    /// A person set it.
    pub by_user: bool,
    /// Probability that the placement is right, 0–1; absent where a person or a list decided, or
    /// where no words model is at hand to calibrate it.
    pub confidence: Option<f64>,
    /// Set when the category is undetermined but what is necessary is the same for all that come
    /// into question.
    pub scope_agreement: Option<ScopeAgreement>,
    /// In a sentence.
    pub message: Text,
}

/// A category that came into question.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// 1–39, or 0 for none of the 39.
    pub category: u8,
    /// Sum of the weights that speak for it.
    pub score: f64,
    /// Share of the probability, 0–1.
    pub probability: f64,
    /// What speaks for it, strongest first.
    pub reasons: Vec<Reason>,
    /// What would be necessary if the app belonged here.
    pub effect: Text,
}

/// One reason for a placement.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Kind of evidence.
    pub kind: ReasonKind,
    /// The category that it speaks for; absent for supply side and none of the 39.
    pub category: Option<u8>,
    /// Weight in natural-log units; 0 where the tier decides outright.
    pub weight: f64,
    /// In words, with what was seen.
    pub text: Text,
}

/// Kind of evidence for a placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonKind {
    /// `--category`.
    User,
    /// A row of `samples.csv`.
    List,
    /// A row of the overrides file.
    Override,
    /// The app's own words.
    Statement,
    /// The list of known package names.
    KnownPackage,
    /// A fact of the manifest.
    Manifest,
    /// A word of the label that the rules name.
    Label,
    /// A token of the package name that the rules name.
    PackageToken,
    /// A word of the app's texts that the rules name.
    Strings,
    /// A word that the words model learnt.
    Words,
    /// An edition for the supply side.
    SupplySide,
    /// A kind of app that Article 5 does not name.
    Outside,
}

impl ReasonKind {
    /// The stable name in results.
    pub fn as_str(self) -> &'static str {
        match self {
            ReasonKind::User => "user",
            ReasonKind::List => "list",
            ReasonKind::Override => "override",
            ReasonKind::Statement => "statement",
            ReasonKind::KnownPackage => "known-package",
            ReasonKind::Manifest => "manifest",
            ReasonKind::Label => "label",
            ReasonKind::PackageToken => "package-token",
            ReasonKind::Strings => "strings",
            ReasonKind::Words => "words",
            ReasonKind::SupplySide => "supply-side",
            ReasonKind::Outside => "outside",
        }
    }
}

impl fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All categories that come into question need the same.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeAgreement {
    /// The likeliest category of the group, to take the scope from.
    pub category: u8,
    /// The candidates that agree, ascending.
    pub agreeing: Vec<u8>,
    /// Probability that the scope is right, 0–1.
    pub confidence: f64,
    /// In a sentence.
    pub message: Text,
}

/// What is known about an app from outside its package. A category list that is empty or holds
/// only 0 means: none of the 39.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// `--category`.
    pub user: Option<Vec<u8>>,
    /// The category column of the row of `samples.csv`.
    pub listed: Option<Vec<u8>>,
    /// The row of the overrides file for this package.
    pub overridden: Option<Override>,
    /// The categories that the app's own text names.
    pub stated: Option<Stated>,
    /// Texts of the app (resource strings), where they were read. Costly to obtain: leave empty
    /// first, and give them when the first answer is [`Status::Undetermined`].
    pub strings: Vec<String>,
}

/// A category that the app's own text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Category numbers.
    pub categories: Vec<u8>,
    /// The sentence, shortened.
    pub quote: String,
    /// The file that it stands in.
    pub place: String,
}

/// What the placement may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Use the list of known package names.
    pub known_names: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { known_names: true }
    }
}

/// The rules of recognition, indexed. Build once, place many; shareable between threads.
#[derive(Debug)]
pub struct Categorizer<'r> {
    rules: &'r Ruleset,
    lexicon: Lexicon<'r>,
    model: Option<Cow<'r, WordModel>>,
    /// Per class, its scope: classes with equal entries need the same information.
    scopes: [usize; CLASSES],
}

impl<'r> Categorizer<'r> {
    /// Indexes the rules of recognition.
    ///
    /// # Errors
    /// [`ModelError`] if the words model among the rules is not in its format.
    pub fn new(rules: &'r Ruleset) -> Result<Self, ModelError> {
        let text = rules.recognition.words.as_str();
        let model = if text.is_empty() { None } else { Some(WordModel::parse(text)?) };
        Ok(Self { model: model.map(Cow::Owned), ..Self::with_model(rules, None) })
    }

    /// As [`Categorizer::new`] with another words model, or none: for its trainer.
    pub fn with_model(rules: &'r Ruleset, model: Option<&'r WordModel>) -> Self {
        Self {
            rules,
            lexicon: Lexicon::new(rules),
            model: model.map(Cow::Borrowed),
            scopes: scope_classes(&rules.categories),
        }
    }

    /// The features of a name that the words model weighs.
    pub fn features(&self, label: &str, package: &str) -> Vec<Feature> {
        let labels: Vec<&str> = if label.is_empty() { Vec::new() } else { vec![label] };
        let hits = self.lexicon.hits(&labels, &tokens_of_package(package));
        words::all_features(&labels, package, &hits)
    }

    /// Whether two classes (0–39) need the same information.
    pub fn same_scope(&self, a: u8, b: u8) -> bool {
        match (self.scopes.get(usize::from(a)), self.scopes.get(usize::from(b))) {
            (Some(x), Some(y)) => x == y,
            _ => false,
        }
    }

    /// Places one app.
    pub fn place(&self, package: &AppPackage, hints: &Hints, options: Options) -> Placement {
        self.by_person(package, hints).unwrap_or_else(|| self.by_evidence(package, hints, options))
    }

    fn by_person(&self, package: &AppPackage, hints: &Hints) -> Option<Placement> {
        if let Some(categories) = &hints.user {
            return Some(self.said(
                categories,
                ReasonKind::User,
                Text::new("由使用者指定（--category）", "set by the user (--category)"),
            ));
        }
        if let Some(categories) = &hints.listed {
            return Some(self.said(
                categories,
                ReasonKind::List,
                Text::new("样本清单（samples.csv）中注明", "given in the sample list (samples.csv)"),
            ));
        }
        let row = hints.overridden.as_ref().filter(|o| o.package == package.package)?;
        let (zh_who, en_who) = match row.who.as_str() {
            "" => (String::new(), String::new()),
            who => (format!("，审核人：{who}"), format!(" by {who}")),
        };
        let (zh_why, en_why) = match row.why.as_str() {
            "" => (String::new(), String::new()),
            why => (format!("，理由：{why}"), format!(": {why}")),
        };
        Some(self.said(
            &row.categories,
            ReasonKind::Override,
            Text::new(
                format!("类别更正表第{}行{zh_who}{zh_why}", row.line),
                format!("overrides file, line {}{en_who}{en_why}", row.line),
            ),
        ))
    }

    fn said(&self, categories: &[u8], kind: ReasonKind, text: Text) -> Placement {
        let categories = known_numbers(categories);
        let reasons = match categories.as_slice() {
            [] => vec![Reason { kind, category: None, weight: 0.0, text: text.clone() }],
            some => some
                .iter()
                .map(|&n| Reason { kind, category: Some(n), weight: 0.0, text: text.clone() })
                .collect(),
        };
        self.decided(
            categories,
            reasons,
            matches!(kind, ReasonKind::User | ReasonKind::List | ReasonKind::Override),
        )
    }

    fn decided(&self, categories: Vec<u8>, reasons: Vec<Reason>, by_user: bool) -> Placement {
        let because = reasons.first().map(|r| r.text.clone()).unwrap_or_default();
        let (status, message) = if categories.is_empty() {
            (Status::OutsideThe39, outside_message(&because))
        } else {
            (Status::Placed, self.placed_message(&categories, &because))
        };
        Placement {
            status,
            categories,
            candidates: Vec::new(),
            reasons,
            by_user,
            confidence: None,
            scope_agreement: None,
            message,
        }
    }

    fn by_evidence(&self, package: &AppPackage, hints: &Hints, options: Options) -> Placement {
        let tokens = tokens_of_package(&package.package);
        let labels = label_texts(&package.label);
        let supply = self.supply_side(&labels, &tokens);
        if supply.is_none() {
            if let Some(stated) = &hints.stated {
                let text = Text::new(
                    format!("应用自述（{}）：“{}”", stated.place, stated.quote),
                    format!("the app's own words ({}): \"{}\"", stated.place, stated.quote),
                );
                return self.said(&stated.categories, ReasonKind::Statement, text);
            }
            let known = self.rules.recognition.known.get(&package.package);
            if let Some(app) = known.filter(|_| options.known_names) {
                let text = Text::new(
                    format!("已知应用：{}（{}）", app.name, app.package),
                    format!("known app: {} ({})", app.name, app.package),
                );
                return self.said(&app.categories, ReasonKind::KnownPackage, text);
            }
        }
        let mut weighed = self.weigh(package, hints, &labels, &tokens);
        if let (Some(app), true) = (self.rules.recognition.known.get(&package.package), options.known_names)
            && let Some(&first) = app.categories.first()
        {
            weighed.put_first(first);
        }
        match supply {
            Some((role, seen)) => self.supply_placement(role, &seen, &weighed),
            None => self.weighed_placement(&weighed),
        }
    }

    /// The supply-side role that the label or package name shows, with the word seen.
    fn supply_side(&self, labels: &[&str], tokens: &[String]) -> Option<(&'r SupplySide, String)> {
        self.rules.recognition.supply_side.iter().find_map(|role| {
            let word = role.label.iter().find(|w| labels.iter().any(|l| contains_word(l, w)));
            let seen = word.or_else(|| role.package_tokens.iter().find(|t| tokens.contains(t)));
            seen.map(|s| (role, s.clone()))
        })
    }

    fn weigh(&self, package: &AppPackage, hints: &Hints, labels: &[&str], tokens: &[String]) -> Weighed {
        let mut weighed = Weighed::new();
        let hits = self.lexicon.hits(labels, tokens);
        let mut found = Vec::new();
        match &self.model {
            Some(model) => {
                found = words::all_features(labels, &package.package, &hits);
                words::score(model, &found, &mut weighed.scores);
            }
            None => {
                for hit in &hits {
                    let weight = match hit.kind {
                        FeatureKind::Strong | FeatureKind::Outside => STRONG,
                        FeatureKind::Medium => MEDIUM,
                        _ => TOKEN,
                    };
                    weighed.add(hit.class, words::lexicon_reason(hit, weight, self.rules));
                }
            }
        }
        let mut caps = [0.0f64; CLASSES];
        for signal in self.rules.recognition.signals.iter().filter(|s| signals::holds(s, package)) {
            for (class, weight) in
                signal.categories.iter().filter_map(|(n, w)| Some((n.parse::<u8>().ok()?, *w)))
            {
                let Some(used) = caps.get_mut(usize::from(class)) else { continue };
                let worth = (weight * SIGNAL_SCALE).min(SIGNAL_CAP - *used);
                *used += worth;
                let text = Text::new(
                    format!("清单特征：{}", signal.name.zh),
                    format!("manifest: {}", signal.name.en),
                );
                let category = Some(class).filter(|&c| c != 0);
                weighed.add(class, Reason { kind: ReasonKind::Manifest, category, weight: worth, text });
            }
        }
        if let Some((class, weight, word, count)) = self.lexicon.in_strings(&hints.strings) {
            let text = Text::new(
                format!("应用文字中{count}处出现“{word}”等词"),
                format!("\"{word}\" and like words in {count} of the app's texts"),
            );
            let category = Some(class).filter(|&c| c != 0);
            weighed.add(class, Reason { kind: ReasonKind::Strings, category, weight, text });
        }
        weighed.named = hits.iter().filter(|h| h.kind == FeatureKind::Strong).map(|h| h.class).collect();
        weighed.rank(self.model.is_some());
        if let Some(model) = &self.model {
            let top: Vec<u8> = weighed.ranking.iter().take(MAX_CANDIDATES).map(|(c, _)| *c).collect();
            for class in top {
                for feature in &found {
                    let weight = words::contribution(model, feature, class);
                    if weight >= REASON_FLOOR {
                        weighed.because(class, words::reason(feature, &hits, class, weight, self.rules));
                    }
                }
            }
        }
        for reasons in weighed.reasons.values_mut() {
            by_weight(reasons);
            reasons.truncate(MAX_REASONS);
        }
        weighed
    }

    fn supply_placement(&self, role: &SupplySide, seen: &str, weighed: &Weighed) -> Placement {
        let reason = Reason {
            kind: ReasonKind::SupplySide,
            category: None,
            weight: 0.0,
            text: Text::new(
                format!("名称含“{seen}”，面向{}使用", role.role.zh),
                format!("the name contains \"{seen}\": for use by {}", role.role.en),
            ),
        };
        let article = self
            .rules
            .law
            .get("cac-2021-14")
            .and_then(|law| ["3", "三", "第三条"].iter().find_map(|key| law.articles.get(*key)));
        let quote = article.map(|a| format!("《规定》第三条：“{}”", a.trim())).unwrap_or_default();
        let message = Text::new(
            format!("服务供给侧应用（{}）。{quote}不适用与第五条的比对。", reason.text.zh),
            format!(
                "An edition for the supply side ({}). {quote} The comparison with Article 5 is not applied.",
                reason.text.en
            ),
        );
        Placement {
            status: Status::SupplySide,
            categories: Vec::new(),
            candidates: self.candidates(weighed),
            reasons: vec![reason],
            by_user: false,
            confidence: None,
            scope_agreement: None,
            message,
        }
    }

    fn weighed_placement(&self, weighed: &Weighed) -> Placement {
        let candidates = self.candidates(weighed);
        let (commit, scope_floor) = match &self.model {
            Some(model) => (model.commit(), model.commit_scope()),
            None => (COMMIT_WITHOUT_MODEL, SCOPE_WITHOUT_MODEL),
        };
        let chosen = self.choose(weighed, commit);
        let total: f64 = chosen.iter().map(|&c| weighed.probability(c)).sum();
        let confidence = self.model.is_some().then_some(round(total.min(1.0)));
        let mut reasons: Vec<Reason> =
            chosen.iter().flat_map(|&c| weighed.reasons.get(&c)).flatten().cloned().collect();
        by_weight(&mut reasons);
        reasons.truncate(MAX_REASONS);
        let because = reasons.first().map(|r| r.text.clone()).unwrap_or_default();
        match chosen.as_slice() {
            [] => {
                let scope_agreement = self.agreement(weighed, scope_floor);
                let top = candidates.first().map_or(0.0, |c| c.probability);
                Placement {
                    status: Status::Undetermined,
                    categories: Vec::new(),
                    message: self.undetermined_message(&candidates, scope_agreement.as_ref()),
                    candidates,
                    reasons: Vec::new(),
                    by_user: false,
                    confidence: self.model.is_some().then_some(round(top)),
                    scope_agreement,
                }
            }
            [0] => Placement {
                status: Status::OutsideThe39,
                categories: Vec::new(),
                candidates: others(candidates, &[0]),
                reasons,
                by_user: false,
                confidence,
                scope_agreement: None,
                message: outside_message(&because),
            },
            several => Placement {
                status: Status::Placed,
                categories: several.to_vec(),
                candidates: others(candidates, several),
                message: self.placed_message(several, &because),
                reasons,
                by_user: false,
                confidence,
                scope_agreement: None,
            },
        }
    }

    /// The classes to commit to: the likeliest alone if it reaches the threshold, or several
    /// whose own words stand side by side in the label (酒店机票) and that reach it together.
    fn choose(&self, weighed: &Weighed, commit: f64) -> Vec<u8> {
        let Some(&(first, p)) = weighed.ranking.first() else { return Vec::new() };
        if p >= commit {
            return vec![first];
        }
        let named: Vec<u8> = weighed
            .ranking
            .iter()
            .take(3)
            .filter(|(c, p)| *c != 0 && *p >= SIDE_BY_SIDE && weighed.named.contains(c))
            .map(|(c, _)| *c)
            .collect();
        let together: f64 = named.iter().map(|&c| weighed.probability(c)).sum();
        if named.len() > 1 && together >= commit { named } else { Vec::new() }
    }

    fn candidates(&self, weighed: &Weighed) -> Vec<Candidate> {
        weighed
            .ranking
            .iter()
            .filter(|(c, p)| *p >= CANDIDATE_FLOOR && (self.model.is_some() || weighed.score(*c) > 0.0))
            .take(MAX_CANDIDATES)
            .map(|&(category, probability)| Candidate {
                category,
                score: round(weighed.score(category)),
                probability: round(probability),
                reasons: weighed.reasons.get(&category).cloned().unwrap_or_default(),
                effect: self.effect(category),
            })
            .collect()
    }

    /// Whether what is necessary is certain although the category is not.
    fn agreement(&self, weighed: &Weighed, floor: f64) -> Option<ScopeAgreement> {
        let &(first, _) = weighed.ranking.first().filter(|(c, _)| *c != 0)?;
        let agreeing: Vec<&(u8, f64)> =
            weighed.ranking.iter().filter(|(c, _)| self.same_scope(*c, first)).collect();
        let confidence: f64 = agreeing.iter().map(|(_, p)| p).sum();
        if confidence < floor {
            return None;
        }
        let mut named: Vec<u8> =
            agreeing.iter().filter(|(_, p)| *p >= CANDIDATE_FLOOR).map(|(c, _)| *c).collect();
        named.sort_unstable();
        let scope = self.effect(first);
        let names: Vec<Text> = named.iter().map(|&n| self.name(n)).collect();
        let zh: Vec<&str> = names.iter().map(|n| n.zh.as_str()).collect();
        let en: Vec<&str> = names.iter().map(|n| n.en.as_str()).collect();
        let percent = (confidence.min(1.0) * 100.0).floor();
        Some(ScopeAgreement {
            category: first,
            agreeing: named,
            confidence: round(confidence.min(1.0)),
            message: Text::new(
                format!(
                    "属于{}之一的可能性为 {percent}%，其必要个人信息范围一致（{}），按该范围比对",
                    zh.join("、"),
                    scope.zh
                ),
                format!(
                    "it is one of {} with a probability of {percent}%, and these agree on what is necessary ({}); the comparison uses it",
                    en.join(", "),
                    scope.en
                ),
            ),
        })
    }

    fn category(&self, number: u8) -> Option<&'r Category> {
        self.rules.categories.iter().find(|c| c.number == number)
    }

    fn name(&self, number: u8) -> Text {
        match self.category(number) {
            Some(c) => Text::new(c.name.clone(), c.english.clone()),
            None => Text::new("39类之外", "none of the 39"),
        }
    }

    /// What would be necessary in this category.
    fn effect(&self, number: u8) -> Text {
        match self.category(number) {
            None => Text::new("第五条未列此类，不作比对", "Article 5 does not name this kind; no comparison"),
            Some(c) if c.necessary.is_empty() => {
                Text::new("无须个人信息", "no personal information is necessary")
            }
            Some(c) => {
                let zh: Vec<&str> = c.necessary.iter().map(|n| n.text.as_str()).collect();
                let en: Vec<&str> = c.necessary.iter().map(|n| n.english.as_str()).collect();
                Text::new(format!("必要个人信息：{}", zh.join("；")), format!("necessary: {}", en.join("; ")))
            }
        }
    }

    fn placed_message(&self, categories: &[u8], because: &Text) -> Text {
        let names: Vec<Text> = categories.iter().map(|&n| self.name(n)).collect();
        let clauses: Vec<String> =
            categories.iter().filter_map(|&n| self.category(n)).map(Category::clause).collect();
        let zh: Vec<&str> = names.iter().map(|n| n.zh.as_str()).collect();
        let en: Vec<&str> = names.iter().map(|n| n.en.as_str()).collect();
        let (union_zh, union_en) = if categories.len() > 1 {
            ("，必要个人信息范围取并集", ", the scope is the union of these")
        } else {
            ("", "")
        };
        Text::new(
            format!("归入{}（{}）{union_zh}。依据：{}。", zh.join("、"), clauses.join("、"), because.zh),
            format!("Placed in {}{union_en}. Because: {}.", en.join(", "), because.en),
        )
    }

    fn undetermined_message(&self, candidates: &[Candidate], agreement: Option<&ScopeAgreement>) -> Text {
        let names: Vec<Text> = candidates.iter().take(3).map(|c| self.name(c.category)).collect();
        let mut message = if names.is_empty() {
            Text::new(
                "未能确定类别：名称与清单中没有可依据的特征。",
                "The category could not be determined: neither name nor manifest gives anything to go by.",
            )
        } else {
            let zh: Vec<&str> = names.iter().map(|n| n.zh.as_str()).collect();
            let en: Vec<&str> = names.iter().map(|n| n.en.as_str()).collect();
            Text::new(
                format!("未能确定类别，候选：{}。", zh.join("、")),
                format!("The category could not be determined; candidates: {}.", en.join(", ")),
            )
        };
        if let Some(agreement) = agreement {
            message.zh.push_str(&agreement.message.zh);
            message.zh.push('。');
            message.en.push(' ');
            message.en.push_str(&agreement.message.en);
            message.en.push('.');
        }
        message
    }
}

/// Everything that speaks for each class.
#[derive(Debug)]
struct Weighed {
    scores: [f64; CLASSES],
    reasons: BTreeMap<u8, Vec<Reason>>,
    /// Classes with a strong word of their own in the label.
    named: Vec<u8>,
    /// All classes, likeliest first.
    ranking: Vec<(u8, f64)>,
}

impl Weighed {
    fn new() -> Self {
        Self { scores: [0.0; CLASSES], reasons: BTreeMap::new(), named: Vec::new(), ranking: Vec::new() }
    }

    fn add(&mut self, class: u8, reason: Reason) {
        if let Some(score) = self.scores.get_mut(usize::from(class)) {
            *score += reason.weight;
            self.because(class, reason);
        }
    }

    fn because(&mut self, class: u8, reason: Reason) {
        self.reasons.entry(class).or_default().push(reason);
    }

    fn rank(&mut self, with_model: bool) {
        if !with_model && self.scores.iter().all(|s| *s <= 0.0) {
            return;
        }
        let top = self.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.scores.iter().map(|s| (s - top).exp()).sum();
        self.ranking = (0u8..).zip(&self.scores).map(|(c, s)| (c, (s - top).exp() / sum)).collect();
        self.ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }

    fn score(&self, class: u8) -> f64 {
        self.scores.get(usize::from(class)).copied().unwrap_or(0.0)
    }

    fn probability(&self, class: u8) -> f64 {
        self.ranking.iter().find(|(c, _)| *c == class).map_or(0.0, |(_, p)| *p)
    }

    /// Ranks `class` first, its probability kept: a list knows better.
    fn put_first(&mut self, class: u8) {
        self.ranking.sort_by_key(|(c, _)| *c != class);
    }
}

/// Per class, a number that is equal exactly where the same information is necessary under the
/// same limits. Class 0 stands alone.
fn scope_classes(categories: &[Category]) -> [usize; CLASSES] {
    let mut seen: Vec<Vec<(String, Option<String>)>> = Vec::new();
    let mut classes = [usize::MAX; CLASSES];
    for category in categories {
        let mut scope: Vec<(String, Option<String>)> = category
            .necessary
            .iter()
            .flat_map(|item| item.info.iter())
            .filter_map(|info| match category.lists(info)? {
                Listed::Plainly => Some((info.clone(), None)),
                Listed::OnlyFor(limit) => Some((info.clone(), Some(limit.to_owned()))),
            })
            .collect();
        scope.sort();
        scope.dedup();
        let index = seen.iter().position(|s| *s == scope).unwrap_or(seen.len());
        if index == seen.len() {
            seen.push(scope);
        }
        if let Some(slot) = classes.get_mut(usize::from(category.number)) {
            *slot = index;
        }
    }
    classes
}

/// The names of an app, Chinese first, without repetitions and unresolved references.
fn label_texts(label: &Label) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for text in [&label.zh, &label.default, &label.en].into_iter().flatten() {
        let text = text.trim();
        if !text.is_empty() && !text.starts_with('@') && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Whether `text` contains `word`: Chinese anywhere, Latin as whole words in any case.
fn contains_word(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    let text = text.to_ascii_lowercase();
    let word = word.to_ascii_lowercase();
    text.match_indices(&word).any(|(at, found)| {
        let before = text.get(..at).and_then(|s| s.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|s| s.chars().next());
        !before.is_some_and(|c| c.is_ascii_alphanumeric())
            && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

fn known_numbers(categories: &[u8]) -> Vec<u8> {
    let mut numbers: Vec<u8> = Vec::new();
    for &n in categories.iter().filter(|n| (1..=39).contains(*n)) {
        if !numbers.contains(&n) {
            numbers.push(n);
        }
    }
    numbers
}

fn others(mut candidates: Vec<Candidate>, chosen: &[u8]) -> Vec<Candidate> {
    candidates.retain(|c| !chosen.contains(&c.category));
    candidates
}

fn outside_message(because: &Text) -> Text {
    Text::new(
        format!("不属于第五条所列39类常见类型。依据：{}。不作与第五条的比对。", because.zh),
        format!(
            "Not one of the 39 kinds that Article 5 names. Because: {}. The comparison with Article 5 is not applied.",
            because.en
        ),
    )
}

fn by_weight(reasons: &mut [Reason]) {
    reasons.sort_by(|a, b| {
        b.weight.total_cmp(&a.weight).then_with(|| (a.kind, &a.text).cmp(&(b.kind, &b.text)))
    });
}

/// Four decimals: more would only pretend, and differ between machines.
fn round(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rules::{
        Examples, KnownApp, LegalBasis, ManifestSignal, NecessaryItem, OutsideKind, Recognise, SignalTest,
    };

    fn category(number: u8, name: &str, info: &[&str], strong: &[&str], tokens: &[&str]) -> Category {
        Category {
            number,
            id: format!("c{number}"),
            name: name.into(),
            english: format!("kind {number}"),
            function: String::new(),
            function_english: String::new(),
            necessary: info
                .iter()
                .map(|i| NecessaryItem {
                    text: (*i).into(),
                    english: (*i).into(),
                    info: vec![(*i).into()],
                    only_for: None,
                    only_for_info: vec![],
                })
                .collect(),
            function_basis: BTreeMap::new(),
            recognise: Recognise {
                strong: strong.iter().map(|w| (*w).into()).collect(),
                medium: vec![],
                package_tokens: tokens.iter().map(|w| (*w).into()).collect(),
            },
            examples: Examples::default(),
        }
    }

    /// Six categories, one of each other tier.
    pub(crate) fn small_rules() -> Ruleset {
        let mut rules = Ruleset {
            categories: vec![
                category(9, "交通票务类", &["phone", "seat"], &["机票", "火车票"], &["train"]),
                category(13, "房屋租售类", &["phone", "house"], &["二手房"], &[]),
                category(17, "酒店服务类", &["phone", "stay"], &["酒店"], &["hotel"]),
                category(20, "本地生活类", &["phone"], &["二手"], &[]),
                category(32, "浏览器类", &[], &["浏览器"], &["browser"]),
                category(38, "实用工具类", &[], &["文件", "天气"], &["weather"]),
            ],
            ..Ruleset::default()
        };
        rules.law.insert(
            "cac-2021-14".into(),
            LegalBasis {
                id: "cac-2021-14".into(),
                articles: BTreeMap::from([("3".to_owned(), "不包括服务供给侧用户个人信息。".to_owned())]),
                ..LegalBasis::default()
            },
        );
        let known = |package: &str, categories: Vec<u8>| KnownApp {
            package: package.into(),
            name: "名".into(),
            categories,
            confidence: "high".into(),
            standing: "own-knowledge".into(),
        };
        for app in [known("a.travel", vec![17, 9]), known("a.gov", vec![])] {
            rules.recognition.known.insert(app.package.clone(), app);
        }
        rules.recognition.supply_side.push(SupplySide {
            role: Text::new("司机", "drivers"),
            label: vec!["司机端".into()],
            package_tokens: vec!["driver".into()],
        });
        rules.recognition.outside.push(OutsideKind {
            id: "government".into(),
            name: Text::new("政务", "government service"),
            label: vec!["政务".into()],
            package_tokens: vec![],
            source: String::new(),
        });
        rules.recognition.signals.push(ManifestSignal {
            id: "game".into(),
            name: Text::new("声明为游戏", "declares itself a game"),
            all: vec![SignalTest { is_game: Some(true), ..SignalTest::default() }],
            categories: BTreeMap::from([("20".to_owned(), 10.0)]),
            caveat: None,
        });
        rules
    }

    fn app(package: &str, label: &str) -> AppPackage {
        AppPackage {
            package: package.into(),
            label: Label { default: Some(label.into()), ..Label::default() },
            ..AppPackage::default()
        }
    }

    fn placed(package: &str, label: &str) -> Placement {
        let rules = small_rules();
        Categorizer::new(&rules).unwrap().place(&app(package, label), &Hints::default(), Options::default())
    }

    #[test]
    fn what_a_person_says_decides_in_order() {
        let rules = small_rules();
        let categorizer = Categorizer::new(&rules).unwrap();
        let app = app("a.travel", "酒店");
        let overridden = Override {
            package: "a.travel".into(),
            categories: vec![20],
            who: "张三".into(),
            why: "实测".into(),
            line: 2,
        };
        let mut hints = Hints {
            user: Some(vec![32]),
            listed: Some(vec![38]),
            overridden: Some(overridden),
            ..Hints::default()
        };
        let user = categorizer.place(&app, &hints, Options::default());
        assert_eq!((user.status, user.categories, user.by_user), (Status::Placed, vec![32], true));
        hints.user = None;
        assert_eq!(categorizer.place(&app, &hints, Options::default()).categories, [38]);
        hints.listed = None;
        let corrected = categorizer.place(&app, &hints, Options::default());
        assert_eq!(corrected.categories, [20]);
        assert!(
            corrected.reasons[0].text.zh.contains("张三") && corrected.reasons[0].text.zh.contains("实测")
        );
        hints.overridden = None;
        assert_eq!(categorizer.place(&app, &hints, Options::default()).categories, [17, 9]);
        hints.user = Some(vec![0]);
        assert_eq!(categorizer.place(&app, &hints, Options::default()).status, Status::OutsideThe39);
    }

    #[test]
    fn known_names_can_be_switched_off() {
        assert_eq!(placed("a.gov", "某某").status, Status::OutsideThe39);
        let rules = small_rules();
        let categorizer = Categorizer::new(&rules).unwrap();
        let off = categorizer.place(&app("a.gov", "某某"), &Hints::default(), Options { known_names: false });
        assert_eq!(off.status, Status::Undetermined);
        assert!(off.candidates.is_empty() && off.confidence.is_none());
    }

    #[test]
    fn a_strong_word_places_and_is_named() {
        let placement = placed("cn.x", "某某浏览器");
        assert_eq!((placement.status, placement.categories.as_slice()), (Status::Placed, &[32u8][..]));
        assert_eq!(placement.reasons[0].kind, ReasonKind::Label);
        assert!(placement.reasons[0].text.zh.contains("浏览器"));
        assert!(placement.message.zh.starts_with("归入浏览器类（第五条第(三十二)项）"));
    }

    #[test]
    fn a_longer_word_hides_the_shorter_inside_it() {
        assert_eq!(placed("cn.x", "某某二手房").categories, [13]);
        assert_eq!(placed("cn.x", "某某二手").categories, [20]);
    }

    #[test]
    fn a_tie_of_scopes_that_agree_proceeds() {
        let tie = placed("cn.x.weather.browser", "某某");
        assert_eq!(tie.status, Status::Undetermined);
        let agreement = tie.scope_agreement.unwrap();
        assert_eq!(agreement.agreeing, [32, 38]);
        assert!(agreement.message.zh.contains("无须个人信息"));
        let other = placed("cn.x.weather.hotel", "某某");
        assert_eq!((other.status, other.scope_agreement), (Status::Undetermined, None));
        assert_eq!(other.candidates.len(), 2);
    }

    #[test]
    fn words_side_by_side_make_several() {
        let placement = placed("cn.x", "某某酒店机票");
        assert_eq!(placement.status, Status::Placed);
        assert_eq!(placement.categories, [9, 17]);
        assert!(placement.message.zh.contains("并集"));
    }

    #[test]
    fn supply_side_and_outside_are_told_apart() {
        let supply = placed("cn.x", "某某酒店司机端");
        assert_eq!(supply.status, Status::SupplySide);
        assert!(supply.message.zh.contains("不包括服务供给侧用户个人信息"));
        assert_eq!(supply.candidates[0].category, 17);
        assert_eq!(placed("cn.x.driver", "某某").status, Status::SupplySide);
        let outside = placed("cn.x", "某市政务");
        assert_eq!(outside.status, Status::OutsideThe39);
        assert_eq!(outside.reasons[0].kind, ReasonKind::Outside);
    }

    #[test]
    fn a_manifest_signal_weighs_against_words() {
        let rules = small_rules();
        let categorizer = Categorizer::new(&rules).unwrap();
        let mut game = app("cn.x", "某某");
        game.is_game = Some(true);
        let placement = categorizer.place(&game, &Hints::default(), Options::default());
        assert_eq!((placement.status, placement.categories), (Status::Placed, vec![20]));
        assert_eq!(placement.reasons[0].kind, ReasonKind::Manifest);
        game.label.default = Some("某某浏览器".into());
        let torn = categorizer.place(&game, &Hints::default(), Options::default());
        assert_eq!(torn.status, Status::Undetermined);
        assert_eq!(torn.candidates.len(), 2);
    }

    #[test]
    fn an_unresolved_label_is_no_label() {
        assert_eq!(placed("cn.x", "@string/浏览器").status, Status::Undetermined);
    }

    #[test]
    fn words_are_matched_whole_in_latin() {
        assert!(contains_word("My Hotel App", "hotel"));
        assert!(!contains_word("hotelier", "hotel"));
        assert!(contains_word("某司机端", "司机端"));
    }

    #[test]
    fn scope_classes_follow_the_necessary_information() {
        let rules = small_rules();
        let categorizer = Categorizer::new(&rules).unwrap();
        assert!(categorizer.same_scope(32, 38));
        assert!(!categorizer.same_scope(20, 38));
        assert!(!categorizer.same_scope(0, 38));
    }
}
