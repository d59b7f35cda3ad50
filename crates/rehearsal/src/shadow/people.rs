//! About how many people were seen, without a list of them. Each login sets one of 1,024 small
//! numbers by a hash that is keyed anew for every tally (HyperLogLog: Flajolet, Fusy, Gandouet,
//! Meunier 2007; its standard error is 1.04 / √1024, 3 %). Nobody can be read out of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const REGISTERS: usize = 1024;
/// Bits that choose the register.
const CHOOSING: u32 = 10;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct People {
    key: String,
    registers: Vec<u8>,
}

impl Default for People {
    fn default() -> People {
        People {
            key: Uuid::new_v4().to_string(),
            registers: vec![0; REGISTERS],
        }
    }
}

impl People {
    pub(super) fn note(&mut self, login: &str) {
        let mut hash = Sha256::new();
        hash.update(self.key.as_bytes());
        hash.update([0]);
        hash.update(login.to_lowercase().as_bytes());
        let hash = hash.finalize();
        let bits = hash
            .iter()
            .take(8)
            .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let register = (bits >> (u64::BITS - CHOOSING)) as usize;
        let rank = ((bits << CHOOSING) | (1 << (CHOOSING - 1))).leading_zeros() + 1;
        if let Some(register) = self.registers.get_mut(register) {
            *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
        }
    }

    /// Whether it can be counted with: a file may say anything.
    pub(super) fn is_whole(&self) -> bool {
        self.registers.len() == REGISTERS && self.registers.iter().all(|rank| *rank <= 64)
    }

    pub(super) fn about(&self) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "1,024 of them")]
        let registers = REGISTERS as f64;
        let sum: f64 = self
            .registers
            .iter()
            .map(|rank| 0.5_f64.powi(i32::from(*rank)))
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count();
        let estimate = match u32::try_from(empty) {
            // Few people: counting empty registers is nearer.
            Ok(empty) if empty > 0 && raw <= 2.5 * registers => {
                registers * (registers / f64::from(empty)).ln()
            }
            _ => raw,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, never negative"
        )]
        let people = estimate.round() as u64;
        people
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted_once_each_and_within_a_tenth() {
        for people in [0_u32, 1, 10, 400, 3_000, 50_000] {
            let mut seen = People::default();
            for person in 0..people {
                seen.note(&format!("person{person}@example.org"));
                seen.note(&format!("PERSON{person}@example.org"));
            }
            let (about, people) = (seen.about(), u64::from(people));
            // Three standard errors and more: the key is another at each run.
            assert!(
                about.abs_diff(people) <= people / 7 + 1,
                "{about} for {people}"
            );
        }
    }
}
