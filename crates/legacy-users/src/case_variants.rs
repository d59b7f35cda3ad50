//! The spellings under which a login may be stored, as far as the database's own folding cannot be
//! trusted with them. Pure; called by the login look-up, which judges what comes back.
//!
//! Folding is right for ASCII everywhere, and for nothing else in SQLite and in PostgreSQL with a C
//! locale. So for those letters beyond ASCII are spelled out here, both ways each. They all go into
//! one list of values: a row is folded once, however many there are.

use migration_model::normalize_login_name;
use unicode_normalization::UnicodeNormalization;

/// Non-ASCII letters with two cases up to which every combination is tried (2^5 spellings).
/// Beyond, only those people use: as typed, lower, upper, and words with a capital.
const SPELLED_OUT: usize = 5;

/// Every spelling to look for where the database folds ASCII alone, the normalised one (NFKC, as
/// Django compares) first.
pub(crate) fn case_variants(login: &str) -> Vec<String> {
    let mut variants = Vec::new();
    for form in forms(login) {
        spell(&form, &mut |variant| add(&mut variants, variant));
    }
    variants
}

/// Every spelling to look for where the database folds all letters, the normalised one first. The
/// lower case of this program stands beside its own: they part at a few letters (a final sigma).
pub(crate) fn folded_variants(login: &str) -> Vec<String> {
    let mut variants = Vec::new();
    for form in forms(login) {
        let lower = form.to_lowercase();
        let is_plain = form.is_ascii();
        add(&mut variants, form);
        if !is_plain {
            add(&mut variants, lower);
        }
    }
    variants
}

/// E-mails are stored as typed: perhaps decomposed, perhaps not in NFKC at all.
fn forms(login: &str) -> [String; 3] {
    let normalised = normalize_login_name(login);
    let decomposed = normalised.nfd().collect();
    [normalised, login.to_owned(), decomposed]
}

fn add(variants: &mut Vec<String>, variant: String) {
    if !variants.contains(&variant) {
        variants.push(variant);
    }
}

fn spell(form: &str, add: &mut impl FnMut(String)) {
    add(form.to_owned());
    let letters: Vec<char> = form.chars().collect();
    let other_cases = letters.iter().map(|letter| other_case(*letter));
    let cased: Vec<(usize, char)> = other_cases
        .enumerate()
        .filter_map(|(position, other)| Some((position, other?)))
        .collect();
    if cased.len() > SPELLED_OUT {
        add(form.to_lowercase());
        add(form.to_uppercase());
        add(capitalised(form));
        return;
    }
    for combination in 1_u32..1 << cased.len() {
        let mut spelling = letters.clone();
        for (bit, (position, other)) in cased.iter().enumerate() {
            if combination & (1 << bit) != 0 {
                spelling[*position] = *other;
            }
        }
        add(spelling.into_iter().collect());
    }
}

/// The other case of a letter beyond ASCII, where it is one letter as well.
fn other_case(letter: char) -> Option<char> {
    if letter.is_ascii() {
        return None;
    }
    let mut lower = letter.to_lowercase();
    let mut upper = letter.to_uppercase();
    match (lower.next(), lower.next(), upper.next(), upper.next()) {
        (Some(lower), None, _, _) if lower != letter => Some(lower),
        (_, _, Some(upper), None) if upper != letter => Some(upper),
        _ => None,
    }
}

/// Lower case, with a capital at the beginning of each word.
fn capitalised(text: &str) -> String {
    let mut capital = true;
    let mut result = String::with_capacity(text.len());
    for letter in text.to_lowercase().chars() {
        match capital && letter.is_alphanumeric() {
            true => result.extend(letter.to_uppercase()),
            false => result.push(letter),
        }
        capital = !letter.is_alphanumeric();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite's LOWER() makes of a text.
    fn ascii_lower(text: &str) -> String {
        text.to_ascii_lowercase()
    }

    fn finds(typed: &str, stored: &str) -> bool {
        let stored = ascii_lower(stored);
        let mut variants = case_variants(typed).into_iter();
        variants.any(|variant| ascii_lower(&variant) == stored)
    }

    #[test]
    fn an_ascii_login_needs_no_second_spelling() {
        assert_eq!(
            case_variants("Bob.O'Hara@example.com"),
            ["Bob.O'Hara@example.com"]
        );
    }

    #[test]
    fn names_beyond_ascii_are_found_whatever_their_case() {
        for stored in [
            "BJÖRN.ÅSTRÖM",
            "Björn.Åström",
            "björn.åström",
            "BjÖrn.åstrÖm",
        ] {
            assert!(finds("björn.åström", stored), "{stored}");
        }
        assert!(finds(
            "éloïse.müller@example.com",
            "Éloïse.Müller@Example.com"
        ));
        assert!(finds("jose\u{301}", "José"), "typed decomposed");
        assert!(finds("josé", "JOSE\u{301}"), "stored decomposed");
    }

    #[test]
    fn long_names_in_other_scripts_are_found_in_the_usual_spellings() {
        for stored in ["ольга.петрова", "ОЛЬГА.ПЕТРОВА", "Ольга.Петрова"]
        {
            assert!(finds("ольга.петрова", stored), "{stored}");
            assert!(finds("ОЛЬГА.петрова", stored), "{stored}");
        }
    }

    #[test]
    fn a_database_that_folds_all_letters_gets_a_handful() {
        assert_eq!(folded_variants("Bob"), ["Bob"]);
        let umlauts = folded_variants("ÄÖÜäö.Müller@example.com");
        assert!(umlauts.len() <= 4, "{umlauts:?}");
        assert!(folded_variants("ΟΔΥΣΣΕΥΣ").contains(&"οδυσσευς".to_owned()));
        assert!(folded_variants(&"ǅﬁKÅ\u{1e9e}µ".repeat(30)).len() <= 6);
    }

    #[test]
    fn the_number_of_spellings_is_bounded() {
        let hostile = "äöüßéèñåøœ".repeat(20);
        assert!(case_variants(&hostile).len() <= 15);
        assert!(case_variants("ǅﬁKÅ\u{1e9e}µ").len() <= 100);
    }
}
