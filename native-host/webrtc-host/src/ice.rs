//! The little of ICE that webrtc-direct needs: one candidate pair, no gathering, no signalling.
//!
//! The listener is an ICE-lite agent (RFC 8445, section 2.5): it answers binding requests and sends
//! none. The dialler is the controlling agent, checks its single pair and then keeps asking for
//! consent (RFC 7675); it also answers, for listeners that are full agents. User name and password of both sides are the one fragment that the dialler
//! made up, so a request authenticates itself; what the two sides trust is DTLS and Noise above it.

use std::net::SocketAddr;

use is::stun::{StunMessage, TransId};
use is::{DefaultSha1HmacProvider, Sha1HmacProvider};
use webrtc::sdp::Ufrag;

/// The largest STUN message that is read: a user name of two fragments of 256 and the attributes of
/// a connectivity check fit several times.
const STUN_LEN_MAX: usize = 2048;

/// Priority of the dialler's candidate (RFC 8445, section 5.1.2.1): host, full local preference.
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

/// What the first byte says a datagram is (RFC 7983, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stun,
    Dtls,
    Other,
}

pub(crate) fn classify(datagram: &[u8]) -> Kind {
    match datagram.first() {
        Some(0..=3) => Kind::Stun,
        Some(20..=63) => Kind::Dtls,
        _ => Kind::Other,
    }
}

/// A dialler's binding request with valid integrity.
#[derive(Debug)]
pub(crate) struct BindingRequest {
    pub(crate) ufrag: Ufrag,
    transaction: TransId,
}

impl BindingRequest {
    /// Reads a request and checks that it is keyed with its own user fragment. `None` for anything
    /// else, which is to be ignored.
    pub(crate) fn read(datagram: &[u8]) -> Option<Self> {
        if datagram.len() > STUN_LEN_MAX {
            return None;
        }
        let message = StunMessage::parse(datagram).ok()?;
        if !message.is_binding_request() {
            return None;
        }
        let ufrag = Ufrag::from_stun_username(message.username()?).ok()?;
        message
            .verify(ufrag.as_str().as_bytes(), hmac)
            .then(|| Self { ufrag, transaction: message.trans_id() })
    }

    /// The success response, telling the dialler the address it is seen at.
    pub(crate) fn response(&self, mapped: SocketAddr) -> Vec<u8> {
        encode(StunMessage::binding_reply(self.transaction, mapped), &self.ufrag)
    }
}

/// The dialler's side of the one candidate pair.
#[derive(Debug)]
pub(crate) struct Checks {
    tie_breaker: u64,
    /// The requests that may still be answered. Late answers to older ones do not matter.
    outstanding: [Option<TransId>; 4],
    next: usize,
}

impl Checks {
    pub(crate) fn new(tie_breaker: u64) -> Self {
        Self { tie_breaker, outstanding: [None; 4], next: 0 }
    }

    /// A new binding request that also nominates the pair.
    pub(crate) fn request(&mut self, ufrag: &Ufrag) -> Vec<u8> {
        let transaction = TransId::new();
        self.outstanding[self.next] = Some(transaction);
        self.next = (self.next + 1) % self.outstanding.len();
        let username = format!("{}:{}", ufrag.as_str(), ufrag.as_str());
        let message =
            StunMessage::binding_request(&username, transaction, true, self.tie_breaker, PRIORITY, true);
        encode(message, ufrag)
    }

    /// Whether the datagram answers one of our requests.
    pub(crate) fn is_answer(&mut self, datagram: &[u8], ufrag: &Ufrag) -> bool {
        if datagram.len() > STUN_LEN_MAX {
            return false;
        }
        let Ok(message) = StunMessage::parse(datagram) else {
            return false;
        };
        if !message.is_successful_binding_response() || !message.verify(ufrag.as_str().as_bytes(), hmac) {
            return false;
        }
        let transaction = message.trans_id();
        match self.outstanding.iter_mut().find(|slot| **slot == Some(transaction)) {
            Some(slot) => {
                *slot = None;
                true
            }
            None => false,
        }
    }
}

fn encode(message: StunMessage<'_>, ufrag: &Ufrag) -> Vec<u8> {
    let mut out = vec![0; STUN_LEN_MAX];
    // Two fragments of at most 256 bytes and fixed attributes always fit.
    let len = message.to_bytes(Some(ufrag.as_str().as_bytes()), &mut out, hmac).unwrap_or(0);
    out.truncate(len);
    out
}

fn hmac(key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
    DefaultSha1HmacProvider.sha1_hmac(key, payloads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_answered_and_recognised_once() {
        let ufrag = Ufrag::from_random([7; 24]);
        let mut checks = Checks::new(1);
        let sent = checks.request(&ufrag);
        let request = BindingRequest::read(&sent).expect("own request");
        assert_eq!(request.ufrag, ufrag);
        let answer = request.response("[2001:db8::1]:9".parse().unwrap());
        assert!(checks.is_answer(&answer, &ufrag));
        assert!(!checks.is_answer(&answer, &ufrag));
    }

    #[test]
    fn a_request_under_another_key_is_ignored() {
        let mut checks = Checks::new(1);
        let mut sent = checks.request(&Ufrag::from_random([7; 24]));
        // A character of the user name; the integrity no longer fits.
        let at = sent.windows(4).position(|w| w == b"/v1/" || w == b"+v1/").unwrap() + 6;
        sent[at] ^= 1;
        assert!(BindingRequest::read(&sent).is_none());
    }

    #[test]
    fn truncated_and_mutated_messages_do_not_panic() {
        let ufrag = Ufrag::from_random([9; 24]);
        let mut checks = Checks::new(3);
        let sent = checks.request(&ufrag);
        for len in 0..sent.len() {
            assert!(BindingRequest::read(&sent[..len]).is_none());
            assert!(!checks.is_answer(&sent[..len], &ufrag));
        }
        for at in 0..sent.len() {
            for bit in 0..8 {
                let mut changed = sent.clone();
                changed[at] ^= 1 << bit;
                let _ = BindingRequest::read(&changed);
                let _ = checks.is_answer(&changed, &ufrag);
            }
        }
    }
}
