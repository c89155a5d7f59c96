//! How much one address may take of what all share.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Places, of which one network takes at most so many. This machine itself is not counted: a proxy on it stands for
/// everybody.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place that its drop gives back.
#[derive(Debug)]
pub(super) struct Place(Option<(Arc<Places>, IpAddr)>);

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for who is at `ip`; `None` where that network has all it gets.
    pub(super) fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Place> {
        let network = network(ip);
        if network.is_loopback() {
            return Some(Place(None));
        }
        let mut taken = self.taken();
        let count = taken.entry(network).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), network))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, network)) = &self.0 else { return };
        let mut taken = places.taken();
        if let Some(count) = taken.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(network);
            }
        }
    }
}

/// What one party holds: an IPv4 address, or 64 bits of IPv6.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_takes_its_share_and_gives_it_back() {
        let places = Places::new(2);
        let take = |ip: &str| places.take(ip.parse().unwrap());
        let held = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert!(take("2001:db8::3").is_none());
        let other = take("2001:db8:0:1::1").unwrap();
        drop(held);
        assert!(take("2001:db8::3").is_some());
        drop(other);
        assert!(places.taken().is_empty());
        let local: Vec<_> = (0..9).map(|_| take("127.0.0.1")).collect();
        assert!(local.iter().all(Option::is_some));
    }
}
