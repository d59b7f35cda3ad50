//! Which ways into the pool an operator allows, in order of preference: `[import] routes` and
//! `--routes`. Pure; `route` decides by it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::Route;

/// The ways that may be chosen.
const CHOICES: [Route; 3] = [Route::HashImport, Route::FirstLogin, Route::AdminCreate];

/// The routes allowed, the preferred one first.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RoutePreference([Option<Route>; 3]);

impl RoutePreference {
    /// First login, then AdminCreateUser: what every pool can do.
    pub const DEFAULT: RoutePreference =
        RoutePreference([Some(Route::FirstLogin), Some(Route::AdminCreate), None]);

    /// Takes routes in order.
    ///
    /// # Errors
    ///
    /// When there is none, one twice, or one that nobody can ask for.
    pub fn new(routes: &[Route]) -> Result<RoutePreference, RoutePreferenceError> {
        let mut order = [None; 3];
        let mut places = order.iter_mut();
        for (index, route) in routes.iter().enumerate() {
            let earlier = routes.iter().take(index);
            if !CHOICES.contains(route) || earlier.into_iter().any(|one| one == route) {
                return Err(RoutePreferenceError);
            }
            *places.next().ok_or(RoutePreferenceError)? = Some(*route);
        }
        match routes.is_empty() {
            true => Err(RoutePreferenceError),
            false => Ok(RoutePreference(order)),
        }
    }

    /// The routes in order.
    pub fn iter(&self) -> impl Iterator<Item = Route> {
        self.0.into_iter().flatten()
    }

    /// Whether people may go this way at all.
    pub fn allows(&self, route: Route) -> bool {
        self.iter().any(|one| one == route)
    }

    /// Whether the first route is allowed, and stands before the second or instead of it.
    pub fn prefers(&self, first: Route, second: Route) -> bool {
        let found = self.iter().find(|one| *one == first || *one == second);
        found == Some(first)
    }
}

impl Default for RoutePreference {
    fn default() -> Self {
        RoutePreference::DEFAULT
    }
}

impl fmt::Display for RoutePreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<&str> = self.iter().map(Route::code).collect();
        f.write_str(&codes.join(","))
    }
}

impl fmt::Debug for RoutePreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

impl FromStr for RoutePreference {
    type Err = RoutePreferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |name: &str| {
            let name = name.trim();
            CHOICES.into_iter().find(|route| route.code() == name)
        };
        let routes: Option<Vec<Route>> = text.split(',').map(named).collect();
        RoutePreference::new(&routes.ok_or(RoutePreferenceError)?)
    }
}

impl<'de> Deserialize<'de> for RoutePreference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.join(",").parse().map_err(serde::de::Error::custom)
    }
}

/// The list is none of routes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("routes are hash-import, first-login and admin-create, each at most once, in order")]
pub struct RoutePreferenceError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_operators() {
        let routes: RoutePreference = "hash-import, admin-create".parse().expect("routes");
        assert!(routes.prefers(Route::HashImport, Route::FirstLogin));
        assert!(!routes.allows(Route::FirstLogin));
        assert!(!routes.prefers(Route::FirstLogin, Route::HashImport));
        assert_eq!(routes.to_string(), "hash-import,admin-create");
        let later: RoutePreference = "first-login,hash-import".parse().expect("routes");
        assert!(!later.prefers(Route::HashImport, Route::FirstLogin));
        assert!(later.prefers(Route::HashImport, Route::AdminCreate));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "hold",
            "hash-import,hash-import",
            "hash-import,,admin-create",
            "all",
        ] {
            assert_eq!(
                text.parse::<RoutePreference>(),
                Err(RoutePreferenceError),
                "{text}"
            );
        }
    }
}
