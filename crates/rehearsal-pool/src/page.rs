//! Paging: limits and the opaque tokens between pages.
//!
//! Responsible for one form of token for every list operation. A token names the last entry seen,
//! not a count, so that changes between pages neither repeat nor lose entries.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api_error::ApiError;

/// Longest page of the list operations (`QueryLimitType` and its kin).
pub(crate) const LONGEST_PAGE: usize = 60;

/// Entries in a page: what was asked for, else the longest. Zero, which the model permits, counts
/// as not asked; that is believed.
pub(crate) fn page_size(limit: Option<usize>) -> usize {
    match limit {
        None | Some(0) => LONGEST_PAGE,
        Some(limit) => limit.min(LONGEST_PAGE),
    }
}

pub(crate) fn token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{after}"))
}

/// The entry a token names.
pub(crate) fn after(token: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("after:").map(str::to_owned))
        .map(Some)
        .ok_or_else(invalid_token)
}

/// Like [`after`] for entries known by number.
pub(crate) fn after_number(token: Option<&str>) -> Result<Option<u32>, ApiError> {
    after(token)?
        .map(|text| text.parse().map_err(|_| invalid_token()))
        .transpose()
}

fn invalid_token() -> ApiError {
    ApiError::invalid_parameter("Invalid pagination token given.")
}

/// Cuts a page out of entries and says what follows: the entries and, if more are left, the token
/// of the last one.
pub(crate) fn cut<T>(
    entries: impl Iterator<Item = T>,
    size: usize,
    name: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let mut page: Vec<T> = entries.take(size + 1).collect();
    if page.len() <= size {
        return (page, None);
    }
    page.truncate(size);
    let next = page.last().map(|last| token(&name(last)));
    (page, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let entries: Vec<u32> = (0..130).collect();
        let mut seen = Vec::new();
        let mut next = None;
        loop {
            let start = after_number(next.as_deref()).expect("our own token");
            let rest = entries
                .iter()
                .copied()
                .filter(|n| start.is_none_or(|start| *n > start));
            let (page, following) = cut(rest, 60, ToString::to_string);
            seen.extend(page);
            match following {
                Some(token) => next = Some(token),
                None => break,
            }
        }
        assert_eq!(seen, entries);
    }

    #[test]
    fn a_foreign_token_is_refused() {
        assert!(after(Some("nonsense")).is_err());
        assert!(after_number(Some(&token("bob"))).is_err());
    }
}
