//! Article 5, put together again from the categories.

use super::model::{Category, chinese_numeral};

/// 第五条 as published, rebuilt from `categories` in their order: heading, then each category with its function and
/// its list, in the half-width punctuation of the published text; lines end in `\n`, the last one without.
///
/// The text writes 必要个人信息为 before a single item, 必要个人信息包括 before a numbered list, and
/// 无须个人信息,即可使用基本功能服务 where there is none.
pub fn article_five(categories: &[Category]) -> String {
    let mut text = "第五条常见类型App的必要个人信息范围:".to_owned();
    for category in categories {
        let Category { name, function, .. } = category;
        let number = chinese_numeral(category.number);
        text.push_str(&format!("\n({number}){name},基本功能服务为“{function}”,"));
        match category.necessary.as_slice() {
            [] => text.push_str("无须个人信息,即可使用基本功能服务。"),
            [only] => text.push_str(&format!("必要个人信息为:{}。", only.text)),
            items => {
                text.push_str("必要个人信息包括:");
                for (i, item) in items.iter().enumerate() {
                    let end = if i + 1 == items.len() { '。' } else { ';' };
                    text.push_str(&format!("\n{}.{}{end}", i + 1, item.text));
                }
            }
        }
    }
    text
}
