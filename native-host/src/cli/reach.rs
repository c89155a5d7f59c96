//! Flags about being reached.

use crate::swarm::Reach;
use clap::Args;
use libp2p::Multiaddr;
use std::net::IpAddr;

const HEADING: &str = "Being reached";

/// How a heavy node is reached from outside, and what it does for others that are not.
#[derive(Debug, Default, Args)]
pub(super) struct ReachArgs {
    /// Be reached through this relay as well, a heavy node's address with its id; for a machine that nobody reaches from outside; repeatable
    #[arg(long, value_name = "MULTIADDR", help_heading = HEADING)]
    pub(super) relay: Vec<Multiaddr>,
    /// Open this node's ports at the router by UPnP, to everybody, while it runs
    #[arg(long, help_heading = HEADING)]
    upnp: bool,
    /// Leave connections through a relay as they are, and try no direct ones (DCUtR)
    #[arg(long, help_heading = HEADING)]
    no_hole_punch: bool,
    /// Do not ask other heavy nodes whether this one is reached from outside (AutoNAT); none is asked with `--external-ip` or on loopback
    #[arg(long, help_heading = HEADING)]
    no_reach_check: bool,
    /// Do not dial back to who asks whether they are reached from outside (AutoNAT)
    #[arg(long, help_heading = HEADING)]
    no_dial_back: bool,
    /// Carry no connections between others
    #[arg(long, help_heading = HEADING)]
    no_serve_relay: bool,
}

impl ReachArgs {
    /// What a heavy node does that listens at this address, and has these ones outside.
    pub(super) fn of_heavy(&self, listen: IpAddr, external: &[IpAddr]) -> Reach {
        Reach {
            serves: true,
            relays: !self.no_serve_relay,
            dials_back: !self.no_dial_back,
            asks: !self.no_reach_check && external.is_empty() && !listen.is_loopback(),
            punches: !self.no_hole_punch,
            opens_ports: self.upnp,
        }
    }
}
