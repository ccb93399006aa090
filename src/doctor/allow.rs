//! Allowlist of hosts that doctor may connect to (`doctor.allow_hosts`). By default it contains only this machine.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Networks and host names that doctor may connect to.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    networks: Vec<IpNet>,
    names: Vec<String>,
}

impl Allow {
    /// Parses networks such as `10.0.0.0/8`, addresses, and host names. A name that starts with `*.` matches all
    /// subdomains.
    pub fn new(given: &[String]) -> Self {
        let mut allow = Self::default();
        for text in given {
            match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
                (Ok(network), _) => allow.networks.push(network),
                (_, Ok(address)) => allow.networks.push(address.into()),
                _ => allow.names.push(text.to_lowercase()),
            }
        }
        allow
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    fn matches_name(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|start| start.ends_with('.')),
            None => *name == host,
        })
    }

    /// Resolves a host to its allowed addresses. Callers connect to these addresses and do not resolve the name again,
    /// since a second lookup could return an address that is not allowed.
    ///
    /// # Errors
    /// Returns an error if the host is not allowed or its name cannot be resolved.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let refused = || format!("`{host}` is not in `doctor.allow_hosts`; phx did not connect to it");
        if let Ok(address) = host.parse::<IpAddr>() {
            return if self.contains(address) { Ok(vec![SocketAddr::new(address, port)]) } else { Err(refused()) };
        }
        // A name that is not in the list is resolved only if it can refer to this machine.
        if !self.matches_name(host) && !host.eq_ignore_ascii_case("localhost") {
            return Err(refused());
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found: Vec<SocketAddr> = found.map_err(|error| format!("cannot resolve `{host}`: {error}"))?.collect();
        let allowed = |address: &SocketAddr| self.matches_name(host) || self.contains(address.ip());
        let addresses: Vec<SocketAddr> = found.into_iter().filter(allowed).collect();
        if addresses.is_empty() { Err(refused()) } else { Ok(addresses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(allow: &[&str], host: &str) -> Result<Vec<SocketAddr>, String> {
        let allow = Allow::new(&allow.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(allow.addresses(host, 80))
    }

    #[test]
    fn only_listed_networks_and_names_are_allowed() {
        assert!(resolve(&["127.0.0.0/8"], "127.3.2.1").is_ok() && resolve(&["::1"], "::1").is_ok());
        assert!(resolve(&["127.0.0.0/8"], "192.0.2.1").is_err() && resolve(&["127.0.0.0/8"], "phx.invalid").is_err());
        let (exact, below) = (Allow::new(&["a.test".to_owned()]), Allow::new(&["*.a.test".to_owned()]));
        assert!(exact.matches_name("A.test") && !exact.matches_name("b.a.test"));
        assert!(below.matches_name("b.a.test") && !below.matches_name("a.test") && !below.matches_name("ba.test"));
    }
}
