//! crypt(3)'s base 64: `./0-9A-Za-z`, six bits a character.
//!
//! Responsible for that alphabet in both directions. Called by the schemes beside it.

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) fn is_radix64(character: u8) -> bool {
    character == b'.' || character == b'/' || character.is_ascii_alphanumeric()
}

/// The six bits of a character.
pub(super) fn radix64_value(character: u8) -> Option<u8> {
    let position = ALPHABET.iter().position(|known| *known == character)?;
    u8::try_from(position).ok()
}

/// The number that up to five characters stand for, the first the least significant. Characters
/// outside the alphabet count as 0: callers have looked.
pub(super) fn radix64_little_endian(text: &str) -> u32 {
    text.bytes().rev().fold(0, |value, character| {
        value << 6 | u32::from(radix64_value(character).unwrap_or(0))
    })
}

/// Appends the lowest `count` groups of six bits of `value`, the least significant first.
pub(super) fn push_little_endian(output: &mut String, mut value: u32, count: usize) {
    for _ in 0..count {
        output.push(character(value));
        value >>= 6;
    }
}

/// The character for the lowest six bits of `value`.
pub(super) fn character(value: u32) -> char {
    let index = (value & 0x3f) as usize;
    ALPHABET.get(index).copied().map_or('.', char::from)
}
