//! What a heavy node lets itself be found by: that it takes jobs, and what its workers have free.

use super::HeavyOptions;
use crate::{clock, drive::Handle, http::Public, near::Near, swarm::Offered};
use jobs::capability::{Capability, CapabilityError, LIFE_MS_MAX, Offer, Terms, VERSION};
use keys::Identity;
use libp2p::{Multiaddr, multiaddr::Protocol};
use node::HeavyNode;
use std::{
    cmp::Reverse,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, time};

/// How often the advert is written anew: it says what is free.
const EVERY: Duration = Duration::from_secs(2);

/// Who offers, and where.
pub(super) struct Offerer {
    pub(super) identity: Identity,
    pub(super) options: HeavyOptions,
    pub(super) public: Arc<Public>,
    /// The port of the HTTP interface.
    pub(super) http: u16,
}

impl Offerer {
    /// Writes the node's advert again and again, until the node is gone.
    pub(super) async fn keep_offering(self, node: Handle<HeavyNode>, offered: watch::Sender<Offered>) {
        let mut every = time::interval(EVERY);
        loop {
            every.tick().await;
            let Ok(workers) = node.look(HeavyNode::workers).await else { return };
            match self.offer(Offer::of(&workers, executor::GAS_SCHEDULE)) {
                Ok(now) => drop(offered.send_replace(now)),
                Err(error) => tracing::warn!(%error, "this node cannot say which jobs it takes"),
            }
        }
    }

    fn offer(&self, offers: Vec<Offer>) -> Result<Offered, CapabilityError> {
        let issued = clock::now();
        let url = self.options.url.clone().or_else(|| url(&self.public.addresses(), self.http));
        let expires = issued.plus_ms(LIFE_MS_MAX);
        let terms = Terms { jobs_max: self.options.jobs_max, jobs_each_max: self.options.jobs_each_max };
        let said =
            Capability { version: VERSION, node: self.identity.id(), url, offers, terms, issued, expires };
        let document = said.sign(&self.identity)?.to_json().into();
        Ok(Offered { classes: said.classes().collect(), document })
    }
}

/// The HTTP address at the first address that the node gives out of those that lead furthest: what only its own network reaches is refused by others.
fn url(addresses: &[String], port: u16) -> Option<String> {
    let addresses = addresses.iter().filter_map(|address| address.parse::<Multiaddr>().ok());
    let ips = addresses.filter_map(|address| match address.iter().next()? {
        Protocol::Ip4(ip) => Some(IpAddr::from(ip)),
        Protocol::Ip6(ip) => Some(IpAddr::from(ip)),
        _ => None,
    });
    let ip = ips.min_by_key(|ip| Reverse(Near::of(*ip)))?;
    Some(format!("http://{}", SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advert_gives_the_address_that_leads_furthest() {
        let url = |addresses: &[&str]| {
            let addresses: Vec<String> = addresses.iter().map(|&address| address.into()).collect();
            url(&addresses, 4800)
        };
        let inside = ["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1"];
        assert_eq!(url(&inside).unwrap(), "http://192.168.0.1:4800");
        let outside = [&inside[..], &["/ip4/198.51.100.1/tcp/1", "/ip4/198.51.100.2/tcp/1"]].concat();
        assert_eq!(url(&outside).unwrap(), "http://198.51.100.1:4800");
        assert_eq!(url(&["/dns4/heavy.example/tcp/443/wss"]), None);
    }
}
