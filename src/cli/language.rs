//! The language of this run, known before the arguments are parsed so that help speaks it.

use std::ffi::OsString;

use crate::text::Lang;

/// The languages of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Languages {
    /// Of the terminal: `--lang`, else `PISCOPE_LANG`, else the system's.
    pub terminal: Lang,
    /// Of documents: `--lang`, else `PISCOPE_LANG`, else Chinese, whatever the system speaks.
    pub documents: Lang,
}

/// `zh…` or `en…`, as written in an option, a variable or a locale.
pub fn named(name: &str) -> Option<Lang> {
    let name = name.to_ascii_lowercase();
    if name.starts_with("zh") {
        Some(Lang::Zh)
    } else if name.starts_with("en") {
        Some(Lang::En)
    } else {
        None
    }
}

/// Chooses by arguments, environment and system, in this order.
pub fn choose(args: &[OsString]) -> Languages {
    let asked = option(args).or_else(|| std::env::var("PISCOPE_LANG").ok()).and_then(|name| named(&name));
    let system = || sys_locale::get_locale().and_then(|locale| of_system(&locale));
    Languages { terminal: asked.or_else(system).unwrap_or_default(), documents: asked.unwrap_or_default() }
}

/// A system that speaks neither language reads English better; one without a language (`C`) says
/// nothing.
fn of_system(locale: &str) -> Option<Lang> {
    let language = locale.split(['-', '_', '.']).next().unwrap_or_default();
    match language {
        "" | "C" | "POSIX" => None,
        other => Some(named(other).unwrap_or(Lang::En)),
    }
}

fn option(args: &[OsString]) -> Option<String> {
    let mut args = args.iter().filter_map(|a| a.to_str()).take_while(|a| *a != "--");
    while let Some(arg) = args.next() {
        if let Some(value) = arg.strip_prefix("--lang=") {
            return Some(value.to_owned());
        }
        if arg == "--lang" {
            return args.next().map(str::to_owned);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_wins_wherever_it_stands() {
        let args = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(choose(&args(&["piscope", "scan", "x", "--lang", "en"])).documents, Lang::En);
        assert_eq!(choose(&args(&["piscope", "--lang=zh-CN", "scan"])).terminal, Lang::Zh);
        assert_eq!(option(&args(&["piscope", "explain", "--", "--lang=en"])), None);
    }

    #[test]
    fn systems() {
        assert_eq!(of_system("zh-Hans-CN"), Some(Lang::Zh));
        assert_eq!(of_system("de_DE.UTF-8"), Some(Lang::En));
        assert_eq!(of_system("C.UTF-8"), None);
    }
}
