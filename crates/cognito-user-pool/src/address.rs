//! Where a user pool is: Region, id, and the endpoint when it is not AWS's own. Says whether an
//! address is on this machine, which decides about credentials and about the rehearsal's right
//! to write. Opens no connection.

use std::fmt;

use url::{Host, Url};

/// The address of one user pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolAddress {
    region: String,
    user_pool_id: String,
    endpoint_url: Option<Url>,
}

impl PoolAddress {
    /// Takes a Region such as `eu-west-1`, a pool id such as `eu-west-1_abc123`, and an endpoint
    /// URL where AWS's own for the Region is not meant.
    ///
    /// # Errors
    ///
    /// Names the part that cannot be: an id that is not `REGION_NAME`, a URL that is no
    /// `http:` or `https:` URL, or plain `http:` to another machine.
    pub fn new(
        region: impl Into<String>,
        user_pool_id: impl Into<String>,
        endpoint_url: Option<&str>,
    ) -> Result<PoolAddress, AddressError> {
        let region = region.into();
        let user_pool_id = user_pool_id.into();
        // `UserPoolIdType` of the API model: `[\w-]+_[0-9a-zA-Z]+`, at most 55 characters.
        let (head, tail) = user_pool_id.rsplit_once('_').unwrap_or_default();
        let head_ok = head
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let tail_ok = tail.chars().all(|c| c.is_ascii_alphanumeric());
        if head.is_empty() || tail.is_empty() || !head_ok || !tail_ok || user_pool_id.len() > 55 {
            return Err(AddressError::UserPoolId);
        }
        if region.is_empty()
            || !region
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            return Err(AddressError::Region);
        }
        let endpoint_url = endpoint_url.map(parse_endpoint).transpose()?;
        Ok(PoolAddress {
            region,
            user_pool_id,
            endpoint_url,
        })
    }

    /// The AWS Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The user pool id.
    pub fn user_pool_id(&self) -> &str {
        &self.user_pool_id
    }

    /// The endpoint, when it is not AWS's own.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/'))
    }

    /// Whether the endpoint is on this machine, so that no AWS account can be behind it.
    pub fn is_loopback(&self) -> bool {
        self.endpoint_url.as_ref().is_some_and(is_loopback)
    }
}

impl fmt::Display for PoolAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.endpoint_url() {
            Some(endpoint) => write!(f, "{} at {endpoint}", self.user_pool_id),
            None => write!(f, "{} in {}", self.user_pool_id, self.region),
        }
    }
}

/// What cannot be an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddressError {
    /// Not letters, digits and hyphens.
    #[error("the AWS Region is not of the form eu-west-1")]
    Region,
    /// Not `REGION_NAME`.
    #[error("the user pool id is not of the form eu-west-1_abc123")]
    UserPoolId,
    /// Not a URL with a host.
    #[error("the endpoint is not a URL of the form http://127.0.0.1:9000 or https://host")]
    EndpointUrl,
    /// Passwords would cross the network in clear.
    #[error("the endpoint is plain http: on another machine; passwords need https:")]
    PlainHttp,
}

pub(crate) fn parse_endpoint(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|_| AddressError::EndpointUrl)?;
    match url.scheme() {
        _ if !url.has_host() => Err(AddressError::EndpointUrl),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(AddressError::PlainHttp),
        _ => Err(AddressError::EndpointUrl),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_on_this_machine_is_told_from_one_elsewhere() {
        let address = |url| PoolAddress::new("eu-west-1", "eu-west-1_abc123", url);
        for local in [
            "http://127.0.0.1:9000",
            "http://[::1]:80",
            "http://localhost:4566",
        ] {
            assert!(
                address(Some(local)).is_ok_and(|a| a.is_loopback()),
                "{local}"
            );
        }
        assert!(address(None).is_ok_and(|a| !a.is_loopback()));
        let elsewhere = address(Some("https://cognito.example.org"));
        assert!(elsewhere.is_ok_and(|a| !a.is_loopback()));
        assert_eq!(
            address(Some("http://localhost.example.org")),
            Err(AddressError::PlainHttp)
        );
        assert_eq!(
            address(Some("http://10.0.0.1")),
            Err(AddressError::PlainHttp)
        );
        assert_eq!(address(Some("unix:/x")), Err(AddressError::EndpointUrl));
    }

    #[test]
    fn malformed_regions_and_ids_are_refused() {
        assert_eq!(
            PoolAddress::new("eu west", "a_b", None),
            Err(AddressError::Region)
        );
        for id in ["", "abc", "_x", "eu-west-1_", "eu-west-1_a b", "eu/west_1"] {
            let refused = PoolAddress::new("eu-west-1", id, None);
            assert_eq!(refused, Err(AddressError::UserPoolId), "{id}");
        }
        // The Region is read from the id: of an id that has none, the id is what to correct.
        let refused = PoolAddress::new("", "abc", None);
        assert_eq!(refused, Err(AddressError::UserPoolId));
    }
}
