//! crypt(3)'s DES: traditional, and BSDi's extension with counted iterations and long passwords.
//!
//! Responsible for DES with a salt inside, which no DES library offers: the salt swaps bits in the
//! expansion of every round, so that DES hardware could not be used for guessing. Tables are those
//! of FIPS 46-3, numbered from the left and from 1 as there. Not constant in time where the tables
//! are looked up, like every crypt(3).

use crate::hashers::radix64::character;

/// The result's last part: eleven characters.
///
/// `extended` tells BSDi's scheme, which reads the whole password, from the traditional one, which
/// reads eight characters. Of each character seven bits count.
pub(crate) fn crypt(password: &[u8], salt: u32, iterations: u32, extended: bool) -> String {
    let mut chunks = password.chunks(8);
    let mut key = seven_bits(chunks.next().unwrap_or(&[]));
    if extended {
        for chunk in chunks {
            key = encrypt(key, &Schedule::new(key), 0, 1) ^ seven_bits(chunk);
        }
    }
    let result = encrypt(0, &Schedule::new(key), salt, iterations);

    let mut output = String::with_capacity(11);
    // Ten times six bits and the last four, filled up with two zeros.
    for shift in [58, 52, 46, 40, 34, 28, 22, 16, 10, 4] {
        output.push(character((result >> shift & 0x3f) as u32));
    }
    output.push(character((result << 2 & 0x3f) as u32));
    output
}

/// Up to eight characters, each moved up over DES's parity bit.
fn seven_bits(characters: &[u8]) -> u64 {
    let mut key = [0; 8];
    for (byte, character) in key.iter_mut().zip(characters) {
        *byte = character << 1;
    }
    u64::from_be_bytes(key)
}

/// The sixteen round keys, each as two halves of 24 bits.
struct Schedule([(u32, u32); 16]);

impl Schedule {
    fn new(key: u64) -> Self {
        let chosen = permute(key, 64, &PERMUTED_CHOICE_1);
        let mut c = (chosen >> 28) as u32;
        let mut d = (chosen & 0x0fff_ffff) as u32;
        let mut keys = [(0, 0); 16];
        for (round_key, shift) in keys.iter_mut().zip(KEY_SHIFTS) {
            c = rotate_28(c, shift);
            d = rotate_28(d, shift);
            let joined = u64::from(c) << 28 | u64::from(d);
            let key = permute(joined, 56, &PERMUTED_CHOICE_2);
            *round_key = ((key >> 24) as u32, (key & 0xff_ffff) as u32);
        }
        Self(keys)
    }
}

/// DES in a row, each on the result of the one before; the permutations between them cancel out.
fn encrypt(block: u64, schedule: &Schedule, salt: u32, iterations: u32) -> u64 {
    let swap = salt_mask(salt);
    let permuted = permute(block, 64, &INITIAL_PERMUTATION);
    let (mut left, mut right) = ((permuted >> 32) as u32, permuted as u32);
    for _ in 0..iterations {
        for (key_high, key_low) in &schedule.0 {
            let (high, low) = expand(right);
            let swapped = (high ^ low) & swap;
            let output = substitute(high ^ swapped ^ key_high, low ^ swapped ^ key_low);
            (left, right) = (right, left ^ output);
        }
        (left, right) = (right, left);
    }
    permute(
        u64::from(left) << 32 | u64::from(right),
        64,
        &FINAL_PERMUTATION,
    )
}

/// Bit i of the salt, from the right, stands for bit i of each half, from the left.
fn salt_mask(salt: u32) -> u32 {
    salt.reverse_bits() >> 8
}

/// The expansion E: eight overlapping groups of six bits, in two halves of 24.
fn expand(right: u32) -> (u32, u32) {
    // Bit 32 in front of bit 1, then bits 1 to 5; 4 to 9; and so on.
    let group = |index: u32| right.rotate_right(1).rotate_left(index << 2) >> 26;
    let high = group(0) << 18 | group(1) << 12 | group(2) << 6 | group(3);
    let low = group(4) << 18 | group(5) << 12 | group(6) << 6 | group(7);
    (high, low)
}

/// The S-boxes and the permutation P after them.
fn substitute(high: u32, low: u32) -> u32 {
    let groups = [
        high >> 18,
        high >> 12,
        high >> 6,
        high,
        low >> 18,
        low >> 12,
        low >> 6,
        low,
    ];
    SUBSTITUTIONS
        .iter()
        .zip(groups)
        .fold(0, |output, (table, group)| {
            output | table.get((group & 0x3f) as usize).copied().unwrap_or(0)
        })
}

const fn rotate_28(half: u32, shift: u32) -> u32 {
    (half << shift | half >> 28_u32.wrapping_sub(shift)) & 0x0fff_ffff
}

/// Picks bits of `input`, which has `width`, in the order of `table`.
const fn permute(input: u64, width: u32, table: &[u8]) -> u64 {
    let mut output = 0;
    let mut rest = table;
    while let [position, tail @ ..] = rest {
        output = output << 1 | input >> width.wrapping_sub(*position as u32) & 1;
        rest = tail;
    }
    output
}

/// S-boxes and P in one: what each group of six bits adds to the round's output.
static SUBSTITUTIONS: [[u32; 64]; 8] = substitutions();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated at compile time, where either would be a compile error"
)]
const fn substitutions() -> [[u32; 64]; 8] {
    let mut tables = [[0; 64]; 8];
    let mut number = 0;
    while number < 8 {
        let mut group = 0;
        while group < 64 {
            // The outer two bits choose the row, the inner four the column.
            let row = (group >> 4 & 0b10) | (group & 1);
            let column = group >> 1 & 0xf;
            let value = S_BOXES[number][row * 16 + column] as u64;
            tables[number][group] = permute(value << (28 - 4 * number), 32, &PERMUTATION) as u32;
            group += 1;
        }
        number += 1;
    }
    tables
}

const INITIAL_PERMUTATION: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, //
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8, //
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, //
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

const FINAL_PERMUTATION: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, //
    38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29, //
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, //
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];

const PERMUTATION: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, //
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];

const PERMUTED_CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, //
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, //
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, //
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

const PERMUTED_CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, //
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const KEY_SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

const S_BOXES: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, //
        0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8, //
        4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, //
        15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, //
        3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5, //
        0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, //
        13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, //
        13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1, //
        13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, //
        1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, //
        13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9, //
        10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, //
        3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, //
        14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6, //
        4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, //
        11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, //
        10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8, //
        9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, //
        4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, //
        13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6, //
        1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, //
        6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, //
        1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2, //
        7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, //
        2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];

#[cfg(test)]
mod tests {
    use super::{Schedule, encrypt};

    #[test]
    fn without_salt_it_is_plain_des() {
        // The worked example known from J. Orlin Grabbe's "The DES Algorithm Illustrated".
        let schedule = Schedule::new(0x1334_5779_9bbc_dff1);
        assert_eq!(
            encrypt(0x0123_4567_89ab_cdef, &schedule, 0, 1),
            0x85e8_1354_0f0a_b405
        );
    }
}
