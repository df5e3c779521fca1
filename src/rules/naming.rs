//! Finding categories by what people call them.

use super::{Category, Ruleset};

impl Ruleset {
    /// The category with this number.
    pub fn category(&self, number: u8) -> Option<&Category> {
        self.categories.iter().find(|c| c.number == number)
    }

    /// The category that `word` names: number, clause, id, Chinese name with or without 类, English
    /// name.
    pub fn category_named(&self, word: &str) -> Option<&Category> {
        let word = word.trim();
        let bare = |name: &str| name.trim_end_matches('类').to_lowercase();
        self.categories.iter().find(|c| {
            word.parse() == Ok(c.number)
                || word == c.clause()
                || word.eq_ignore_ascii_case(&c.id)
                || word.eq_ignore_ascii_case(&c.english)
                || !bare(word).is_empty() && bare(word) == bare(&c.name)
        })
    }

    /// The numbers of several categories joined by `、`, `;`, `,` or `|`; `0` stands for none of
    /// the 39 and leaves the list empty.
    ///
    /// # Errors
    /// The first word that names no category; the whole text if it names none.
    pub fn categories_named<'w>(&self, words: &'w str) -> Result<Vec<u8>, &'w str> {
        let mut numbers = Vec::new();
        let mut any = false;
        for word in words.split(['、', '；', ';', '，', ',', '|']).map(str::trim).filter(|w| !w.is_empty())
        {
            any = true;
            if word != "0" {
                numbers.push(self.category_named(word).ok_or(word)?.number);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        if any { Ok(numbers) } else { Err(words) }
    }
}
