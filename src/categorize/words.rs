//! Words: what the rules name ([`Lexicon`]) and what was learnt ([`WordModel`]).
//!
//! The words model is a multinomial logistic regression over inspectable features: pieces of the
//! label (Chinese n-grams of 1–4 characters, Latin words), pieces of the package name, and the
//! rules' own words as features of their category. Each weight belongs to one written-out piece.

use std::collections::HashMap;

use super::{CLASSES, Reason, ReasonKind, WordModel};
use crate::rules::Ruleset;
use crate::text::Text;

/// Longest label that is looked at, in characters: names are short, text is not a name.
const MAX_LABEL: usize = 48;
/// Longest word of the rules that is looked for, in characters.
const MAX_WORD: usize = 12;
/// Texts of an app that are looked at.
const MAX_STRINGS: usize = 20_000;

/// A piece of an app's name that weights stand on.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Unique: a letter for the kind, and the piece.
    pub key: String,
    /// How much of it there is.
    pub value: f64,
    /// What it is a piece of.
    pub kind: FeatureKind,
}

/// What a [`Feature`] is a piece of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureKind {
    /// A strong word of a category's rules, in the label.
    Strong,
    /// A medium word of a category's rules, in the label.
    Medium,
    /// A token of a category's rules, in the package name.
    Token,
    /// A word or token of a kind outside the 39.
    Outside,
    /// A piece of the label.
    Label,
    /// A piece of the package name.
    Package,
}

/// A word of the rules found in a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LexiconHit {
    /// The class that it speaks for; 0 for kinds outside the 39.
    pub class: u8,
    /// Which list it stands in.
    pub kind: FeatureKind,
    /// The word.
    pub word: String,
    /// For a kind outside the 39: its index in the rules.
    pub outside: Option<usize>,
}

/// The words of all rules, by word.
#[derive(Debug)]
pub struct Lexicon<'r> {
    label: HashMap<String, Vec<Entry>>,
    tokens: HashMap<&'r str, Vec<Entry>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    class: u8,
    kind: FeatureKind,
    outside: Option<usize>,
}

impl<'r> Lexicon<'r> {
    /// Indexes the words of the rules.
    pub fn new(rules: &'r Ruleset) -> Self {
        let mut label: HashMap<String, Vec<Entry>> = HashMap::new();
        let mut tokens: HashMap<&'r str, Vec<Entry>> = HashMap::new();
        for category in &rules.categories {
            let class = category.number;
            let entry = |kind| Entry { class, kind, outside: None };
            for word in &category.recognise.strong {
                label.entry(normal(word)).or_default().push(entry(FeatureKind::Strong));
            }
            for word in &category.recognise.medium {
                label.entry(normal(word)).or_default().push(entry(FeatureKind::Medium));
            }
            for token in &category.recognise.package_tokens {
                tokens.entry(token).or_default().push(entry(FeatureKind::Token));
            }
        }
        for (index, kind) in rules.recognition.outside.iter().enumerate() {
            let entry = Entry { class: 0, kind: FeatureKind::Outside, outside: Some(index) };
            for word in &kind.label {
                label.entry(normal(word)).or_default().push(entry);
            }
            for token in &kind.package_tokens {
                tokens.entry(token).or_default().push(entry);
            }
        }
        Self { label, tokens }
    }

    /// The words of the rules in the labels and tokens; of words that overlap, the longer one.
    pub(super) fn hits(&self, labels: &[&str], tokens: &[String]) -> Vec<LexiconHit> {
        let mut hits: Vec<LexiconHit> = Vec::new();
        let mut push = |word: &str, entries: &[Entry]| {
            for e in entries {
                let hit =
                    LexiconHit { class: e.class, kind: e.kind, word: word.to_owned(), outside: e.outside };
                if !hits.contains(&hit) {
                    hits.push(hit);
                }
            }
        };
        for text in labels {
            self.scan(&normal(text), &mut push);
        }
        for token in tokens {
            if let Some(entries) = self.tokens.get(token.as_str()) {
                push(token, entries);
                continue;
            }
            // `hainanbank`, `mobilebank`: a long token at either end of a run-together segment.
            for cut in 4..token.len().saturating_sub(1) {
                for piece in [token.get(..cut), token.get(token.len() - cut..)].into_iter().flatten() {
                    if let Some(entries) = self.tokens.get(piece) {
                        push(piece, entries);
                    }
                }
            }
        }
        hits
    }

    /// Calls `push` with every word found in a normalised text that is not inside a longer one.
    fn scan(&self, text: &str, push: &mut dyn FnMut(&str, &[Entry])) {
        let starts: Vec<usize> = text
            .char_indices()
            .map(|(i, _)| i)
            .chain(std::iter::once(text.len()))
            .take(MAX_LABEL + 1)
            .collect();
        let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let mut reach = 0usize;
        for (i, &from) in starts.iter().enumerate() {
            let longest = (i + 1..starts.len().min(i + 1 + MAX_WORD * 2)).rev().find_map(|j| {
                let to = *starts.get(j)?;
                let word = text.get(from..to)?;
                let entries = self.label.get(word)?;
                let cut_open = word.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && latin(text.get(..from).and_then(|s| s.chars().next_back()))
                    || word.ends_with(|c: char| c.is_ascii_alphanumeric())
                        && latin(text.get(to..).and_then(|s| s.chars().next()));
                (!cut_open).then_some((to, word, entries))
            });
            if let Some((to, word, entries)) = longest
                && to > reach
            {
                reach = to;
                push(word, entries);
            }
        }
    }

    /// The class that the texts speak for most, if any clearly: class, weight, its commonest word
    /// and the number of texts.
    pub(super) fn in_strings(&self, texts: &[String]) -> Option<(u8, f64, String, usize)> {
        let mut counts = [0usize; CLASSES];
        let mut words: Vec<HashMap<String, usize>> = vec![HashMap::new(); CLASSES];
        for text in texts.iter().take(MAX_STRINGS).filter(|t| t.len() <= 3 * MAX_LABEL) {
            let mut classes: Vec<u8> = Vec::new();
            self.scan(&normal(text), &mut |word, entries| {
                for e in
                    entries.iter().filter(|e| matches!(e.kind, FeatureKind::Strong | FeatureKind::Outside))
                {
                    if !classes.contains(&e.class) {
                        classes.push(e.class);
                    }
                    if let Some(seen) = words.get_mut(usize::from(e.class)) {
                        *seen.entry(word.to_owned()).or_default() += 1;
                    }
                }
            });
            for class in classes {
                if let Some(count) = counts.get_mut(usize::from(class)) {
                    *count += 1;
                }
            }
        }
        let total: usize = counts.iter().sum();
        let (class, count) =
            (0u8..).zip(counts).max_by_key(|(class, count)| (*count, std::cmp::Reverse(*class)))?;
        let share = count as f64 / total.max(1) as f64;
        if count < 5 || share < 0.25 {
            return None;
        }
        let seen = words.get(usize::from(class))?;
        let word = seen.iter().max_by_key(|(w, n)| (**n, std::cmp::Reverse(w.as_str())))?.0.clone();
        Some((class, 4.0 * share, word, count))
    }
}

/// Lower case, full-width Latin to half-width, runs of spaces to one, cut at 48 characters.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars().take(MAX_LABEL) {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{a0}' => ' ',
            other => other,
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The tokens of a package name: segments, and their parts at `_`, `-`, case changes and digits;
/// lower case, in order, without repetitions and without segments that every name has.
pub(super) fn tokens_of_package(package: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut push = |token: &str| {
        let token = token.to_ascii_lowercase();
        if token.len() > 1 && !is_idle(&token) && !tokens.contains(&token) {
            tokens.push(token);
        }
    };
    for segment in package.split('.') {
        push(segment);
        let mut part = String::new();
        let mut before: Option<char> = None;
        for c in segment.chars() {
            let boundary = !c.is_ascii_alphabetic()
                || (c.is_ascii_uppercase() && before.is_some_and(|b| b.is_ascii_lowercase()));
            if boundary && !part.is_empty() {
                push(&part);
                part.clear();
            }
            if c.is_ascii_alphabetic() {
                part.push(c);
            }
            before = Some(c);
        }
        push(&part);
    }
    tokens
}

/// Segments that say nothing about what an app is for.
fn is_idle(token: &str) -> bool {
    matches!(
        token,
        "com"
            | "cn"
            | "org"
            | "net"
            | "io"
            | "me"
            | "co"
            | "android"
            | "app"
            | "apps"
            | "mobile"
            | "client"
            | "www"
            | "phone"
            | "activity"
            | "ui"
            | "main"
            | "release"
            | "pro"
            | "lite"
    )
}

/// All features of a name: those of [`features`] and those of [`lexicon_features`].
pub(super) fn all_features(labels: &[&str], package: &str, hits: &[LexiconHit]) -> Vec<Feature> {
    let mut all = features(labels, package);
    all.extend(lexicon_features(hits));
    all
}

/// The rules' words as features of their category.
pub fn lexicon_features(hits: &[LexiconHit]) -> Vec<Feature> {
    let mut found: Vec<Feature> = Vec::new();
    for hit in hits {
        let letter = match hit.kind {
            FeatureKind::Strong => 'S',
            FeatureKind::Medium => 'M',
            FeatureKind::Token => 'T',
            _ => 'O',
        };
        let key = format!("{letter}{}", hit.class);
        if !found.iter().any(|f| f.key == key) {
            found.push(Feature { key, value: 1.0, kind: hit.kind });
        }
    }
    found
}

/// The pieces of the labels and the package name.
pub fn features(labels: &[&str], package: &str) -> Vec<Feature> {
    let mut found: HashMap<String, (f64, FeatureKind)> = HashMap::with_capacity(128);
    for label in labels {
        label_pieces(&normal(label), &mut |key, value| {
            found.entry(key).or_insert((value, FeatureKind::Label));
        });
    }
    package_pieces(package, &mut |key, value| {
        found.entry(key).or_insert((value, FeatureKind::Package));
    });
    let mut list: Vec<Feature> =
        found.into_iter().map(|(key, (value, kind))| Feature { key, value, kind }).collect();
    list.sort_by(|a, b| a.key.cmp(&b.key));
    list
}

fn label_pieces(label: &str, push: &mut dyn FnMut(String, f64)) {
    let mut runs: Vec<(bool, Vec<char>)> = Vec::new();
    for c in label.chars() {
        if !c.is_alphanumeric() {
            runs.push((false, Vec::new()));
            continue;
        }
        let wide = !c.is_ascii();
        match runs.last_mut() {
            Some((w, run)) if *w == wide && !run.is_empty() => run.push(c),
            _ => runs.push((wide, vec![c])),
        }
    }
    runs.retain(|(_, run)| !run.is_empty());
    // A name of one Latin word is its word.
    if !label.bytes().all(|b| b.is_ascii_alphanumeric()) {
        push(format!("={}", label.replace(' ', "")), 1.0);
    }
    for (at, (wide, run)) in runs.iter().enumerate() {
        if !wide {
            let word: String = run.iter().collect();
            push(format!("w{word}"), 1.0);
            if let Some((false, next)) = runs.get(at + 1) {
                push(format!("w{word} {}", next.iter().collect::<String>()), 1.0);
            }
            grams(&word, 3..=5, &mut |g| push(format!("c{g}"), 0.3));
            continue;
        }
        for size in 1..=4usize {
            for (i, gram) in run.windows(size).enumerate() {
                let text: String = gram.iter().collect();
                if i + size == run.len() && at + 1 == runs.len() {
                    push(format!("${text}"), if size == 1 { 0.5 } else { 1.0 });
                }
                if i == 0 && at == 0 && size >= 2 {
                    push(format!("^{text}"), 0.5);
                }
                push(format!("g{text}"), if size == 1 { 0.5 } else { 1.0 });
            }
        }
    }
}

fn package_pieces(package: &str, push: &mut dyn FnMut(String, f64)) {
    let lower = package.to_ascii_lowercase();
    let mut segments = lower.split('.');
    if let (Some(first), Some(second)) = (segments.next(), segments.next()) {
        push(format!("d{first}.{second}"), 0.7);
    }
    for token in tokens_of_package(package) {
        grams(&token, 3..=5, &mut |g| push(format!("n{g}"), 0.35));
        push(format!("p{token}"), 1.0);
    }
}

/// The pieces of an ASCII word of the sizes given, shorter than the word itself, with `^` and `$`
/// at its ends.
fn grams(word: &str, sizes: std::ops::RangeInclusive<usize>, push: &mut dyn FnMut(&str)) {
    if !word.is_ascii() {
        return;
    }
    let framed = format!("^{word}$");
    for size in sizes {
        for from in 0..framed.len().saturating_sub(size - 1) {
            if let Some(piece) = framed.get(from..from + size) {
                push(piece);
            }
        }
    }
}

/// Adds the weights of the features to the scores of the classes.
pub(super) fn score(model: &WordModel, features: &[Feature], scores: &mut [f64; CLASSES]) {
    let mut add = |class: u8, weight: f64| {
        if let Some(score) = scores.get_mut(usize::from(class)) {
            *score += weight;
        }
    };
    for (class, weight) in model.weights(WordModel::BIAS) {
        add(class, weight);
    }
    for feature in features {
        for (class, weight) in model.weights(&feature.key) {
            add(class, weight * feature.value);
        }
    }
}

/// What a feature adds to a class.
pub(super) fn contribution(model: &WordModel, feature: &Feature, class: u8) -> f64 {
    model.weights(&feature.key).find(|(c, _)| *c == class).map_or(0.0, |(_, w)| w * feature.value)
}

/// The reason that a feature gives for a class.
pub(super) fn reason(
    feature: &Feature,
    hits: &[LexiconHit],
    class: u8,
    weight: f64,
    rules: &Ruleset,
) -> Reason {
    let of_class = hits.iter().find(|h| h.kind == feature.kind && h.class == class);
    match feature.kind {
        FeatureKind::Strong | FeatureKind::Medium | FeatureKind::Token | FeatureKind::Outside => {
            match of_class {
                Some(hit) => lexicon_reason(hit, weight, rules),
                None => learnt_reason("规则词", "a word of the rules", &feature.key, class, weight),
            }
        }
        FeatureKind::Label => {
            let piece = feature.key.get(1..).unwrap_or_default();
            learnt_reason("名称中的", "in the label:", piece, class, weight)
        }
        FeatureKind::Package => {
            let piece = feature.key.get(1..).unwrap_or_default();
            learnt_reason("包名中的", "in the package name:", piece, class, weight)
        }
    }
}

fn learnt_reason(zh: &str, en: &str, piece: &str, class: u8, weight: f64) -> Reason {
    let piece = piece.trim_matches(['^', '$']);
    Reason {
        kind: ReasonKind::Words,
        category: Some(class).filter(|&c| c != 0),
        weight: super::round(weight),
        text: Text::new(format!("{zh}“{piece}”（词语模型）"), format!("{en} \"{piece}\" (words model)")),
    }
}

/// The reason that a word of the rules gives.
pub(super) fn lexicon_reason(hit: &LexiconHit, weight: f64, rules: &Ruleset) -> Reason {
    let outside = hit.outside.and_then(|i| rules.recognition.outside.get(i));
    let (kind, text) = match (hit.kind, outside) {
        (_, Some(kind)) => (
            ReasonKind::Outside,
            Text::new(
                format!("含“{}”，属{}应用", hit.word, kind.name.zh),
                format!("\"{}\": {}", hit.word, kind.name.en),
            ),
        ),
        (FeatureKind::Token, None) => (
            ReasonKind::PackageToken,
            Text::new(format!("包名含“{}”", hit.word), format!("the package name has \"{}\"", hit.word)),
        ),
        _ => (
            ReasonKind::Label,
            Text::new(format!("名称含“{}”", hit.word), format!("the label has \"{}\"", hit.word)),
        ),
    };
    Reason { kind, category: Some(hit.class).filter(|&c| c != 0), weight: super::round(weight), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_split_and_idle_ones_dropped() {
        assert_eq!(tokens_of_package("com.baidu.BaiduMap"), ["baidu", "baidumap", "map"]);
        assert_eq!(tokens_of_package("com.x1.my_bank2"), ["x1", "my_bank2", "my", "bank"]);
        assert!(tokens_of_package("").is_empty());
    }

    #[test]
    fn pieces_of_a_name() {
        let keys: Vec<String> =
            features(&["今日天气Pro"], "com.moji.mjweather").into_iter().map(|f| f.key).collect();
        for key in ["=今日天气pro", "g天气", "^今日", "wpro", "dcom.moji", "pmjweather", "nather"] {
            assert!(keys.iter().any(|k| k == key), "{key} not in {keys:?}");
        }
        assert!(!keys.iter().any(|k| k == "$天气"), "the Latin word is the end");
    }

    #[test]
    fn scores_are_sums_of_weights() {
        let text = "piscope-words/1\ncommit 0.9\nscope 0.95\n*\t0:-50 38:100\ng天气\t38:400 30:-25\n";
        let model = WordModel::parse(text).unwrap();
        let mut scores = [0.0; CLASSES];
        let found = features(&["天气"], "");
        score(&model, &found, &mut scores);
        assert!(
            (scores[38] - 5.0).abs() < 1e-9
                && (scores[30] + 0.25).abs() < 1e-9
                && (scores[0] + 0.5).abs() < 1e-9
        );
        let piece = found.iter().find(|f| f.key == "g天气").unwrap();
        assert!((contribution(&model, piece, 38) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn full_width_letters_are_read_as_plain_ones() {
        assert_eq!(normal(" ＷｉＦｉ　 管家 "), "wifi 管家");
    }
}
