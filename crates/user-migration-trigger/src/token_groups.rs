//! Groups in token events: as the pool has them (`request.groupConfiguration`), and as the tokens
//! shall have them (`groupOverrideDetails` of the response). Must not know where further groups
//! come from. Used by the event and by the token decision.
//!
//! Source: developer guide, "Pre token generation Lambda trigger". An empty or null
//! `groupOverrideDetails` takes all groups away, so it is sent only with groups in it, and the
//! pool's own roles go along.

use serde_json::Value;

use crate::event::{EventUnreadable, merged};
use crate::json_object::{Fields, ObjectText};

/// The groups of one user's tokens, and the roles that belong to them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenGroups {
    /// `groupsToOverride`.
    pub groups: Vec<String>,
    /// `iamRolesToOverride` as it came, JSON text.
    pub(crate) roles: Option<String>,
    /// `preferredRole` as it came, JSON text: documented as a string, shown as a list.
    pub(crate) preferred_role: Option<String>,
}

impl TokenGroups {
    pub(crate) fn read(configuration: Option<Fields<'_>>) -> TokenGroups {
        let Some(configuration) = configuration else {
            return TokenGroups::default();
        };
        let raw = |name: &str| {
            let text = configuration.get(name)?.get();
            (text != "null").then(|| text.to_owned())
        };
        let groups: Option<Vec<Value>> = configuration
            .get("groupsToOverride")
            .and_then(|groups| serde_json::from_str(groups.get()).ok());
        let named = |group: Value| match group {
            Value::String(name) => Some(name),
            _ => None,
        };
        TokenGroups {
            groups: groups.into_iter().flatten().filter_map(named).collect(),
            roles: raw("iamRolesToOverride"),
            preferred_role: raw("preferredRole"),
        }
    }

    fn to_json(&self) -> Result<String, EventUnreadable> {
        let mut json = ObjectText::with_capacity(1024);
        let groups = serde_json::to_string(&self.groups).map_err(|_| EventUnreadable)?;
        json.push("groupsToOverride", &groups)?;
        json.push("iamRolesToOverride", self.roles.as_deref().unwrap_or("[]"))?;
        if let Some(role) = &self.preferred_role {
            json.push("preferredRole", role)?;
        }
        Ok(json.finish().as_str().to_owned())
    }
}

/// The response that gives the tokens these groups. The first version of the event calls the
/// member that holds them otherwise than the later ones.
pub(crate) fn response(
    groups: &TokenGroups,
    event: &Fields<'_>,
    sent: Option<Fields<'_>>,
) -> Result<String, EventUnreadable> {
    let details = match event.string("version").as_deref() {
        Some("1") | None => "claimsOverrideDetails",
        Some(_) => "claimsAndScopeOverrideDetails",
    };
    let inner = sent.as_ref().and_then(|sent| sent.object(details));
    let mut ours = ObjectText::with_capacity(1024);
    ours.push("groupOverrideDetails", &groups.to_json()?)?;
    let inner = merged(inner, &ours.finish())?;
    let mut outer = ObjectText::with_capacity(1024);
    outer.push(details, &inner)?;
    merged(sent, &outer.finish())
}
