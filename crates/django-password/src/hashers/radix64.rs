//! crypt(3)'s base 64: `./0-9A-Za-z`, six bits a character.
//!
//! Responsible for that alphabet in both directions. Called by crypt(3)'s schemes and by those made
//! after them.

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(crate) fn is_radix64(character: u8) -> bool {
    character == b'.' || character == b'/' || character.is_ascii_alphanumeric()
}

/// The six bits of a character.
pub(crate) fn radix64_value(character: u8) -> Option<u8> {
    let position = ALPHABET.iter().position(|known| *known == character)?;
    u8::try_from(position).ok()
}

/// The number that up to five characters stand for, the first the least significant. Characters
/// outside the alphabet count as 0: callers have looked.
pub(crate) fn radix64_little_endian(text: &str) -> u32 {
    text.bytes().rev().fold(0, |value, character| {
        value << 6 | u32::from(radix64_value(character).unwrap_or(0))
    })
}

/// Appends the lowest `count` groups of six bits of `value`, the least significant first.
pub(crate) fn push_little_endian(output: &mut String, mut value: u32, count: usize) {
    for _ in 0..count {
        output.push(character(value));
        value >>= 6;
    }
}

/// The character for the lowest six bits of `value`.
pub(crate) fn character(value: u32) -> char {
    let index = (value & 0x3f) as usize;
    ALPHABET.get(index).copied().map_or('.', char::from)
}

/// Three bytes in four characters, the least significant first: phpass's `encode64`, passlib's
/// `h64.encode_bytes`.
pub(crate) fn encode_little_endian(bytes: &[u8]) -> String {
    let mut output = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let value = group
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u32::from(*byte));
        push_little_endian(&mut output, value, group.len().saturating_add(1));
    }
    output
}
