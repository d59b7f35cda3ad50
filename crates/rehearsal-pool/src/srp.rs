//! The server's side of the secure remote password protocol, as Cognito speaks it.
//!
//! Responsible for the arithmetic and the proof. It must not know users or requests.
//!
//! Sources: RFC 5054 (protocol 6a, here with SHA-256), RFC 3526 (the 3072-bit group); Cognito's own
//! choices (padding, key derivation, what the signature covers) as the clients that AWS ships make
//! them: amazon-cognito-identity-js, AuthenticationHelper and CognitoUser.

use std::sync::LazyLock;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use zeroize::Zeroizing;

use crate::random;

/// RFC 3526, group 15.
const PRIME: &str = "\
    FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
    020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
    4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
    98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB\
    9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
    E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718\
    3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33\
    A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
    ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864\
    D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2\
    08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

struct Group {
    prime: BigUint,
    generator: BigUint,
    /// `k = H(N | g)`.
    multiplier: BigUint,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let prime = BigUint::parse_bytes(PRIME.as_bytes(), 16).expect("hexadecimal digits");
    let generator = BigUint::from(2_u8);
    let multiplier = BigUint::from_bytes_be(&digest(&[&padded(&prime), &padded(&generator)]));
    Group {
        prime,
        generator,
        multiplier,
    }
});

/// What the server keeps between its challenge and the client's proof.
pub(crate) struct Exchange {
    client_public: BigUint,
    server_public: BigUint,
    /// The server's secret exponent `b`.
    secret: Zeroizing<[u8; 32]>,
    verifier: BigUint,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange(***)")
    }
}

/// What a client's proof covers besides the password.
pub(crate) struct Claim<'a> {
    pub(crate) pool_name: &'a str,
    pub(crate) user_id: &'a str,
    /// The secret block, base64 as the challenge had it.
    pub(crate) secret_block: &'a str,
    pub(crate) timestamp: &'a str,
}

impl Exchange {
    /// Starts an exchange with a client's public value (`SRP_A`, hexadecimal) for a user with the
    /// private value `x`; `None` for a public value that the protocol forbids.
    pub(crate) fn start(client_public: &str, x: &[u8; 32]) -> Option<Self> {
        let group = &*GROUP;
        let client_public = BigUint::parse_bytes(client_public.as_bytes(), 16)?;
        if &client_public % &group.prime == BigUint::ZERO {
            return None;
        }
        let mut secret = Zeroizing::new([0; 32]);
        random::fill(&mut *secret);
        let verifier = group
            .generator
            .modpow(&BigUint::from_bytes_be(x), &group.prime);
        let own = group
            .generator
            .modpow(&BigUint::from_bytes_be(&*secret), &group.prime);
        let server_public = (&group.multiplier * &verifier + own) % &group.prime;
        Some(Self {
            client_public,
            server_public,
            secret,
            verifier,
        })
    }

    /// `SRP_B`.
    pub(crate) fn server_public(&self) -> String {
        self.server_public.to_str_radix(16)
    }

    /// Whether a signature (base64) proves that the client knows the password.
    pub(crate) fn proves(&self, claim: &Claim<'_>, signature: &str) -> bool {
        let (Ok(block), Ok(signature)) = (
            STANDARD.decode(claim.secret_block),
            STANDARD.decode(signature),
        ) else {
            return false;
        };
        let group = &*GROUP;
        let u = digest(&[&padded(&self.client_public), &padded(&self.server_public)]);
        let u = BigUint::from_bytes_be(&u);
        let base = &self.client_public * self.verifier.modpow(&u, &group.prime);
        let shared = base.modpow(&BigUint::from_bytes_be(&*self.secret), &group.prime);
        let key = derived_key(&padded(&shared), &padded(&u));
        let mut message = Vec::new();
        for part in [
            claim.pool_name.as_bytes(),
            claim.user_id.as_bytes(),
            &block,
            claim.timestamp.as_bytes(),
        ] {
            message.extend_from_slice(part);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        hmac::verify(&key, &message, &signature).is_ok()
    }
}

/// The number's bytes as the clients hash them: with a zero in front where the first bit is set,
/// as a signed number is written.
fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}

fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        16
    }
}

fn derived_key(shared: &[u8], salt: &[u8]) -> Zeroizing<[u8; 16]> {
    let mut key = Zeroizing::new([0; 16]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(shared)
        .expand(&[b"Caldera Derived Key"], KeyLength)
        .and_then(|derived| derived.fill(&mut *key))
        .expect("16 bytes are well below HKDF's limit");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_multiplier_is_the_one_clients_compute() {
        // python: sha256(bytes.fromhex("00" + N + "02"))
        assert_eq!(
            GROUP.multiplier.to_str_radix(16),
            "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"
        );
    }

    #[test]
    fn a_public_value_of_zero_is_refused() {
        assert!(Exchange::start("0", &[1; 32]).is_none());
        assert!(Exchange::start(PRIME, &[1; 32]).is_none());
        assert!(Exchange::start("not a number", &[1; 32]).is_none());
        assert!(Exchange::start("2", &[1; 32]).is_some());
    }

    #[test]
    fn numbers_are_padded_like_signed_ones() {
        assert_eq!(padded(&BigUint::from(0x7f_u8)), [0x7f]);
        assert_eq!(padded(&BigUint::from(0x80_u8)), [0, 0x80]);
    }
}
