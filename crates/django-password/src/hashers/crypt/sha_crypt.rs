//! crypt(3)'s `$5$` and `$6$` ("Unix crypt using SHA-256 and SHA-512", U. Drepper).
//!
//! Responsible for the rounds' spelling and the result's odd order of bytes. The computation is
//! RustCrypto's.

use ::sha_crypt::{Params, sha256_crypt, sha512_crypt};

use crate::decimal::canonical_decimal_u32;
use crate::hashers::radix64::push_little_endian;
use crate::malformation::{Fault, Field, Malformation};

/// The digest under a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShaCryptDigest {
    /// `$5$`.
    Sha256,
    /// `$6$`.
    Sha512,
}

/// Without `rounds=`.
pub(super) const DEFAULT_ROUNDS: u32 = 5_000;

/// The specification's bounds; libxcrypt refuses what is outside.
pub(super) fn read_rounds(text: &str) -> Result<u32, Malformation> {
    match canonical_decimal_u32(text) {
        Some(rounds @ 1_000..=999_999_999) => Ok(rounds),
        Some(_) => Err(Malformation::new(Field::Iterations, Fault::OutOfRange)),
        None => Err(Malformation::new(Field::Iterations, Fault::NotANumber)),
    }
}

/// The result's last part.
pub(super) fn crypt(digest: ShaCryptDigest, password: &[u8], salt: &[u8], rounds: u32) -> String {
    // `read_rounds` admits only what `Params` does.
    let params = Params::new(rounds).unwrap_or(Params::RECOMMENDED);
    match digest {
        ShaCryptDigest::Sha256 => {
            let bytes = sha256_crypt(password, salt, params);
            // 0 10 20, 21 1 11, 12 22 2, … and 31 30 at the end.
            encode(&bytes, 10, 2, &[30, 31])
        }
        ShaCryptDigest::Sha512 => {
            let bytes = sha512_crypt(password, salt, params);
            // 0 21 42, 22 43 1, 44 2 23, … and 63 at the end.
            encode(&bytes, 21, 1, &[63])
        }
    }
}

/// Writes three bytes in four characters. The bytes of a group are a third of the digest apart;
/// from group to group each moves up by one and they rotate left by `turn` places. `rest` is what
/// the thirds leave over, the least significant first.
fn encode(bytes: &[u8], third: usize, turn: usize, rest: &[usize]) -> String {
    let byte = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let mut output = String::with_capacity(86);
    for group in 0..third {
        let mut order =
            [0, third, third.saturating_mul(2)].map(|start| start.saturating_add(group));
        order.rotate_left(group.wrapping_mul(turn) % 3);
        let [high, middle, low] = order.map(byte);
        push_little_endian(&mut output, high << 16 | middle << 8 | low, 4);
    }
    let value = rest
        .iter()
        .rev()
        .fold(0, |value, index| value << 8 | byte(*index));
    push_little_endian(&mut output, value, rest.len().saturating_add(1));
    output
}
