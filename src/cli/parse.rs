//! Values as users write them: sizes, times, numbers.

use std::time::Duration;

use crate::cli::usage::both;

/// `8K`, `32M`, `2G` or bare bytes, powers of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || both("请写成 512K、32M、2G 这样的大小。", "Write a size like 512K, 32M or 2G.");
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// `30s`, `500ms` or bare seconds.
pub fn time(text: &str) -> Result<Duration, String> {
    let wrong = |_| both("请写成 30s、500ms 这样的时间。", "Write a time like 30s or 500ms.");
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().map(Duration::from_millis).map_err(wrong);
    }
    text.strip_suffix('s').unwrap_or(text).parse().map(Duration::from_secs).map_err(wrong)
}

/// A whole number.
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| both("请写一个非负整数。", "Write a whole number."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("8K"), Ok(8192));
        assert_eq!(size("2g"), Ok(2 << 30));
        assert!(
            size("8X").is_err() && size("").is_err() && size("99999999999G").is_err() && size("8字").is_err()
        );
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("30"), time("30s"));
        assert!(time("soon").is_err());
    }
}
