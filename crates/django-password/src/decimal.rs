//! Numbers as Django writes them.
//!
//! Responsible for the one rule all formats share: Python formats with `%d`, so a number with a
//! sign, a leading zero, spaces, underscores or non-ASCII digits, all of which Python's `int()`
//! would read, can never equal the string Django encodes for comparison.

/// The value of a canonical decimal number; `None` for anything else. Saturates at `u64::MAX`,
/// which every limit refuses.
pub(crate) fn canonical_decimal(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if text.is_empty() || leading_zero || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = text.bytes().fold(0_u64, |value, byte| {
        value
            .saturating_mul(10)
            .saturating_add(u64::from(byte.wrapping_sub(b'0')))
    });
    Some(value)
}

/// As [`canonical_decimal`], saturating at `u32::MAX`.
pub(crate) fn canonical_decimal_u32(text: &str) -> Option<u32> {
    canonical_decimal(text).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{canonical_decimal, canonical_decimal_u32};

    #[test]
    fn only_what_percent_d_writes_is_a_number() {
        assert_eq!(canonical_decimal("0"), Some(0));
        assert_eq!(canonical_decimal("1500000"), Some(1_500_000));
        for text in [
            "", "01", "00", "+1", "-1", " 1", "1 ", "1_000", "1.0", "1e6", "0x10", "١",
        ] {
            assert_eq!(canonical_decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn greedy_numbers_saturate_instead_of_wrapping() {
        assert_eq!(canonical_decimal("18446744073709551616"), Some(u64::MAX));
        assert_eq!(canonical_decimal_u32("4294967296"), Some(u32::MAX));
    }
}
