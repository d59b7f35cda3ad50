//! `[pool] client_id`: one app client or several. Knows no pool. Read by the trigger, which answers
//! for these clients alone, and by whoever needs a client to sign in through.

use serde::{Deserialize, Serialize};

/// The ids, in the file's order; empty where none is named.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Written", into = "Vec<String>")]
pub struct ClientIds(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "want \"id\" or [\"id\", …]")]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl ClientIds {
    /// The client to sign in through.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a sign-in through this client is one of ours.
    pub fn admits(&self, client: Option<&str>) -> bool {
        self.0.is_empty() || client.is_some_and(|client| self.iter().any(|ours| ours == client))
    }
}

impl From<Written> for ClientIds {
    fn from(written: Written) -> ClientIds {
        match written {
            Written::One(id) => ClientIds(vec![id]),
            Written::Several(ids) => ClientIds(ids),
        }
    }
}

impl From<ClientIds> for Vec<String> {
    fn from(ids: ClientIds) -> Vec<String> {
        ids.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_clients_are_named_and_none_means_all() {
        let read = |text: &str| serde_json::from_str::<ClientIds>(text).expect("ids");
        assert!(read("\"web\"").admits(Some("web")));
        let both = read("[\"web\", \"app\"]");
        assert!(both.admits(Some("app")) && both.first() == Some("web"));
        assert!(!both.admits(Some("other")) && !both.admits(None));
        assert!(ClientIds::default().admits(None));
    }
}
