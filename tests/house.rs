//! Keeps the house in order: imports run down, `lib.rs` only declares, each kind of knowledge has
//! one room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; a room may import rooms of lower floors only.
const FLOORS: &[&[&str]] = &[
    &["text"],
    &["package", "info", "sample"],
    &["finding"],
    &["unpack"],
    &["rules"],
    &["declared"],
    &["facts", "categorize"],
    &["scope"],
    &["report"],
    &["analyze"],
    &["batch"],
    &["cli"],
    &["main"],
];

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| {
        panic!("src/{room} has no floor: give it one in tests/house.rs and in the architecture")
    })
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every source file by its path below `src/`, without comment lines.
fn house() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let code = fs::read_to_string(&path).unwrap();
            let code: Vec<&str> = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            (name, code.join("\n"))
        })
        .collect()
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The rooms that `code` names after `prefix`, grouped imports included.
fn imports(code: &str, prefix: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = true;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => start = true,
                    c if start && depth == 1 && c.is_alphabetic() => {
                        rooms.push(word(&group[i..]));
                        start = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            rooms.push(word(rest));
        }
    }
    rooms
}

#[test]
fn imports_run_down() {
    for (file, code) in house().iter().filter(|(file, _)| *file != "lib.rs") {
        let from = room(file);
        let prefix = if from == "main" { "piscope::" } else { "crate::" };
        for to in imports(code, prefix) {
            if to != from {
                assert!(floor(&to) < floor(from), "src/{file} imports {to}, which is not below {from}");
            }
        }
    }
}

#[test]
fn lib_only_declares() {
    let house = house();
    for line in house["lib.rs"].lines().map(str::trim).filter(|l| !l.is_empty()) {
        let declares = ["pub mod ", "mod ", "pub use ", "#!["].iter().any(|start| line.starts_with(start));
        assert!(declares, "lib.rs defines something: {line}");
    }
}

/// Which rooms may name a thing; a name anywhere else is a leak.
const ROOMS_OF: &[(&str, &[&str])] = &[
    ("toml::", &["rules"]),
    ("libdeflater", &["unpack"]),
    ("x509_parser", &["unpack"]),
    ("clap::", &["cli", "main"]),
    ("indicatif", &["batch"]),
    ("walkdir", &["batch", "rules"]),
    ("rayon", &["batch"]),
    ("unsafe ", &[]),
];

#[test]
fn each_kind_of_knowledge_has_one_room() {
    for (file, code) in &house() {
        for (name, rooms) in ROOMS_OF {
            assert!(!code.contains(name) || rooms.contains(&room(file)), "src/{file} names {name}");
        }
    }
}

#[test]
fn a_format_reads_only_the_model() {
    for (file, code) in house().iter().filter(|(file, _)| file.starts_with("report/")) {
        for to in imports(code, "crate::") {
            assert!(
                floor(&to) <= floor("finding") || to == "report" || file == "report/model.rs",
                "src/{file} imports {to}: formats read the model and the ground floor"
            );
        }
    }
}

#[test]
fn the_parsing_room_knows_no_personal_information() {
    for (file, code) in house().iter().filter(|(file, _)| file.starts_with("unpack/")) {
        for word in ["READ_CONTACTS", "location.precise", "PIPL", "necessary"] {
            assert!(!code.contains(word), "src/{file} knows {word}");
        }
    }
}

/// Sentences that say what the program does not do; they may use the words.
const DISCLAIMERS: &[&str] =
    &["不构成对违法违规行为的认定", "不等于合规认定", "not a determination of any violation"];

/// What remains of `text` without the disclaimers and the titles of laws.
fn own_words(text: &str) -> String {
    let mut own = text.to_owned();
    for sentence in DISCLAIMERS {
        own = own.replace(sentence, "");
    }
    while let (Some(from), Some(to)) = (own.find('《'), own.find('》')) {
        if to < from {
            break;
        }
        own.replace_range(from..to + '》'.len_utf8(), "");
    }
    own
}

const JUDGING: &[&str] =
    &["违法", "违规", "认定", "非法", "窃取", "强制", "合规", "illegal", "unlawful", "violat"];

#[test]
fn no_sentence_in_the_sources_judges() {
    for (file, code) in house().iter().filter(|(file, _)| *file != "rules/lint.rs") {
        let shipped = code.split("#[cfg(test)]").next().unwrap();
        for (number, line) in shipped.lines().enumerate() {
            for word in JUDGING {
                assert!(
                    !own_words(line).contains(word),
                    "src/{file}: {word:?} in {line:?} (line about {number})"
                );
            }
        }
    }
}

#[test]
fn no_output_judges() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut read = 0;
    for entry in fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        // The texts for a terminal are wrapped in mid-sentence; the same sentences stand in the others.
        if path.extension().is_some_and(|e| e == "txt") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let own = own_words(line);
            for word in JUDGING {
                assert!(!own.contains(word), "{}: {word:?} in {own:?}", path.display());
            }
            read += 1;
        }
    }
    assert!(read > 1000, "the golden outputs were read: {read} lines");
}
