//! One of several processes that do a run together, each with the users of its own. Whose a user
//! is follows from the legacy key alone, so that no user is in two shards or in none, whatever
//! rows are added between the starts: ranges cut from the keys there are would move with them. Pure.

use std::fmt;
use std::str::FromStr;

use crate::text_key::text_key;

/// Shard `index` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Shard {
    index: u16,
    of: u16,
}

/// At half of Cognito's smallest limit this leaves each a call every 20 seconds.
const MOST: u16 = 256;

impl Shard {
    /// Its number, from 1.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// How many there are.
    pub const fn of(self) -> u16 {
        self.of
    }

    /// Whether the user with this key belongs to it: the keys' SHA-256 deals them out evenly,
    /// integers, UUIDs and texts alike.
    pub fn holds(self, legacy_id: &str) -> bool {
        let dealt = text_key(legacy_id).cast_unsigned() % u64::from(self.of);
        dealt + 1 == u64::from(self.index)
    }

    /// As part of a run's name: `3-of-16`.
    pub(crate) fn in_name(self) -> String {
        format!("{}-of-{}", self.index, self.of)
    }

    /// What stands in a run's name.
    pub(crate) fn from_name(text: &str) -> Option<Shard> {
        let (index, of) = text.split_once("-of-")?;
        let shard = Shard::new(index, of)?;
        // `03-of-16` would be another name for the same shard.
        (shard.in_name() == text).then_some(shard)
    }

    fn new(index: &str, of: &str) -> Option<Shard> {
        let shard = Shard {
            index: index.parse().ok()?,
            of: of.parse().ok()?,
        };
        ((2..=MOST).contains(&shard.of) && (1..=shard.of).contains(&shard.index)).then_some(shard)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Shard, ShardError> {
        let (index, of) = text.split_once('/').ok_or(ShardError)?;
        Shard::new(index, of).ok_or(ShardError)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The text is no shard.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write NUMBER/COUNT, such as 3/16: the number from 1 to the count, the count from 2 to 256"
)]
pub struct ShardError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_exactly_one_shard_and_the_shards_are_even() {
        let uuid = |n: u64| format!("{:08x}-0000-7000-8000-{:012x}", n / 7, n);
        let integers = (1..=8_000_u64).map(|n| n.to_string());
        let texts = (1..=8_000_u64).map(|n| format!("user-{n}"));
        let keys: Vec<String> = integers.chain(texts).chain((1..=8_000).map(uuid)).collect();
        for of in [2, 3, 16] {
            let mut sizes = vec![0_usize; of.into()];
            for key in &keys {
                let holders: Vec<u16> = (1..=of)
                    .filter(|index| Shard { index: *index, of }.holds(key))
                    .collect();
                assert_eq!(holders.len(), 1, "{key} of {of}");
                sizes[usize::from(holders[0] - 1)] += 1;
            }
            let even = keys.len() / usize::from(of);
            assert!(
                sizes.iter().all(|size| size.abs_diff(even) < even / 5),
                "{of}: {sizes:?}"
            );
        }
    }

    #[test]
    fn only_a_number_up_to_the_count_is_a_shard_and_a_name_reads_back() {
        for bad in [
            "", "3", "0/16", "17/16", "1/1", "3/0", "3/300", "-1/4", "a/b",
        ] {
            assert_eq!(bad.parse::<Shard>(), Err(ShardError), "{bad}");
        }
        let shard: Shard = "3/16".parse().expect("a shard");
        assert_eq!(Shard::from_name(&shard.in_name()), Some(shard));
        assert_eq!(Shard::from_name("03-of-16"), None);
    }
}
