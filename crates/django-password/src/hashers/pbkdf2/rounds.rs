//! PBKDF2 (RFC 8018, section 5.2) for a key of one digest's length, which is all Django asks for; longer keys
//! are such parts in a row.
//!
//! Responsible for speed: Cognito waits five seconds, and the rounds are all of them. Each round is
//! two compressions that depend on each other, so their latency is the floor, and this module adds
//! as little to it as it can: the key's pads are compressed once, never per round, and digests are
//! not padded anew. Where the CPU has x86-64's SHA instructions, `sha_instructions` does the rounds;
//! elsewhere sha2's and sha1's own compression functions do, which know other CPUs' instructions.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

#[cfg(all(target_arch = "x86_64", not(django_password_portable)))]
use super::sha_instructions;

/// The block length of SHA-1 and SHA-256, in bytes.
const BLOCK: usize = 64;

type Block = [u8; BLOCK];

/// The initial state of SHA-256 (FIPS 180-4, section 5.3.3).
const SHA256_INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The initial state of SHA-1 (FIPS 180-4, section 5.3.1).
const SHA1_INITIAL: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// PBKDF2-HMAC-SHA256 with a 32-byte result. `iterations` of 0 counts as 1.
pub(super) fn pbkdf2_sha256(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    pbkdf2_sha256_block(password, salt, iterations, 1)
}

/// As above, the result's part of that number, counted from 1.
pub(super) fn pbkdf2_sha256_block(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    block: u32,
) -> [u8; 32] {
    let pads = Pads::new::<Sha256>(password);
    let mut inner_key = SHA256_INITIAL;
    sha2::block_api::compress256(&mut inner_key, &[*pads.inner]);
    let mut outer_key = SHA256_INITIAL;
    sha2::block_api::compress256(&mut outer_key, &[*pads.outer]);

    let first = words(&pads.first_round::<Sha256>(salt, block));
    let result =
        further_sha256_rounds(&inner_key, &outer_key, &first, iterations.saturating_sub(1));
    inner_key.zeroize();
    outer_key.zeroize();
    let mut output = [0; 32];
    put_words(&mut output, &result);
    output
}

/// PBKDF2-HMAC-SHA1 with a 20-byte result. `iterations` of 0 counts as 1.
pub(super) fn pbkdf2_sha1(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 20] {
    pbkdf2_sha1_block(password, salt, iterations, 1)
}

/// As above, the result's part of that number, counted from 1.
pub(super) fn pbkdf2_sha1_block(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    block: u32,
) -> [u8; 20] {
    let pads = Pads::new::<Sha1>(password);
    let mut inner_key = SHA1_INITIAL;
    sha1::block_api::compress(&mut inner_key, &[*pads.inner]);
    let mut outer_key = SHA1_INITIAL;
    sha1::block_api::compress(&mut outer_key, &[*pads.outer]);

    let first = words(&pads.first_round::<Sha1>(salt, block));
    let result = further_sha1_rounds(&inner_key, &outer_key, &first, iterations.saturating_sub(1));
    inner_key.zeroize();
    outer_key.zeroize();
    let mut output = [0; 20];
    put_words(&mut output, &result);
    output
}

/// U1 ^ U2 ^ … from the states after the pads, U1 and the number of rounds after it.
#[cfg(all(target_arch = "x86_64", not(django_password_portable)))]
#[expect(
    unsafe_code,
    reason = "the one way to call code for CPU features found at run time"
)]
fn further_sha256_rounds(
    inner_key: &[u32; 8],
    outer_key: &[u32; 8],
    first: &[u32; 8],
    further: u32,
) -> [u32; 8] {
    if sha_instructions::available() {
        // SAFETY: the function is safe in itself and demands only the CPU features that
        // `available` has just found. It takes references and touches no other memory.
        unsafe { sha_instructions::sha256_rounds(inner_key, outer_key, first, further) }
    } else {
        portable_sha256_rounds(inner_key, outer_key, first, further)
    }
}

/// As [`further_sha256_rounds`].
#[cfg(all(target_arch = "x86_64", not(django_password_portable)))]
#[expect(
    unsafe_code,
    reason = "the one way to call code for CPU features found at run time"
)]
fn further_sha1_rounds(
    inner_key: &[u32; 5],
    outer_key: &[u32; 5],
    first: &[u32; 5],
    further: u32,
) -> [u32; 5] {
    if sha_instructions::available() {
        // SAFETY: as above.
        unsafe { sha_instructions::sha1_rounds(inner_key, outer_key, first, further) }
    } else {
        portable_sha1_rounds(inner_key, outer_key, first, further)
    }
}

#[cfg(not(all(target_arch = "x86_64", not(django_password_portable))))]
use {
    portable_sha1_rounds as further_sha1_rounds, portable_sha256_rounds as further_sha256_rounds,
};

/// The rounds by way of a compression function for whole blocks.
fn portable_sha256_rounds(
    inner_key: &[u32; 8],
    outer_key: &[u32; 8],
    first: &[u32; 8],
    further: u32,
) -> [u32; 8] {
    let mut result = *first;
    // Padding and length stay in the block; only the digest in front changes.
    let mut block = digest_block(first);
    for _ in 0..further {
        let mut state = *inner_key;
        sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        state = *outer_key;
        sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        for (total, word) in result.iter_mut().zip(state) {
            *total ^= word;
        }
    }
    block.zeroize();
    result
}

/// As [`portable_sha256_rounds`].
fn portable_sha1_rounds(
    inner_key: &[u32; 5],
    outer_key: &[u32; 5],
    first: &[u32; 5],
    further: u32,
) -> [u32; 5] {
    let mut result = *first;
    let mut block = digest_block(first);
    for _ in 0..further {
        let mut state = *inner_key;
        sha1::block_api::compress(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        state = *outer_key;
        sha1::block_api::compress(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        for (total, word) in result.iter_mut().zip(state) {
            *total ^= word;
        }
    }
    block.zeroize();
    result
}

/// HMAC's two pads (RFC 2104): the key XORed with one byte, and with another.
struct Pads {
    inner: Zeroizing<Block>,
    outer: Zeroizing<Block>,
}

impl Pads {
    fn new<D: Digest>(password: &[u8]) -> Self {
        let key = key_block::<D>(password);
        Self {
            inner: Zeroizing::new(key.map(|byte| byte ^ 0x36)),
            outer: Zeroizing::new(key.map(|byte| byte ^ 0x5c)),
        }
    }

    /// U1 = HMAC(password, salt || block). The salt may have any length.
    fn first_round<D: Digest>(&self, salt: &[u8], block: u32) -> Zeroizing<Vec<u8>> {
        let inner = D::new()
            .chain_update(self.inner.as_slice())
            .chain_update(salt)
            .chain_update(block.to_be_bytes())
            .finalize();
        let outer = D::new()
            .chain_update(self.outer.as_slice())
            .chain_update(inner)
            .finalize();
        Zeroizing::new(outer.to_vec())
    }
}

/// HMAC's key block: the key, hashed first if it is longer than a block, padded with zeros.
fn key_block<D: Digest>(password: &[u8]) -> Zeroizing<Block> {
    let mut block = Zeroizing::new([0; BLOCK]);
    if password.len() > BLOCK {
        put_bytes(&mut *block, &D::digest(password));
    } else {
        put_bytes(&mut *block, password);
    }
    block
}

/// The block that holds one digest after a key pad: digest, end mark, zeros, length in bits.
fn digest_block(digest: &[u32]) -> Block {
    let mut block = [0; BLOCK];
    put_words(&mut block, digest);
    let length = digest.len().saturating_mul(4);
    if let Some(mark) = block.get_mut(length) {
        *mark = 0x80;
    }
    let bits = (BLOCK as u64)
        .saturating_add(length as u64)
        .saturating_mul(8);
    if let Some(field) = block.last_chunk_mut() {
        *field = bits.to_be_bytes();
    }
    block
}

fn put_bytes(target: &mut [u8], bytes: &[u8]) {
    for (target, byte) in target.iter_mut().zip(bytes) {
        *target = *byte;
    }
}

#[inline(always)]
fn put_words(target: &mut [u8], words: &[u32]) {
    for (target, word) in target.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *target = word.to_be_bytes();
    }
}

fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{
        further_sha1_rounds, further_sha256_rounds, pbkdf2_sha1, pbkdf2_sha256,
        portable_sha1_rounds, portable_sha256_rounds,
    };

    /// Words that look random, from a linear congruential generator (Knuth's MMIX constants).
    fn noise<const N: usize>(seed: u64) -> [u32; N] {
        let mut state = seed;
        [(); N].map(|()| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            (state >> 32) as u32
        })
    }

    #[test]
    fn the_sha_instructions_and_the_portable_rounds_agree() {
        for seed in 0..200 {
            let rounds = seed as u32 % 7;
            let (inner, outer, first) = (noise(seed), noise(seed + 1_000), noise(seed + 2_000));
            assert_eq!(
                further_sha256_rounds(&inner, &outer, &first, rounds),
                portable_sha256_rounds(&inner, &outer, &first, rounds)
            );
            let (inner, outer, first) = (noise(seed), noise(seed + 1_000), noise(seed + 2_000));
            assert_eq!(
                further_sha1_rounds(&inner, &outer, &first, rounds),
                portable_sha1_rounds(&inner, &outer, &first, rounds)
            );
        }
    }

    #[test]
    fn published_results_come_out() {
        // RFC 6070, the third and the fifth of its cases.
        let sha1 = |password: &[u8], salt: &[u8], rounds| hex(&pbkdf2_sha1(password, salt, rounds));
        assert_eq!(
            sha1(b"password", b"salt", 1),
            "0c60c80f961f0e71f3a9b524af6012062fe037a6"
        );
        assert_eq!(
            sha1(b"password", b"salt", 4096),
            "4b007901b765489abead49d926f721d065a429c1"
        );
        // RFC 7914, section 11: the first half of its 64 bytes.
        assert_eq!(
            hex(&pbkdf2_sha256(b"passwd", b"salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
        assert_eq!(
            hex(&pbkdf2_sha256(b"Password", b"NaCl", 80_000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        crate::hashers::hexadecimal::hex(bytes)
    }
}
