//! Random passwords that fit any policy of Cognito's. The permanent password of an imported user
//! is never stored, never shown, and wiped; it exists because only CONFIRMED users can use
//! forgot-password, and AdminSetUserPassword is the one silent way to that status. Temporary
//! passwords are made here too, from a secret that `temporary_passwords` keeps.

use django_password::PlainPassword;
use zeroize::Zeroizing;

/// Classes that any policy of Cognito's may demand (`PasswordPolicyType`). The symbols are a
/// subset of those it counts as symbols, without quotes, backslash and spaces.
const CLASSES: [&[u8]; 4] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"abcdefghijklmnopqrstuvwxyz",
    b"0123456789",
    b"!#%*+-.=?@^_~",
];

/// Over 240 bits from the 75 characters.
const LENGTH: usize = 40;
/// Over 95 bits, for passwords that people copy.
const SHORT_LENGTH: usize = 16;

/// A password with every class in it, at least as long as the pool's policy asks.
///
/// # Panics
///
/// When the operating system has no randomness to give.
pub(crate) fn random_password(minimum_length: usize) -> PlainPassword {
    // A call to the system for every byte would cost more than the request that carries them.
    let mut bytes = Zeroizing::new([0; 128]);
    let mut used = bytes.len();
    let mut system = || {
        if used == bytes.len() {
            getrandom::fill(&mut *bytes).expect("the operating system gives randomness");
            used = 0;
        }
        used += 1;
        bytes[used - 1]
    };
    password(LENGTH.max(minimum_length), &mut system)
}

/// The same from other random bytes, and no longer than it must be.
pub(crate) fn short_password(
    minimum_length: usize,
    random: &mut impl FnMut() -> u8,
) -> PlainPassword {
    password(SHORT_LENGTH.max(minimum_length), random)
}

fn password(length: usize, random: &mut impl FnMut() -> u8) -> PlainPassword {
    let alphabet: Vec<u8> = CLASSES.concat();
    let mut password = Zeroizing::new(vec![0; length]);
    for (index, character) in password.iter_mut().enumerate() {
        let class = CLASSES.get(index).copied().unwrap_or(&alphabet);
        *character = class[below(class.len(), random)];
    }
    // The first four places have known classes; shuffled, no place has (Fisher-Yates).
    for index in (1..length).rev() {
        password.swap(index, below(index + 1, random));
    }
    let text = std::str::from_utf8(&password).expect("the alphabet is ASCII");
    PlainPassword::new(text)
}

/// A uniform number below `bound`, which is at most 256.
fn below(bound: usize, random: &mut impl FnMut() -> u8) -> usize {
    // Values past the last whole multiple of the bound would favour small numbers.
    let usable = 256 - 256 % bound;
    loop {
        let number = usize::from(random());
        if number < usable {
            return number % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_met_and_no_two_are_alike() {
        let mut seen = std::collections::BTreeSet::new();
        for minimum_length in [6, 8, 40, 99] {
            for _ in 0..50 {
                let password = random_password(minimum_length);
                let text = password.expose();
                assert!(text.len() >= minimum_length && text.len() <= 256);
                let bytes = text.as_bytes();
                assert!(
                    CLASSES
                        .iter()
                        .all(|class| bytes.iter().any(|b| class.contains(b)))
                );
                assert!(seen.insert(text.to_owned()));
            }
        }
    }
}
