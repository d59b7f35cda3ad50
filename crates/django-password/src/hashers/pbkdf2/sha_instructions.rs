//! The rounds of PBKDF2 with x86-64's SHA instructions, for what PBKDF2 leaves constant.
//!
//! Responsible for going below what a general compression function can do. In every round but the
//! first both messages are a digest and fixed padding, so here
//!
//! - digests stay in registers, in the order the instructions want: no byte is swapped, no state
//!   is packed or unpacked, nothing goes through memory;
//! - the second half of the block is a constant, and so is its part of the message schedule:
//!   round constants are added, and the schedule's sums of constants taken, at compile time.
//!
//! What is left is the latency of the round instructions themselves. `rounds` asks whether the CPU
//! has the instructions and calls this; everything here is safe code once that is known. Follows
//! FIPS 180-4 for the functions and the Intel SDM for what the instructions do.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_castps_si128, _mm_castsi128_ps, _mm_extract_epi32,
    _mm_set_epi32, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32,
    _mm_sha1rnds4_epu32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi32, _mm_shuffle_ps, _mm_xor_si128,
};

/// Whether this CPU has every instruction this module uses.
pub(super) fn available() -> bool {
    std::is_x86_feature_detected!("sha")
        && std::is_x86_feature_detected!("sse4.1")
        && std::is_x86_feature_detected!("ssse3")
}

/// The sum of all rounds' digests after `first`, for `further` rounds; XORed into `first`.
///
/// `inner_key` and `outer_key` are the states after the key's pads.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub(super) fn sha256_rounds(
    inner_key: &[u32; 8],
    outer_key: &[u32; 8],
    first: &[u32; 8],
    further: u32,
) -> [u32; 8] {
    let inner_key = Sha256State::new(inner_key);
    let outer_key = Sha256State::new(outer_key);
    let mut digest = Sha256State::new(first);
    let mut total = digest;
    for _ in 0..further {
        digest = inner_key.compress_digest(digest);
        digest = outer_key.compress_digest(digest);
        total.abef = _mm_xor_si128(total.abef, digest.abef);
        total.cdgh = _mm_xor_si128(total.cdgh, digest.cdgh);
    }
    total.words()
}

/// A SHA-256 state as `sha256rnds2` wants it, the first-named word in the highest lane.
#[derive(Clone, Copy)]
struct Sha256State {
    abef: __m128i,
    cdgh: __m128i,
}

/// The round constants (FIPS 180-4, section 4.2.2).
const K256: [[u32; 4]; 16] = [
    [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
    [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
    [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
    [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
    [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
    [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
    [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
    [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
    [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
    [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
    [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
    [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
    [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
];

/// Words 8 to 15 of a block that holds a digest of 32 bytes after a key block: the end mark, and
/// the length of both in bits.
const SHA256_PADDING: [[u32; 4]; 2] = [[0x8000_0000, 0, 0, 0], [0, 0, 0, 768]];

/// What `sha256msg1` makes of the padding alone: each word and σ0 of the next.
const SHA256_PADDING_EXPANDED: [u32; 4] = {
    let [[w8, w9, w10, w11], [w12, ..]] = SHA256_PADDING;
    [
        expand(w8, w9),
        expand(w9, w10),
        expand(w10, w11),
        expand(w11, w12),
    ]
};

/// A word and σ0 of the next (FIPS 180-4, equation 4.6).
const fn expand(word: u32, next: u32) -> u32 {
    word.wrapping_add(next.rotate_right(7) ^ next.rotate_right(18) ^ next >> 3)
}

impl Sha256State {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn new([a, b, c, d, e, f, g, h]: &[u32; 8]) -> Self {
        Self {
            abef: lanes([*f, *e, *b, *a]),
            cdgh: lanes([*h, *g, *d, *c]),
        }
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn words(self) -> [u32; 8] {
        let [f, e, b, a] = words(self.abef);
        let [h, g, d, c] = words(self.cdgh);
        [a, b, c, d, e, f, g, h]
    }

    /// Compresses the block that holds `digest` and its padding into this state.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn compress_digest(self, digest: Self) -> Self {
        let [
            k0,
            k1,
            k2,
            k3,
            k4,
            k5,
            k6,
            k7,
            k8,
            k9,
            k10,
            k11,
            k12,
            k13,
            k14,
            k15,
        ] = K256;
        let [padding_2, padding_3] = SHA256_PADDING;

        // Message words, the first-named in the lowest lane.
        let (abef, cdgh) = (_mm_castsi128_ps(digest.abef), _mm_castsi128_ps(digest.cdgh));
        let w0 = _mm_castps_si128(_mm_shuffle_ps::<0b10_11_10_11>(abef, cdgh));
        let w1 = _mm_castps_si128(_mm_shuffle_ps::<0b00_01_00_01>(abef, cdgh));
        let (w2, w3) = (lanes(padding_2), lanes(padding_3));

        let state = self.four_rounds(w0, k0).four_rounds(w1, k1);
        let state = state.four_constant_rounds(sums(padding_2, k2));
        let state = state.four_constant_rounds(sums(padding_3, k3));

        // W[t] = σ1(W[t-2]) + W[t-7] + σ0(W[t-15]) + W[t-16], four at a time.
        let w4 = schedule(_mm_sha256msg1_epu32(w0, w1), w2, w3);
        let state = state.four_rounds(w4, k4);
        let w5 = schedule(_mm_sha256msg1_epu32(w1, w2), w3, w4);
        let state = state.four_rounds(w5, k5);
        let w6 = schedule(lanes(SHA256_PADDING_EXPANDED), w4, w5);
        let state = state.four_rounds(w6, k6);
        let w7 = schedule(_mm_sha256msg1_epu32(w3, w4), w5, w6);
        let state = state.four_rounds(w7, k7);
        let w8 = schedule(_mm_sha256msg1_epu32(w4, w5), w6, w7);
        let state = state.four_rounds(w8, k8);
        let w9 = schedule(_mm_sha256msg1_epu32(w5, w6), w7, w8);
        let state = state.four_rounds(w9, k9);
        let w10 = schedule(_mm_sha256msg1_epu32(w6, w7), w8, w9);
        let state = state.four_rounds(w10, k10);
        let w11 = schedule(_mm_sha256msg1_epu32(w7, w8), w9, w10);
        let state = state.four_rounds(w11, k11);
        let w12 = schedule(_mm_sha256msg1_epu32(w8, w9), w10, w11);
        let state = state.four_rounds(w12, k12);
        let w13 = schedule(_mm_sha256msg1_epu32(w9, w10), w11, w12);
        let state = state.four_rounds(w13, k13);
        let w14 = schedule(_mm_sha256msg1_epu32(w10, w11), w12, w13);
        let state = state.four_rounds(w14, k14);
        let w15 = schedule(_mm_sha256msg1_epu32(w11, w12), w13, w14);
        let state = state.four_rounds(w15, k15);

        Self {
            abef: _mm_add_epi32(state.abef, self.abef),
            cdgh: _mm_add_epi32(state.cdgh, self.cdgh),
        }
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn four_rounds(self, message: __m128i, constants: [u32; 4]) -> Self {
        self.four_sums(_mm_add_epi32(message, lanes(constants)))
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn four_constant_rounds(self, sums: [u32; 4]) -> Self {
        self.four_sums(lanes(sums))
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn four_sums(self, sums: __m128i) -> Self {
        let cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sums);
        let upper = _mm_shuffle_epi32::<0b00_00_11_10>(sums);
        let abef = _mm_sha256rnds2_epu32(self.abef, cdgh, upper);
        Self { abef, cdgh }
    }
}

/// Four words of the schedule: `expanded` is `sha256msg1` of those 16 and 12 back, `eight_back`
/// and `four_back` the groups since.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn schedule(expanded: __m128i, eight_back: __m128i, four_back: __m128i) -> __m128i {
    let seven_back = _mm_alignr_epi8::<4>(four_back, eight_back);
    _mm_sha256msg2_epu32(_mm_add_epi32(expanded, seven_back), four_back)
}

const fn sums([a, b, c, d]: [u32; 4], [e, f, g, h]: [u32; 4]) -> [u32; 4] {
    [
        a.wrapping_add(e),
        b.wrapping_add(f),
        c.wrapping_add(g),
        d.wrapping_add(h),
    ]
}

/// As [`sha256_rounds`], for SHA-1.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub(super) fn sha1_rounds(
    inner_key: &[u32; 5],
    outer_key: &[u32; 5],
    first: &[u32; 5],
    further: u32,
) -> [u32; 5] {
    let inner_key = Sha1State::new(inner_key);
    let outer_key = Sha1State::new(outer_key);
    let mut digest = Sha1State::new(first);
    let mut total = digest;
    for _ in 0..further {
        digest = inner_key.compress_digest(digest);
        digest = outer_key.compress_digest(digest);
        total.abcd = _mm_xor_si128(total.abcd, digest.abcd);
        total.e = _mm_xor_si128(total.e, digest.e);
    }
    total.words()
}

/// A SHA-1 state as `sha1rnds4` wants it: A and E in the highest lanes, zeros beside E.
#[derive(Clone, Copy)]
struct Sha1State {
    abcd: __m128i,
    e: __m128i,
}

/// Words 5 to 15 beside a digest of 20 bytes after a key block; the length of both in bits.
const SHA1_END_MARK: i32 = i32::MIN;
const SHA1_BITS: i32 = 672;

impl Sha1State {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn new([a, b, c, d, e]: &[u32; 5]) -> Self {
        Self {
            abcd: lanes([*d, *c, *b, *a]),
            e: lanes([0, 0, 0, *e]),
        }
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn words(self) -> [u32; 5] {
        let [d, c, b, a] = words(self.abcd);
        let [_, _, _, e] = words(self.e);
        [a, b, c, d, e]
    }

    /// Compresses the block that holds `digest` and its padding into this state.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn compress_digest(self, digest: Self) -> Self {
        // Message words, the first-named in the highest lane: the digest's own order.
        let w0 = digest.abcd;
        let w1 = _mm_xor_si128(digest.e, _mm_set_epi32(0, SHA1_END_MARK, 0, 0));
        let w2 = _mm_set_epi32(0, 0, 0, 0);
        let w3 = _mm_set_epi32(0, 0, 0, SHA1_BITS);

        // W[t] = (W[t-3] ^ W[t-8] ^ W[t-14] ^ W[t-16]) rotated left by 1, four at a time.
        let w4 = sha1_schedule(w0, w1, w2, w3);
        let w5 = sha1_schedule(w1, w2, w3, w4);
        let w6 = sha1_schedule(w2, w3, w4, w5);
        let w7 = sha1_schedule(w3, w4, w5, w6);
        let w8 = sha1_schedule(w4, w5, w6, w7);
        let w9 = sha1_schedule(w5, w6, w7, w8);
        let w10 = sha1_schedule(w6, w7, w8, w9);
        let w11 = sha1_schedule(w7, w8, w9, w10);
        let w12 = sha1_schedule(w8, w9, w10, w11);
        let w13 = sha1_schedule(w9, w10, w11, w12);
        let w14 = sha1_schedule(w10, w11, w12, w13);
        let w15 = sha1_schedule(w11, w12, w13, w14);
        let w16 = sha1_schedule(w12, w13, w14, w15);
        let w17 = sha1_schedule(w13, w14, w15, w16);
        let w18 = sha1_schedule(w14, w15, w16, w17);
        let w19 = sha1_schedule(w15, w16, w17, w18);

        // E is A of four rounds before, which `sha1nexte` rotates while it adds the message.
        let before = self.abcd;
        let state = _mm_sha1rnds4_epu32::<0>(before, _mm_add_epi32(self.e, w0));
        let (state, before) = sha1_four_rounds::<0>(state, before, w1);
        let (state, before) = sha1_four_rounds::<0>(state, before, w2);
        let (state, before) = sha1_four_rounds::<0>(state, before, w3);
        let (state, before) = sha1_four_rounds::<0>(state, before, w4);
        let (state, before) = sha1_four_rounds::<1>(state, before, w5);
        let (state, before) = sha1_four_rounds::<1>(state, before, w6);
        let (state, before) = sha1_four_rounds::<1>(state, before, w7);
        let (state, before) = sha1_four_rounds::<1>(state, before, w8);
        let (state, before) = sha1_four_rounds::<1>(state, before, w9);
        let (state, before) = sha1_four_rounds::<2>(state, before, w10);
        let (state, before) = sha1_four_rounds::<2>(state, before, w11);
        let (state, before) = sha1_four_rounds::<2>(state, before, w12);
        let (state, before) = sha1_four_rounds::<2>(state, before, w13);
        let (state, before) = sha1_four_rounds::<2>(state, before, w14);
        let (state, before) = sha1_four_rounds::<3>(state, before, w15);
        let (state, before) = sha1_four_rounds::<3>(state, before, w16);
        let (state, before) = sha1_four_rounds::<3>(state, before, w17);
        let (state, before) = sha1_four_rounds::<3>(state, before, w18);
        let (state, before) = sha1_four_rounds::<3>(state, before, w19);

        Self {
            abcd: _mm_add_epi32(state, self.abcd),
            e: _mm_sha1nexte_epu32(before, self.e),
        }
    }
}

/// The state after four rounds, and the one before them.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn sha1_four_rounds<const FUNCTION: i32>(
    state: __m128i,
    before: __m128i,
    message: __m128i,
) -> (__m128i, __m128i) {
    let e = _mm_sha1nexte_epu32(before, message);
    (_mm_sha1rnds4_epu32::<FUNCTION>(state, e), state)
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn sha1_schedule(w0: __m128i, w1: __m128i, w2: __m128i, w3: __m128i) -> __m128i {
    _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(w0, w1), w2), w3)
}

/// A vector, the first word in the lowest lane.
#[inline]
#[target_feature(enable = "sse2")]
fn lanes([a, b, c, d]: [u32; 4]) -> __m128i {
    _mm_set_epi32(
        d.cast_signed(),
        c.cast_signed(),
        b.cast_signed(),
        a.cast_signed(),
    )
}

/// A vector's words, the lowest lane first.
#[inline]
#[target_feature(enable = "sse4.1")]
fn words(vector: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<0>(vector),
        _mm_extract_epi32::<1>(vector),
        _mm_extract_epi32::<2>(vector),
        _mm_extract_epi32::<3>(vector),
    ]
    .map(i32::cast_unsigned)
}
