//! Whether this node is reached from outside, as far as it was told: by fellows that dialed back (AutoNAT), and by its router (UPnP).
//!
//! # Bounds
//! The addresses are those that `candidates` lets be asked about, and one for each port that the router opened.

use keys::NodeId;
use libp2p::Multiaddr;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

/// From when a fellow did not get in until the operator is told: another may yet, at another address.
const TELL_AFTER: Duration = Duration::from_secs(15);

/// An address, and whether it leads to this node from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    /// The multiaddr.
    pub(crate) address: String,
    /// Whether the fellow got in that dialed it last.
    pub(crate) reached: bool,
    /// Who dialed; `None` where nobody did, and the router says that it lets everybody in there.
    pub(crate) fellow: Option<NodeId>,
}

/// What is known of each address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reached(BTreeMap<Multiaddr, Checked>);

impl Reached {
    /// Whether any address leads here; `None` while nothing is known.
    pub(crate) fn anywhere(&self) -> Option<bool> {
        (!self.0.is_empty()).then(|| self.0.values().any(|checked| checked.reached))
    }

    /// Each address that something is known of.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Checked> {
        self.0.values()
    }
}

/// Keeps what is known, and notices once that nobody gets in.
#[derive(Debug)]
pub(super) struct Checks {
    known: watch::Sender<Reached>,
    /// When to tell the operator, unless somebody gets in before.
    tell: Option<Instant>,
    has_told: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self { known: watch::Sender::new(Reached::default()), tell: None, has_told: false }
    }
}

impl Checks {
    /// What is known, for who shows it.
    pub(super) fn known(&self) -> watch::Receiver<Reached> {
        self.known.subscribe()
    }

    /// Whether an address leads here, by the word of a fellow that dialed it, or of the router.
    pub(super) fn heard(&mut self, address: Multiaddr, reached: bool, fellow: Option<NodeId>) {
        let checked = Checked { address: address.to_string(), reached, fellow };
        self.known.send_modify(|known| drop(known.0.insert(address, checked)));
        if !reached && !self.has_told {
            self.tell.get_or_insert_with(|| Instant::now() + TELL_AFTER);
        }
    }

    /// The router takes its word about an address back.
    pub(super) fn forget(&mut self, address: &Multiaddr) {
        self.known.send_modify(|known| drop(known.0.remove(address)));
    }

    /// Waits until there may be something to tell. Cancelling it loses nothing.
    pub(super) async fn due(&self) {
        match self.tell {
            Some(tell) => time::sleep_until(tell).await,
            None => std::future::pending().await,
        }
    }

    /// Whether nobody gets in, and the operator is to be told so: once.
    pub(super) fn is_news(&mut self) -> bool {
        self.tell = None;
        let is_news = !self.has_told && self.known.borrow().anywhere() == Some(false);
        self.has_told |= is_news;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_that_leads_here_is_enough() {
        let mut checks = Checks::default();
        let known = checks.known();
        assert_eq!(known.borrow().anywhere(), None);
        let address = |port: u16| -> Multiaddr { format!("/ip4/203.0.113.7/tcp/{port}").parse().unwrap() };
        checks.heard(address(1), false, None);
        assert_eq!(known.borrow().anywhere(), Some(false));
        checks.heard(address(2), true, None);
        assert_eq!(known.borrow().anywhere(), Some(true));
        assert!(!checks.is_news());
        checks.forget(&address(2));
        assert!(checks.is_news() && !checks.is_news(), "it is told once");
        checks.heard(address(1), false, None);
        assert_eq!((known.borrow().addresses().count(), checks.tell), (1, None));
    }
}
