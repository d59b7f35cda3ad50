//! Hexadecimal digits, two for each byte.
//!
//! Responsible for both directions and for the two strictnesses: Python's `hexdigest()` writes lower
//! case and Django compares text; elsewhere either case is read.

use crate::malformation::{Fault, Field, Malformation};

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

/// A digest of `N` bytes in lower case; nothing else.
pub(crate) fn lower_hex<const N: usize>(text: &str) -> Result<[u8; N], Malformation> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong_shape());
    }
    any_hex(text)
}

/// A digest of `N` bytes in either case.
pub(crate) fn any_hex<const N: usize>(text: &str) -> Result<[u8; N], Malformation> {
    let bytes = hex_bytes(text)?;
    bytes.try_into().map_err(|_| wrong_shape())
}

/// As many bytes as there are pairs of digits, in either case.
pub(crate) fn hex_bytes(text: &str) -> Result<Vec<u8>, Malformation> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(wrong_shape());
    }
    let byte = |[high, low]: &[u8; 2]| Some(nibble(*high)? << 4 | nibble(*low)?);
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.ok_or_else(wrong_shape)
}

/// Whether `text` is `digits` hexadecimal digits.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn wrong_shape() -> Malformation {
    Malformation::new(Field::Hash, Fault::WrongShape)
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}
