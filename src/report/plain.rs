//! Text from packages made safe to show, and columns that line up with Chinese in them.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` on one line, cut to `max` columns (marked by `...`), with every character that could
/// steer a terminal, reorder text or hide in it shown as its code, e.g. `\u{202e}`.
pub fn plain(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut columns = 0;
    let mut marks = 0;
    // One past the limit decides between "fits" and "cut"; the rest of a huge text is not read.
    for c in text.chars() {
        let start = out.len();
        if steers(c) {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
        let wide = width(&out[start..]);
        // A flood of combining marks has no width and yet fills the screen.
        marks = if wide == 0 { marks + 1 } else { 0 };
        columns += wide;
        if columns > max || marks > 8 {
            out.truncate(start);
            while width(&out) + 3 > max && out.pop().is_some() {}
            out.push_str("...");
            break;
        }
    }
    out
}

/// Whether a character steers, reorders or hides text instead of being text.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns that `text` takes. Characters of ambiguous width count double, as Chinese consoles show
/// them: a line may come out short, never long.
pub fn width(text: &str) -> usize {
    text.width_cjk()
}

/// `text` filled with spaces to `columns`; a longer one is cut.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = plain(text, columns);
    let fill = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', fill));
    out
}

/// `text` in lines of at most `columns`: broken at spaces, and anywhere between wide characters
/// except before closing punctuation.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for piece in pieces(text) {
        let wide = width(piece);
        if used + wide > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        let piece = if line.is_empty() { piece.trim_start() } else { piece };
        for c in piece.chars() {
            let w = c.width_cjk().unwrap_or(0);
            if used + w > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += w;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Splits `text` where a line may end: each piece keeps together.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    const CLOSING: &str = "，。、；：？！）》”’」』】〉…,.;:?!)]}%";
    const OPENING: &str = "（《“‘「『【〈([{";
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices().peekable();
        while let Some((_, c)) = chars.next() {
            let Some(&(next_at, next)) = chars.peek() else { break };
            let wide = |c: char| c.width_cjk() == Some(2);
            let may_break = c == ' ' && next != ' '
                || (wide(c) || wide(next))
                    && c != ' '
                    && next != ' '
                    && !CLOSING.contains(next)
                    && !OPENING.contains(c);
            if may_break {
                let (piece, after) = rest.split_at(next_at);
                rest = after;
                return Some(piece);
            }
        }
        (!rest.is_empty()).then(|| std::mem::take(&mut rest))
    })
}

/// `1536` → `1.5 KiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_not_obeyed() {
        assert_eq!(plain("a\u{1b}[2Jb", 40), "a\\u{1b}[2Jb");
        assert_eq!(plain("gpj\u{202e}apk", 40), "gpj\\u{202e}apk");
        assert_eq!(plain("a\nb\r\tc\u{0}", 60), "a\\u{a}b\\u{d}\\u{9}c\\u{0}");
        assert_eq!(plain("微\u{200b}信", 40), "微\\u{200b}信");
    }

    #[test]
    fn long_text_is_cut_to_its_columns() {
        assert_eq!(plain("每日好物商城", 12), "每日好物商城");
        assert_eq!(plain("每日好物商城", 11), "每日好物...");
        assert_eq!(plain(&"a".repeat(1 << 20), 10), "aaaaaaa...");
        let zalgo = format!("x{}", "\u{301}".repeat(5000));
        assert!(plain(&zalgo, 20).len() < 40);
    }

    #[test]
    fn padding_counts_columns() {
        for text in ["网络购物", "abc", "每日A", ""] {
            assert_eq!(width(&pad(text, 9)), 9, "{text:?}");
        }
    }

    #[test]
    fn wrapping_keeps_words_and_punctuation() {
        let lines = wrap("按《规定》第五条，基本功能服务为“购买商品”。", 12);
        assert!(lines.iter().all(|l| width(l) <= 12), "{lines:?}");
        assert!(lines.iter().all(|l| !l.starts_with(['，', '。', '》', '”'])), "{lines:?}");
        assert_eq!(lines.concat(), "按《规定》第五条，基本功能服务为“购买商品”。");
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 << 20), "5.0 MiB");
    }
}
