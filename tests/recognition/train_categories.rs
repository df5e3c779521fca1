//! Trains the words model of category recognition, and measures it by cross-validation.
//!
//! ```text
//! cargo run --release --example train_categories -- measure           # figures, nothing written
//! cargo run --release --example train_categories -- holdout ROWS.csv  # trained without these rows
//! cargo run --release --example train_categories -- write [OUT]       # app-categories/common/words/model.txt
//! ```
//!
//! Rows: the list of known packages of the rules (their names, not the list, are what the model
//! sees), `tests/recognition/own.csv`, and the patterns of `tests/recognition/patterns.txt`. Folds
//! are cut by developer, the first two labels of the package name; a fold's model never sees a row
//! of a developer in the fold, nor a row with the name of an app in it. Deterministic: fixed order,
//! fixed seeds, one thread per fold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use piscope::categorize::eval::{EvalRow, Evaluation, Evaluator, read_rows};
use piscope::categorize::{CLASSES, Categorizer, Options, WordModel};
use piscope::rules::Ruleset;
use piscope::text::Lang;

const FOLDS: u64 = 10;
const EPOCHS: usize = 8;
const RATE: f32 = 0.15;
/// Shrinks a weight at each of its updates.
const DECAY: f32 = 2e-3;
/// Weights between these are not stored.
const LEAST: f32 = 0.30;
const LEAST_AGAINST: f32 = -0.50;

/// Where a row comes from, and so how much it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The rules' list of known packages; the only rows that are held out.
    Known,
    /// Written from own knowledge.
    Own,
    /// A typical form of a name.
    Pattern,
    /// The label, or the package name, of another row alone: neither may lean on the other.
    Half,
}

impl Standing {
    /// How much a row counts in training.
    fn share(self) -> f32 {
        match self {
            Standing::Known | Standing::Own => 1.0,
            Standing::Pattern => 0.4,
            Standing::Half => 0.5,
        }
    }
}

#[derive(Clone)]
struct Row {
    package: String,
    label: String,
    category: u8,
    /// All that count as right.
    right: Vec<u8>,
    standing: Standing,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_else(|| "measure".into());
    let rules = Ruleset::embedded();
    let rows = all_rows(rules);
    let categorizer = Categorizer::with_model(rules, None);
    let examples = Examples::new(&categorizer, &rows);
    eprintln!("{} rows, {} features", rows.len(), examples.names.len());
    let held_out = cross_validate(&examples, &rows);
    let temperature = fit_temperature(&held_out, &rows);
    eprintln!("temperature {temperature:.3}");
    let (commit, scope) = thresholds(&held_out, &rows, temperature, &categorizer);
    eprintln!("commit {commit:.3}, scope {scope:.3}");
    match mode.as_str() {
        "measure" => {
            let evaluation = measure(rules, &examples, &rows, temperature, commit, scope);
            println!("{}", evaluation.text(&categorizer, Lang::En));
            if std::env::var_os("WRONG").is_some() {
                for w in &evaluation.wrong {
                    println!(
                        "{} | {} | {:?} | {:?} | {:?} {}",
                        w.label, w.package, w.right, w.likeliest, w.confidence, w.committed
                    );
                }
            }
        }
        "holdout" => {
            let path = args.next().expect("holdout FILE.csv");
            let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
            let held = read_rows(&bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
            let chosen = seen_without(&held, &rows);
            eprintln!("{} rows left to train on", chosen.len());
            let weights = train(&examples, &rows, &chosen, EPOCHS);
            let model = WordModel::parse(&render(&examples, &weights, temperature, commit, scope))
                .unwrap_or_else(|e| panic!("{e}"));
            let placer = Categorizer::with_model(rules, Some(&model));
            let mut evaluator = Evaluator::new(&placer);
            for row in &held {
                evaluator.place(row, Options { known_names: false });
            }
            let evaluation = evaluator.finish();
            println!("{}", evaluation.text(&categorizer, Lang::En));
            for w in &evaluation.wrong {
                println!("{} | {} | {:?} | {:?}", w.label, w.package, w.right, w.likeliest);
            }
        }
        "write" => {
            let everything: Vec<usize> = (0..rows.len()).collect();
            let weights = train(&examples, &rows, &everything, EPOCHS);
            let text = render(&examples, &weights, temperature, commit, scope);
            let out = args.next().unwrap_or_else(|| "app-categories/common/words/model.txt".into());
            std::fs::write(&out, &text).unwrap_or_else(|e| panic!("{out}: {e}"));
            eprintln!("{out}: {} bytes, {} lines", text.len(), text.lines().count());
        }
        other => panic!("unknown mode {other}: measure or write"),
    }
}

fn all_rows(rules: &Ruleset) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for app in rules.recognition.known.values() {
        let right = if app.categories.is_empty() { vec![0] } else { app.categories.clone() };
        rows.push(Row {
            package: app.package.clone(),
            label: app.name.clone(),
            category: right[0],
            right,
            standing: Standing::Known,
        });
    }
    let known: BTreeSet<(String, String)> =
        rows.iter().map(|r| (r.package.clone(), r.label.clone())).collect();
    let read = |name: &str| {
        let path = format!("{}/tests/recognition/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
    };
    for row in read_rows(read("own.csv").as_bytes()).unwrap_or_else(|e| panic!("own.csv: {e}")) {
        if !known.contains(&(row.package.clone(), row.label.clone())) {
            rows.push(plain(row.package, row.label, row.categories[0], Standing::Own));
        }
    }
    for (category, label, package) in patterns(&read("patterns.txt")) {
        rows.push(plain(package, label, category, Standing::Pattern));
    }
    let halves: Vec<Row> = rows
        .iter()
        .filter(|r| !r.package.is_empty() && !r.label.is_empty())
        .flat_map(|r| {
            let half = |package: &str, label: &str| Row {
                package: package.to_owned(),
                label: label.to_owned(),
                standing: Standing::Half,
                ..r.clone()
            };
            [half("", &r.label), half(&r.package, "")]
        })
        .collect();
    rows.extend(halves);
    rows
}

fn plain(package: String, label: String, category: u8, standing: Standing) -> Row {
    Row { package, label, category, right: vec![category], standing }
}

/// `CATEGORY<TAB>COUNT<TAB>LABEL|PACKAGE`, where `{a,b,c}` is one of these and `{NAME}` one of the
/// list `NAME = a b c` defined above it; COUNT rows are drawn from each.
fn patterns(text: &str) -> Vec<(u8, String, String)> {
    let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut rows = BTreeSet::new();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some((name, words)) = line.split_once(" = ") {
            lists.insert(name, words.split_whitespace().collect());
            continue;
        }
        let mut cells = line.split('\t');
        let (Some(category), Some(count), Some(template)) = (cells.next(), cells.next(), cells.next()) else {
            panic!("patterns.txt: {line}");
        };
        let category: u8 = category.parse().unwrap_or_else(|_| panic!("patterns.txt: {line}"));
        for _ in 0..count.parse::<usize>().unwrap_or_else(|_| panic!("patterns.txt: {line}")) {
            let filled = fill(template, &lists, &mut dice);
            let (label, package) = filled.split_once('|').unwrap_or((&filled, ""));
            rows.insert((category, label.to_owned(), package.to_owned()));
        }
    }
    rows.into_iter().collect()
}

fn fill(template: &str, lists: &HashMap<&str, Vec<&str>>, dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (choice, tail) = after.split_once('}').unwrap_or_else(|| panic!("patterns.txt: {template}"));
        let words: Vec<&str> = lists.get(choice).cloned().unwrap_or_else(|| choice.split(',').collect());
        out.push_str(words[dice.below(words.len())]);
        rest = tail;
    }
    out + rest
}

/// A fixed sequence of numbers (xorshift), so that every run draws the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }
}

/// All rows as numbered features.
struct Examples {
    names: Vec<String>,
    rows: Vec<Vec<(u32, f32)>>,
}

impl Examples {
    fn new(categorizer: &Categorizer<'_>, rows: &[Row]) -> Self {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let found: Vec<Vec<(String, f32)>> = rows
            .iter()
            .map(|row| {
                let features = categorizer.features(&row.label, &row.package);
                features.into_iter().map(|f| (f.key, f.value as f32)).collect()
            })
            .collect();
        for (key, _) in found.iter().flatten() {
            *counts.entry(key.clone()).or_default() += 1;
        }
        // A piece that occurs once tells nothing about other names, except a whole name or word.
        counts.retain(|key, n| {
            let least = match key.as_bytes().first() {
                Some(b'=' | b'w' | b'p') => 1,
                Some(b'c' | b'n') => 4,
                _ => 2,
            };
            *n >= least
        });
        let names: Vec<String> = counts.into_keys().collect();
        let index: HashMap<&str, u32> = names.iter().zip(0u32..).map(|(n, i)| (n.as_str(), i)).collect();
        let rows = found
            .iter()
            .map(|row| row.iter().filter_map(|(k, v)| Some((*index.get(k.as_str())?, *v))).collect())
            .collect();
        Self { names, rows }
    }
}

/// Weights by feature and class; the last row is the bias.
type Weights = Vec<[f32; CLASSES]>;

fn train(examples: &Examples, rows: &[Row], chosen: &[usize], epochs: usize) -> Weights {
    let bias = examples.names.len();
    let mut weights: Weights = vec![[0.0; CLASSES]; bias + 1];
    let mut gradients: Weights = vec![[1e-2; CLASSES]; bias + 1];
    let mut order = chosen.to_vec();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..epochs {
        for i in (1..order.len()).rev() {
            order.swap(i, dice.below(i + 1));
        }
        for &n in &order {
            let share = rows[n].standing.share();
            let probabilities = softmax(&scores(examples, &weights, n), 1.0);
            let mut errors = [0.0f32; CLASSES];
            for (class, error) in errors.iter_mut().enumerate() {
                let target = if usize::from(rows[n].category) == class { 1.0 } else { 0.0 };
                *error = share * (probabilities[class] - target);
            }
            let mut update = |feature: usize, value: f32| {
                let (weight, sum) = (&mut weights[feature], &mut gradients[feature]);
                for class in 0..CLASSES {
                    let g = errors[class] * value + DECAY * weight[class];
                    sum[class] += g * g;
                    weight[class] -= RATE * g / sum[class].sqrt();
                }
            };
            for &(feature, value) in &examples.rows[n] {
                update(feature as usize, value);
            }
            update(bias, 0.1);
        }
    }
    // Here and not when the text is written: temperature and thresholds are those of what is stored.
    for weight in weights[..bias].iter_mut().flatten() {
        if *weight < LEAST && *weight > LEAST_AGAINST {
            *weight = 0.0;
        }
    }
    weights
}

fn scores(examples: &Examples, weights: &Weights, row: usize) -> [f32; CLASSES] {
    let mut sums = weights[examples.names.len()].map(|w| w * 0.1);
    for &(feature, value) in &examples.rows[row] {
        for (sum, weight) in sums.iter_mut().zip(&weights[feature as usize]) {
            *sum += weight * value;
        }
    }
    sums
}

fn softmax(scores: &[f32; CLASSES], temperature: f32) -> [f32; CLASSES] {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exp = scores.map(|s| ((s - top) / temperature).exp());
    let sum: f32 = exp.iter().sum();
    exp.map(|e| e / sum)
}

fn developer(package: &str) -> String {
    package.to_ascii_lowercase().split('.').take(2).collect::<Vec<_>>().join(".")
}

/// The name without what editions of one app differ in.
fn core_name(label: &str) -> String {
    let mut name = label.to_lowercase().replace([' ', '·', '-'], "");
    for suffix in ["极速版", "lite", "国际版", "hd", "概念版", "大字版", "免费版", "pro", "app"]
    {
        if let Some(short) = name.strip_suffix(suffix)
            && short.chars().count() > 1
        {
            name = short.to_owned();
        }
    }
    name
}

fn fold_of(row: &Row) -> u64 {
    let hash = developer(&row.package)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 20) % FOLDS
}

/// The rows that a fold's model may see.
fn seen_by(fold: u64, rows: &[Row]) -> Vec<usize> {
    let held: Vec<&Row> =
        rows.iter().filter(|r| r.standing == Standing::Known && fold_of(r) == fold).collect();
    let developers: BTreeSet<String> = held.iter().map(|r| developer(&r.package)).collect();
    let names: BTreeSet<String> = held.iter().map(|r| core_name(&r.label)).collect();
    (0..rows.len())
        .filter(|&n| {
            let row = &rows[n];
            let held_out = row.standing == Standing::Known && fold_of(row) == fold;
            let same_developer = !row.package.is_empty() && developers.contains(&developer(&row.package));
            let same_name = names.contains(&core_name(&row.label));
            !(held_out || same_developer || same_name)
        })
        .collect()
}

/// The rows that share neither developer nor name with those held out.
fn seen_without(held: &[EvalRow], rows: &[Row]) -> Vec<usize> {
    let developers: BTreeSet<String> =
        held.iter().filter(|r| !r.package.is_empty()).map(|r| developer(&r.package)).collect();
    let names: BTreeSet<String> = held.iter().map(|r| core_name(&r.label)).collect();
    (0..rows.len())
        .filter(|&n| {
            !developers.contains(&developer(&rows[n].package)) && !names.contains(&core_name(&rows[n].label))
        })
        .collect()
}

/// Scores of every known row by a model that saw neither it nor its developer.
fn cross_validate(examples: &Examples, rows: &[Row]) -> HashMap<usize, [f32; CLASSES]> {
    let results: Vec<(usize, [f32; CLASSES])> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2u64)
            .map(|worker| {
                scope.spawn(move || {
                    let mut found = Vec::new();
                    for fold in (0..FOLDS).filter(|f| f % 2 == worker) {
                        let weights = train(examples, rows, &seen_by(fold, rows), EPOCHS);
                        for (n, row) in rows.iter().enumerate() {
                            if row.standing == Standing::Known && fold_of(row) == fold {
                                found.push((n, scores(examples, &weights, n)));
                            }
                        }
                    }
                    found
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("a fold does not panic")).collect()
    });
    results.into_iter().collect()
}

/// The temperature at which held-out probabilities fit best (least log loss).
fn fit_temperature(held_out: &HashMap<usize, [f32; CLASSES]>, rows: &[Row]) -> f32 {
    let mut ordered: Vec<usize> = held_out.keys().copied().collect();
    ordered.sort_unstable();
    let loss = |temperature: f32| -> f64 {
        ordered
            .iter()
            .map(|n| {
                let p = softmax(&held_out[n], temperature);
                let right: f32 = rows[*n].right.iter().map(|&c| p[usize::from(c)]).sum();
                -f64::from(right.max(1e-9)).ln()
            })
            .sum()
    };
    let candidates = (4..=60).map(|i| i as f32 * 0.05);
    candidates.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}

/// The least probabilities at which commitments to a category, and to a scope, held out were right
/// in 97 % (96 %) of cases.
fn thresholds(
    held_out: &HashMap<usize, [f32; CLASSES]>,
    rows: &[Row],
    temperature: f32,
    categorizer: &Categorizer<'_>,
) -> (f64, f64) {
    let mut single: Vec<(f64, bool)> = Vec::new();
    let mut shared: Vec<(f64, bool)> = Vec::new();
    let mut ordered: Vec<usize> = held_out.keys().copied().collect();
    ordered.sort_unstable();
    for n in ordered {
        let p = softmax(&held_out[&n], temperature);
        let top = (0..CLASSES).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0) as u8;
        single.push((f64::from(p[usize::from(top)]), rows[n].right.contains(&top)));
        if top != 0 {
            let group: f32 =
                (0..40u8).filter(|&c| categorizer.same_scope(c, top)).map(|c| p[usize::from(c)]).sum();
            let right = rows[n].right.iter().any(|&c| categorizer.same_scope(c, top));
            shared.push((f64::from(group), right));
        }
    }
    (least(single, 0.97), least(shared, 0.96))
}

fn least(mut stated: Vec<(f64, bool)>, precision: f64) -> f64 {
    stated.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut right = 0usize;
    let mut best = 1.0;
    for (n, (p, ok)) in stated.iter().enumerate() {
        right += usize::from(*ok);
        if right as f64 >= precision * (n + 1) as f64 {
            best = *p;
        }
    }
    (best * 1000.0).floor() / 1000.0
}

/// The figures of the whole path (text of the model, parsed again, placing) on held-out rows.
fn measure(
    rules: &Ruleset,
    examples: &Examples,
    rows: &[Row],
    temperature: f32,
    commit: f64,
    scope: f64,
) -> Evaluation {
    let base = Categorizer::with_model(rules, None);
    let mut evaluator = Evaluator::new(&base);
    for fold in 0..FOLDS {
        let weights = train(examples, rows, &seen_by(fold, rows), EPOCHS);
        let text = render(examples, &weights, temperature, commit, scope);
        let model = WordModel::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let categorizer = Categorizer::with_model(rules, Some(&model));
        for (n, row) in rows.iter().enumerate() {
            if row.standing == Standing::Known && fold_of(row) == fold {
                let row = EvalRow {
                    package: row.package.clone(),
                    label: row.label.clone(),
                    categories: row.right.clone(),
                    path: None,
                    line: n as u64 + 1,
                };
                let placed =
                    categorizer.place(&row.as_package(), &Default::default(), Options { known_names: false });
                evaluator.add(&row, &placed);
            }
        }
    }
    evaluator.finish()
}

fn render(examples: &Examples, weights: &Weights, temperature: f32, commit: f64, scope: f64) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |name: &str, row: &[f32; CLASSES], factor: f32| {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(class, w)| (class, w * factor / temperature))
            .filter(|(_, w)| w.abs() >= 0.005)
            .map(|(class, w)| format!("{class}:{}", (w * 100.0).round() as i16))
            .collect();
        if !cells.is_empty() {
            lines.push(format!("{name}\t{}", cells.join(" ")));
        }
    };
    for (name, row) in examples.names.iter().zip(weights) {
        add(name, row, 1.0);
    }
    add(WordModel::BIAS, &weights[examples.names.len()], 0.1);
    lines.sort();
    let mut text = format!("piscope-words/1\ncommit {commit}\nscope {scope}\n");
    for line in lines {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}
