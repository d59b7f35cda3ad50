//! PBKDF2 (RFC 8018, section 5.2) for a key of one digest's length, which is all Django asks for.
//!
//! Responsible for speed: Cognito waits five seconds, and the rounds are all of them. Each round is
//! two compressions that depend on each other, so the floor is their latency. This loop adds as
//! little as it can: the key pads are compressed once, never per round; both message blocks keep
//! their constant padding and length; the state goes from one block into the other as words. The
//! compression function is sha2's and sha1's own, which find the CPU's SHA instructions at run time.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

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
    let mut key = key_block::<Sha256>(password);
    let mut inner_pad = key.map(|byte| byte ^ 0x36);
    let mut outer_pad = key.map(|byte| byte ^ 0x5c);

    let mut inner_key = SHA256_INITIAL;
    sha2::block_api::compress256(&mut inner_key, &[inner_pad]);
    let mut outer_key = SHA256_INITIAL;
    sha2::block_api::compress256(&mut outer_key, &[outer_pad]);

    let first = first_round::<Sha256>(&inner_pad, &outer_pad, salt);
    let mut result: [u32; 8] = words(&first);
    let mut block: Block = padded_digest(&first);

    for _ in 1..iterations {
        let mut state = inner_key;
        sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        state = outer_key;
        sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        for (total, word) in result.iter_mut().zip(state) {
            *total ^= word;
        }
    }

    let mut output = [0; 32];
    put_words(&mut output, &result);
    for secret in [&mut key, &mut inner_pad, &mut outer_pad, &mut block] {
        secret.zeroize();
    }
    inner_key.zeroize();
    outer_key.zeroize();
    output
}

/// PBKDF2-HMAC-SHA1 with a 20-byte result. `iterations` of 0 counts as 1.
pub(super) fn pbkdf2_sha1(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 20] {
    let mut key = key_block::<Sha1>(password);
    let mut inner_pad = key.map(|byte| byte ^ 0x36);
    let mut outer_pad = key.map(|byte| byte ^ 0x5c);

    let mut inner_key = SHA1_INITIAL;
    sha1::block_api::compress(&mut inner_key, &[inner_pad]);
    let mut outer_key = SHA1_INITIAL;
    sha1::block_api::compress(&mut outer_key, &[outer_pad]);

    let first = first_round::<Sha1>(&inner_pad, &outer_pad, salt);
    let mut result: [u32; 5] = words(&first);
    let mut block: Block = padded_digest(&first);

    for _ in 1..iterations {
        let mut state = inner_key;
        sha1::block_api::compress(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        state = outer_key;
        sha1::block_api::compress(&mut state, std::slice::from_ref(&block));
        put_words(&mut block, &state);
        for (total, word) in result.iter_mut().zip(state) {
            *total ^= word;
        }
    }

    let mut output = [0; 20];
    put_words(&mut output, &result);
    for secret in [&mut key, &mut inner_pad, &mut outer_pad, &mut block] {
        secret.zeroize();
    }
    inner_key.zeroize();
    outer_key.zeroize();
    output
}

/// HMAC's key block: the key, hashed first if it is longer than a block, padded with zeros.
fn key_block<D: Digest>(password: &[u8]) -> Block {
    let mut block = [0; BLOCK];
    if password.len() > BLOCK {
        put_bytes(&mut block, &D::digest(password));
    } else {
        put_bytes(&mut block, password);
    }
    block
}

/// U1 = HMAC(password, salt || 1). The salt may have any length.
fn first_round<D: Digest>(inner_pad: &Block, outer_pad: &Block, salt: &[u8]) -> Vec<u8> {
    let inner = D::new()
        .chain_update(inner_pad)
        .chain_update(salt)
        .chain_update(1_u32.to_be_bytes())
        .finalize();
    D::new()
        .chain_update(outer_pad)
        .chain_update(inner)
        .finalize()
        .to_vec()
}

/// The block that holds one digest after a key pad: digest, end mark, zeros, length in bits.
fn padded_digest(digest: &[u8]) -> Block {
    let mut block = [0; BLOCK];
    put_bytes(&mut block, digest);
    if let Some(mark) = block.get_mut(digest.len()) {
        *mark = 0x80;
    }
    let bits = (BLOCK as u64)
        .saturating_add(digest.len() as u64)
        .saturating_mul(8);
    if let Some(length) = block.last_chunk_mut() {
        *length = bits.to_be_bytes();
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
