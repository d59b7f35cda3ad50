//! The right to write to a user pool, as a value. Without one no writing verb can be reached, so
//! a dry run that writes does not compile.

use crate::PoolAddress;

/// Proof that somebody allowed writing to a pool. It cannot be copied, cloned or built elsewhere.
#[derive(Debug)]
pub struct WritePermission(());

impl WritePermission {
    /// The permission that `--execute` gives; `None` without the flag. The only caller is the
    /// program's flag check.
    pub fn from_execute_flag(execute: bool) -> Option<WritePermission> {
        execute.then_some(WritePermission(()))
    }

    /// The permission of a rehearsal on a pool of its own, which must be on this machine;
    /// `None` for every other address.
    pub fn for_own_local_pool(address: &PoolAddress) -> Option<WritePermission> {
        address.is_loopback().then_some(WritePermission(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_flag_or_a_pool_on_this_machine_gives_permission() {
        assert!(WritePermission::from_execute_flag(true).is_some());
        assert!(WritePermission::from_execute_flag(false).is_none());
        let address = |url| PoolAddress::new("eu-west-1", "eu-west-1_a", url);
        let local = address(Some("http://127.0.0.1:1")).expect("well-formed");
        let remote = address(None).expect("well-formed");
        assert!(WritePermission::for_own_local_pool(&local).is_some());
        assert!(WritePermission::for_own_local_pool(&remote).is_none());
    }
}
