//! `piscope explain WORD`: what a category, a permission, an information, a finding or a level is.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::cli::language::Languages;
use crate::cli::output::print;
use crate::cli::page::Page;
use crate::cli::usage::{argument, option};
use crate::cli::{Command, Exit, Failure, reasoning, rules, scan};
use crate::finding::Level;
use crate::info::Info;
use crate::report::wording::{self, Phrase};
use crate::rules::{BasisLevel, Capability, Category, PermissionKind, PermissionRule, Reach, Ruleset};
use crate::text::{Lang, Text};

pub const COMMAND: Command = Command {
    name: "explain",
    about: Phrase::new(
        "解释一个应用类型、权限、个人信息、发现代码或级别；--app 解释一个应用的判断过程",
        "Explain a category, a permission, an information, a finding code or a level; with --app, how an app was judged",
    ),
    arguments: |command, lang| {
        let help = Phrase::new(
            "类型的序号、名称或 id，权限全名或简名，信息 id，发现代码，级别",
            "number, name or id of a category; a permission; an information id; a finding code; a level",
        );
        let app = Phrase::new(
            "打印该安装包的类型判断和各项发现的全部理由",
            "Print all reasons for the category and the findings of this package",
        );
        command
            .arg(argument("WORD", help, lang).required_unless_present("app").num_args(1..))
            .arg(
                option("app", app, lang)
                    .value_name("PACKAGE")
                    .conflicts_with("WORD")
                    .value_parser(clap::value_parser!(PathBuf)),
            )
            .arg(rules::folder_option(lang))
    },
    run,
};

fn run(matches: &ArgMatches, languages: Languages) -> Result<Exit, Failure> {
    let rules = rules::load(matches)?;
    if let Some(path) = matches.get_one::<PathBuf>("app") {
        return reasoning::of(path, &rules, languages.terminal);
    }
    let words: Vec<_> = matches.get_many::<String>("WORD").unwrap_or_default().map(String::as_str).collect();
    let word = words.join(" ");
    let mut page = Page::new(languages.terminal);
    page.explain(&rules, word.trim());
    if page.text.is_empty() {
        return Err(unknown(&rules, &word));
    }
    print(&page.text)?;
    Ok(Exit::Clean)
}

impl Page {
    /// Writes every meaning of `word`, so that nothing hides behind another.
    fn explain(&mut self, rules: &Ruleset, word: &str) {
        if let Some(category) = rules.category_named(word) {
            self.category(rules, category);
        }
        let full = |name: &str| name.eq_ignore_ascii_case(word) || short(name).eq_ignore_ascii_case(word);
        for permission in rules.permissions.values().filter(|p| full(&p.name)) {
            self.permission(rules, permission);
        }
        let is = |id: &str, name: &Text| id == word || name.zh == word || name.en.eq_ignore_ascii_case(word);
        for info in rules.info.values().filter(|i| is(&i.id, &i.name)) {
            self.info(rules, info);
        }
        for capability in rules.capabilities.values() {
            if is(&capability.id, &capability.name) || capability.code.eq_ignore_ascii_case(word) {
                self.capability(rules, capability);
            }
        }
        for (name, level) in scan::levels() {
            let label = wording::level(level);
            let short_label = label.in_lang(Lang::Zh).split('（').next();
            if name == word || label.in_lang(Lang::Zh) == word || short_label == Some(word) {
                self.level(name, level);
            }
        }
    }

    fn infos(&mut self, rules: &Ruleset, label: Phrase, ids: &[String]) {
        let names: Vec<_> = ids
            .iter()
            .map(|id| match rules.info.get(id) {
                Some(info) => format!("{} ({id})", info.name.in_lang(self.lang)),
                None => id.clone(),
            })
            .collect();
        self.line(label, &names.join(if self.lang == Lang::Zh { "、" } else { ", " }));
    }

    fn category(&mut self, rules: &Ruleset, category: &Category) {
        let (name, function) = match self.lang {
            Lang::Zh => (&category.name, category.function.clone()),
            Lang::En => (&category.english, format!("{} ({})", category.function_english, category.function)),
        };
        self.head(&format!("{}. {name} ({})", category.number, category.id));
        self.line(wording::CLAUSE, &format!("国信办秘字〔2021〕14号 {}", category.clause()));
        self.line(wording::FUNCTION, &function);
        if category.necessary.is_empty() {
            self.line(wording::NECESSARY, wording::NONE_NECESSARY.in_lang(self.lang));
        }
        for item in &category.necessary {
            let text = match self.lang {
                Lang::Zh => item.text.clone(),
                Lang::En => format!("{} ({})", item.english, item.text),
            };
            self.line(wording::NECESSARY, &text);
            self.infos(rules, Phrase::new("  对应信息", "  covers"), &item.info);
            if let Some(limit) = &item.only_for {
                self.line(Phrase::new("  仅限", "  only for"), limit);
            }
        }
        for (group, basis) in category.function_basis.iter().filter(|(_, b)| b.level != BasisLevel::NotListed)
        {
            let text = format!("{group}: {}", basis.why.in_lang(self.lang));
            self.line(Phrase::new("功能推断", "Our inference"), &text);
        }
    }

    fn permission(&mut self, rules: &Ruleset, permission: &PermissionRule) {
        self.head(&permission.name);
        let kind = match permission.kind {
            PermissionKind::Runtime => Phrase::new("运行时由用户授予", "granted by the user at run time"),
            PermissionKind::Normal => {
                Phrase::new("安装时由系统授予", "granted by the system at install time")
            }
            PermissionKind::Signature => {
                Phrase::new("仅系统或同签名应用", "system or same-signature apps only")
            }
            PermissionKind::Appop => Phrase::new("由用户在系统设置中授予", "granted by the user in Settings"),
            PermissionKind::Bind => Phrase::new("声明在本应用组件上", "stands on a component of the app"),
            PermissionKind::Vendor => Phrase::new("由厂商或SDK定义", "defined by a device maker or SDK"),
        };
        self.line(Phrase::new("授予方式", "Granted"), kind.in_lang(self.lang));
        let reach = match permission.reach {
            Reach::Direct => {
                Phrase::new("授予后即可触及个人信息", "the grant alone reaches personal information")
            }
            Reach::Cond => Phrase::new(
                "取决于系统版本、目标版本或其他权限",
                "depends on level, target or another permission",
            ),
            Reach::Indirect => {
                Phrase::new("只起辅助作用，单独不构成发现", "auxiliary, never a finding alone")
            }
            Reach::None => Phrase::new("不涉及个人信息", "no personal information"),
        };
        self.line(Phrase::new("能力", "Reach"), reach.in_lang(self.lang));
        self.infos(rules, wording::REACHES, &permission.info);
        for yields in &permission.yields {
            let (from, below) = (yields.target_from, yields.target_below);
            let when = [from.map(|n| format!("targetSdk>={n}")), below.map(|n| format!("targetSdk<{n}"))];
            let when: Vec<_> = when.into_iter().flatten().collect();
            let why = yields.why.as_ref().map(|w| w.in_lang(self.lang)).unwrap_or_default();
            self.line(
                Phrase::new("版本条件", "By level"),
                &format!("{}: {}. {why}", when.join(", "), yields.info.join(", ")),
            );
        }
        if let Some(capability) = permission.capability.as_ref().and_then(|id| rules.capabilities.get(id)) {
            let text = format!("{} {}", capability.code, capability.name.in_lang(self.lang));
            self.line(Phrase::new("发现", "Finding"), &text);
        }
        let level = |n: Option<u32>| n.map(|n| format!("API {n}")).unwrap_or_default();
        self.line(Phrase::new("引入于", "Introduced"), &level(permission.introduced));
        self.line(Phrase::new("弃用于", "Deprecated"), &level(permission.deprecated));
        self.line(Phrase::new("最后存在于", "Last known"), &level(permission.removed_after));
        if let Some(target) = permission.no_effect_from_target {
            self.line(Phrase::new("不起作用", "No effect"), &format!("targetSdk>={target}"));
        }
        self.lines(wording::NOTE, &permission.note);
        self.line(Phrase::new("来源", "Source"), &permission.source);
    }

    fn info(&mut self, rules: &Ruleset, info: &Info) {
        self.head(&format!("{} ({})", info.name.in_lang(self.lang), info.id));
        let law = info.sensitive_by_law.as_deref().unwrap_or_default();
        self.line(Phrase::new("敏感（法律）", "By law"), law);
        let standard = info.sensitive_by_standard.as_deref().unwrap_or_default();
        self.line(Phrase::new("敏感（标准）", "By standard"), standard);
        let listed: Vec<_> = rules
            .categories
            .iter()
            .filter(|c| c.lists(&info.id).is_some())
            .map(|c| match self.lang {
                Lang::Zh => format!("{}({})", c.name, c.number),
                Lang::En => format!("{} ({})", c.english, c.number),
            })
            .collect();
        let listed = if listed.is_empty() {
            Phrase::new("没有任何一类列为必要", "no category lists it").in_lang(self.lang).to_owned()
        } else {
            listed.join(if self.lang == Lang::Zh { "、" } else { ", " })
        };
        self.line(Phrase::new("列为必要的类型", "Necessary in"), &listed);
        let permissions: Vec<_> = rules
            .permissions
            .values()
            .filter(|p| p.info.contains(&info.id) || p.yields.iter().any(|y| y.info.contains(&info.id)))
            .map(|p| short(&p.name))
            .collect();
        self.line(Phrase::new("可触及的权限", "Permissions"), &permissions.join(", "));
    }

    fn capability(&mut self, rules: &Ruleset, capability: &Capability) {
        let name = capability.name.in_lang(self.lang);
        self.head(&format!("{} {name} ({})", capability.code, capability.id));
        let importance = wording::importance(capability.importance).in_lang(self.lang);
        self.line(Phrase::new("重要程度", "Importance"), importance);
        let permissions: Vec<_> = rules
            .permissions
            .values()
            .filter(|p| p.capability.as_deref() == Some(&capability.id))
            .map(|p| short(&p.name))
            .collect();
        self.line(Phrase::new("相关权限", "Permissions"), &permissions.join(", "));
        self.lines(wording::CHECK, &capability.checks);
        self.lines(wording::REMOVE, &capability.remedies);
        self.lines(Phrase::new("误报情形", "False alarms"), &capability.false_alarms);
        self.line(Phrase::new("依据", "References"), &capability.references.join(", "));
        self.line(Phrase::new("来源", "Source"), &capability.source);
    }

    fn level(&mut self, name: &str, level: Level) {
        let label = wording::level(level).in_lang(self.lang);
        self.head(&format!("{label} ({name})"));
        self.line(Phrase::new("含义", "Meaning"), wording::level_meaning(level).in_lang(self.lang));
    }
}

fn short(permission: &str) -> &str {
    permission.rsplit('.').next().unwrap_or(permission)
}

fn unknown(rules: &Ruleset, word: &str) -> Failure {
    let mut near: Vec<(f64, String)> = Vec::new();
    let asked = word.to_lowercase();
    let mut offer = |name: &str| {
        let name_lower = name.to_lowercase();
        let contains = asked.chars().count() > 1 && name_lower.contains(&asked);
        let likeness = if contains { 1.0 } else { strsim::jaro_winkler(&asked, &name_lower) };
        if likeness > 0.8 && !near.iter().any(|(_, n)| n == name) {
            near.push((likeness, name.to_owned()));
        }
    };
    for category in &rules.categories {
        [&category.name, &category.id, &category.english].into_iter().for_each(|name| offer(name));
    }
    rules.permissions.keys().for_each(|name| offer(short(name)));
    for info in rules.info.values() {
        [&info.id, &info.name.zh].into_iter().for_each(|name| offer(name));
    }
    for capability in rules.capabilities.values() {
        [&capability.code, &capability.id, &capability.name.zh].into_iter().for_each(|name| offer(name));
    }
    scan::levels().for_each(|(name, _)| offer(name));
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.truncate(5);
    let near: Vec<_> = near.into_iter().map(|(_, name)| name).collect();
    let (zh, en) = match near.as_slice() {
        [] => (
            "可以是类型的序号或名称、权限名、信息 id、发现代码或级别，例如：piscope explain 6。".to_owned(),
            "It may be a number or name of a category, a permission, an information id, a finding code or a level, e.g. piscope explain 6.".to_owned(),
        ),
        near => (format!("相近的有：{}。", near.join("、")), format!("Close to it: {}.", near.join(", "))),
    };
    Failure::usage(format!("没有“{word}”的解释。{zh}"), format!("Nothing is known of `{word}`. {en}"))
}
