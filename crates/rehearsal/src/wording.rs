//! How findings are worded, so that they read as one list.

/// `1 user`, `2 users`.
pub(crate) fn count_of(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A sentence as a phrase.
pub(crate) fn without_full_stop(sentence: &str) -> String {
    sentence.strip_suffix('.').unwrap_or(sentence).to_owned()
}
