//! crypt(3)'s `$1$` (P.-H. Kamp's for FreeBSD 2.0), and Apache's `$apr1$`, which differs in the mark
//! alone.
//!
//! Responsible for its thousand rounds; no crate in the workspace has them. Knows nothing about
//! the string around the result.

use md5::{Digest, Md5};

use crate::hashers::radix64::push_little_endian;

/// The result's last part. `salt` has at most eight characters; `mark` is `$1$` or `$apr1$`.
pub(super) fn crypt(password: &[u8], salt: &[u8], mark: &[u8]) -> String {
    let mut alternate = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize();

    let mut context = Md5::new()
        .chain_update(password)
        .chain_update(mark)
        .chain_update(salt);
    for (_, byte) in password.iter().zip(alternate.iter().cycle()) {
        context.update([*byte]);
    }
    // One byte for each bit of the length: zero, or the password's first. That the zero comes from
    // a buffer cleared a line before made it part of the format.
    let first = password.first().copied().unwrap_or(0);
    let mut length = password.len();
    while length > 0 {
        context.update([if length & 1 == 1 { 0 } else { first }]);
        length >>= 1;
    }
    alternate = context.finalize();

    for round in 0..1_000_u32 {
        let mut context = Md5::new();
        let odd = round & 1 == 1;
        if odd {
            context.update(password);
        } else {
            context.update(alternate);
        }
        if !round.is_multiple_of(3) {
            context.update(salt);
        }
        if !round.is_multiple_of(7) {
            context.update(password);
        }
        if odd {
            context.update(alternate);
        } else {
            context.update(password);
        }
        alternate = context.finalize();
    }

    let byte = |index: usize| u32::from(alternate.get(index).copied().unwrap_or(0));
    let mut output = String::with_capacity(22);
    for [high, middle, low] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        push_little_endian(
            &mut output,
            byte(high) << 16 | byte(middle) << 8 | byte(low),
            4,
        );
    }
    push_little_endian(&mut output, byte(11), 2);
    output
}
