//! Who passed a connectivity check and may begin DTLS.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use webrtc::sdp::Ufrag;

/// How long a passed check counts.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// The addresses that passed a check lately, at most so many. One more makes that go which passed longest ago.
#[derive(Debug)]
pub(crate) struct Greeted {
    max: usize,
    peers: HashMap<SocketAddr, (Ufrag, Instant, u64)>,
    /// The same by the order of their last checks.
    order: BTreeMap<u64, SocketAddr>,
    checks: u64,
}

impl Greeted {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, peers: HashMap::new(), order: BTreeMap::new(), checks: 0 }
    }

    /// An address has passed a check.
    pub(crate) fn insert(&mut self, remote: SocketAddr, ufrag: Ufrag, now: Instant) {
        self.checks += 1;
        if let Some((_, _, before)) = self.peers.insert(remote, (ufrag, now, self.checks)) {
            self.order.remove(&before);
        }
        self.order.insert(self.checks, remote);
        if self.peers.len() > self.max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.peers.remove(&oldest);
        }
    }

    /// Whether a check of this address still counts.
    pub(crate) fn is_fresh(&self, remote: SocketAddr, now: Instant) -> bool {
        self.peers.get(&remote).is_some_and(|(_, since, _)| now.duration_since(*since) < FRESH_FOR)
    }

    /// Uses an address's check up.
    pub(crate) fn take(&mut self, remote: SocketAddr) -> Option<Ufrag> {
        let (ufrag, _, check) = self.peers.remove(&remote)?;
        self.order.remove(&check);
        Some(ufrag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_oldest_goes() {
        let now = Instant::now();
        let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut greeted = Greeted::new(2);
        let mut insert = |port| greeted.insert(peer(port), Ufrag::from_random([0; 24]), now);
        [1, 2, 1, 3].into_iter().for_each(&mut insert);
        assert!(greeted.is_fresh(peer(1), now) && !greeted.is_fresh(peer(2), now));
        assert!(!greeted.is_fresh(peer(3), now + FRESH_FOR));
        assert!(greeted.take(peer(3)).is_some() && greeted.take(peer(3)).is_none());
        assert_eq!((greeted.peers.len(), greeted.order.len()), (1, 1));
    }
}
