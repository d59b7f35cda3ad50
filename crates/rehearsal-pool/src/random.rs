//! Random bytes, identifiers and codes.
//!
//! Responsible for everything the pool makes up: ids in Cognito's forms, codes, secrets. Source of
//! randomness: the operating system, through `aws-lc-rs`.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Fills `bytes` with random ones.
pub(crate) fn fill(bytes: &mut [u8]) {
    SystemRandom::new()
        .fill(bytes)
        .expect("the operating system gives random bytes");
}

/// `length` characters out of `alphabet`.
pub(crate) fn text(length: usize, alphabet: &[u8]) -> String {
    let limit = 256 - 256 % alphabet.len();
    let mut out = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while out.len() < length {
        fill(&mut bytes);
        // Bytes beyond the last whole multiple of the alphabet are left out, so that every
        // character is as likely as every other.
        let usable = bytes.iter().filter(|byte| usize::from(**byte) < limit);
        for byte in usable.take(length - out.len()) {
            out.push(char::from(alphabet[usize::from(*byte) % alphabet.len()]));
        }
    }
    out
}

const LOWER_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `<region>_<9 letters and digits>`, as pool ids are.
pub(crate) fn pool_id(region: &str) -> String {
    format!("{region}_{}", text(9, LETTERS_AND_DIGITS))
}

/// 26 lower-case letters and digits, as app client ids are.
pub(crate) fn client_id() -> String {
    text(26, LOWER_AND_DIGITS)
}

/// 51 lower-case letters and digits, as app client secrets are.
pub(crate) fn client_secret() -> String {
    text(51, LOWER_AND_DIGITS)
}

/// `import-` and ten letters and digits, as import job ids are.
pub(crate) fn import_job_id() -> String {
    format!("import-{}", text(10, LETTERS_AND_DIGITS))
}

/// Six digits, as confirmation codes are.
pub(crate) fn code() -> String {
    text(6, b"0123456789")
}

/// A challenge session: opaque; the API model wants 20 to 2048 characters.
pub(crate) fn session() -> String {
    text(64, LETTERS_AND_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_length_and_letters_asked_for() {
        for length in [0, 1, 6, 64, 200] {
            let made = text(length, b"01");
            assert_eq!(made.len(), length);
            assert!(made.bytes().all(|byte| byte == b'0' || byte == b'1'));
        }
        assert_ne!(client_id(), client_id());
    }
}
