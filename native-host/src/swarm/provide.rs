//! Being found: this node's name in the distributed hash table under the classes of jobs that it takes, its advert for those who ask,
//! and the names that others put into its part of the table.
//!
//! A node's own names go to the heavy nodes that it is connected to, and again whenever one more joins, or where it is reached changes. Others' names are taken
//! for the classes that there are and nothing else, with addresses at which their node is itself.

use super::{Shell, behaviour, is_at, listen::ip_of, reach::relay_of};
use jobs::capability::Class;
use libp2p::{
    Multiaddr, PeerId,
    kad::{self, ProviderRecord, RecordKey, store::RecordStore},
    multiaddr::Protocol,
    request_response::{self, Message},
};
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

/// Most addresses of one provider that are passed on.
pub(super) const ADDRESSES_MAX: usize = 4;
/// Most providers of a class at one IP address that is not this machine's: one stranger does not fill the list.
pub(super) const EACH_IP_MAX: usize = 4;
/// From when a heavy node joins, or where this node is reached changes, until the table is told: more may follow.
const SETTLE: Duration = Duration::from_millis(500);

/// What a node lets itself be found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The classes of jobs that it takes.
    pub(crate) classes: BTreeSet<Class>,
    /// Its signed advert, for whoever asks; empty for none.
    pub(crate) document: Arc<[u8]>,
}

/// What this node provides, and when to say so again.
#[derive(Debug)]
pub(super) struct Providing {
    offered: Option<watch::Receiver<Offered>>,
    now: Offered,
    again: Option<Instant>,
    /// Where classes are listed.
    keys: HashSet<RecordKey>,
}

impl Default for Providing {
    fn default() -> Self {
        Self {
            offered: None,
            now: Offered::default(),
            again: None,
            keys: Class::all().map(record_key).collect(),
        }
    }
}

impl Providing {
    /// Waits until there is something to publish. Cancelling it loses nothing.
    pub(super) async fn due(&mut self) {
        let again = self.again;
        let later = async move {
            match again {
                Some(again) => time::sleep_until(again).await,
                None => std::future::pending().await,
            }
        };
        let Some(offered) = self.offered.as_mut() else { return later.await };
        let closed = tokio::select! {
            changed = offered.changed() => changed.is_err(),
            () = later => false,
        };
        if closed {
            self.offered = None;
        }
    }

    /// The advert for who asks.
    fn document(&self) -> Vec<u8> {
        self.now.document.to_vec()
    }
}

/// Where the providers of a class are listed.
pub(crate) fn record_key(class: Class) -> RecordKey {
    RecordKey::new(class.key().digest())
}

impl Shell {
    /// From now on lets the node be found by what `offered` says.
    pub(crate) fn offer(&mut self, mut offered: watch::Receiver<Offered>) {
        offered.mark_changed();
        self.providing.offered = Some(offered);
    }

    /// Puts the node's names into the table, all of them where that is due, and takes out those that hold no longer.
    pub(super) fn publish(&mut self) {
        let is_again = self.providing.again.take_if(|again| *again <= Instant::now()).is_some();
        let before = std::mem::take(&mut self.providing.now);
        let now = match &mut self.providing.offered {
            Some(offered) => offered.borrow_and_update().clone(),
            None => Offered::default(),
        };
        if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
            for class in before.classes.difference(&now.classes) {
                kad.stop_providing(&record_key(*class));
            }
            for class in now.classes.iter().filter(|class| is_again || !before.classes.contains(class)) {
                if let Err(error) = kad.start_providing(record_key(*class)) {
                    tracing::warn!(%class, %error, "this node cannot be found by what it takes");
                }
            }
        }
        self.providing.now = now;
    }

    /// Another heavy node is in the table, and is to be told this node's names.
    pub(super) fn joined(&mut self, peer: PeerId) {
        tracing::debug!(%peer, "a peer joins the routing table");
        self.publish_soon();
    }

    /// Puts this node's names into the table once more: there they stand with the addresses at which it was reached then.
    pub(super) fn publish_soon(&mut self) {
        self.providing.again.get_or_insert_with(|| Instant::now() + SETTLE);
    }

    /// Takes a stranger's name into this node's part of the table.
    pub(super) fn keep_provider(&mut self, mut record: ProviderRecord) {
        let Some(home) = self.homes.get(&record.provider).copied() else { return };
        if !self.providing.keys.contains(&record.key) {
            return;
        }
        let own: Vec<Multiaddr> = self.swarm.external_addresses().cloned().collect();
        let is_loopback = |address: &Multiaddr| ip_of(address).is_none_or(|ip| ip.is_loopback());
        if home.is_loopback() && !own.iter().all(is_loopback) {
            // A proxy connects it, and nobody here knows where it is.
            return;
        }
        record.addresses.retain(|address| is_at(address, home) || is_through(address, &own));
        record.addresses.truncate(ADDRESSES_MAX);
        let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() else { return };
        let listed = kad.store_mut().providers(&record.key);
        // One that is listed at a relay's address is counted by where it connects from, and those without any address together.
        let is_neighbour = |other: &&ProviderRecord| {
            other.provider != record.provider
                && (self.homes.get(&other.provider) == Some(&home)
                    || other.addresses.iter().any(|address| is_at(address, home))
                    || (other.addresses.is_empty() && record.addresses.is_empty()))
        };
        if !home.is_loopback() && listed.iter().filter(is_neighbour).count() >= EACH_IP_MAX {
            tracing::debug!(provider = %record.provider, %home, "too many providers at one address");
            return;
        }
        let provider = record.provider;
        match kad.store_mut().add_provider(record) {
            Ok(()) => tracing::debug!(%provider, "a provider is listed"),
            Err(error) => tracing::debug!(%provider, %error, "a provider is not listed"),
        }
    }

    /// Answers who asks what this node takes.
    pub(super) fn handle_capability(&mut self, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        let request_response::Event::Message { message: Message::Request { channel, .. }, .. } = event else {
            return;
        };
        let document = self.providing.document();
        if let Some(capability) = self.swarm.behaviour_mut().capability.as_mut() {
            // The document comes back where the connection has ended in the meantime.
            let _ = capability.send_response(channel, document);
        }
    }
}

/// Whether an address leads through this node's own relay, at one of its `own` addresses. Where the relay is somebody else, nobody here knows whether it is one.
fn is_through(address: &Multiaddr, own: &[Multiaddr]) -> bool {
    let relay: Multiaddr = address.iter().take_while(|part| !matches!(part, Protocol::P2p(_))).collect();
    relay_of(address).is_some() && own.contains(&relay)
}

/// The table's settings that have to do with providers.
pub(super) fn configure(config: &mut kad::Config) {
    config
        .set_provider_record_ttl(Some(behaviour::PROVIDER_TTL))
        .set_provider_publication_interval(Some(behaviour::PROVIDER_EVERY))
        .set_max_packet_size(behaviour::KAD_PACKET_BYTES_MAX);
}
