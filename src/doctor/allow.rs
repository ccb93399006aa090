//! Where doctor may connect to: nowhere but to this machine, where the configuration does not say more.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// What may be connected to.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    networks: Vec<IpNet>,
    names: Vec<String>,
}

impl Allow {
    /// Reads networks as `10.0.0.0/8`, addresses, and names, where `*.` stands for any name below.
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

    fn holds(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    fn names(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|start| start.ends_with('.')),
            None => *name == host,
        })
    }

    /// The addresses of a host, each of which may be connected to. Connect to these, and do not ask for the name again.
    ///
    /// # Errors
    /// Why nothing may be connected to, or the name means nothing.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let refused = || format!("`{host}` is not in `doctor.allow_hosts`, so nothing was connected to");
        if let Ok(address) = host.parse::<IpAddr>() {
            return if self.holds(address) { Ok(vec![SocketAddr::new(address, port)]) } else { Err(refused()) };
        }
        // A name that is not allowed is looked up only where it may mean this machine.
        if !self.names(host) && !host.eq_ignore_ascii_case("localhost") {
            return Err(refused());
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found: Vec<SocketAddr> = found.map_err(|error| format!("`{host}` means no address: {error}"))?.collect();
        let allowed = |address: &SocketAddr| self.names(host) || self.holds(address.ip());
        let addresses: Vec<SocketAddr> = found.into_iter().filter(allowed).collect();
        if addresses.is_empty() { Err(refused()) } else { Ok(addresses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(allow: &[&str], host: &str) -> Result<Vec<SocketAddr>, String> {
        let allow = Allow::new(&allow.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(allow.addresses(host, 80))
    }

    #[test]
    fn what_is_not_named_is_not_connected_to() {
        assert!(ask(&["127.0.0.0/8"], "127.3.2.1").is_ok() && ask(&["::1"], "::1").is_ok());
        assert!(ask(&["127.0.0.0/8"], "192.0.2.1").is_err() && ask(&["127.0.0.0/8"], "phx.invalid").is_err());
        let (exact, below) = (Allow::new(&["a.test".to_owned()]), Allow::new(&["*.a.test".to_owned()]));
        assert!(exact.names("A.test") && !exact.names("b.a.test"));
        assert!(below.names("b.a.test") && !below.names("a.test") && !below.names("ba.test"));
    }
}
