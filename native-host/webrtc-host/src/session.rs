//! One peer connection without IO: a single ICE pair, DTLS, an SCTP association, its channels.
//!
//! The layers are the sans-IO crates that `str0m` is composed of. They are driven here rather than
//! through `str0m` because `str0m` reads every channel as soon as data arrives; here a channel's
//! messages stay in SCTP until somebody takes them ([`Session::read`]), so that the receive window
//! closes under a slow reader and memory stays bounded without a reset.
//!
//! # Driving it
//! `handle_input` and `handle_timeout`, then `poll_output` until `None`, then `poll_timeout`.
//! `poll_output` also moves datagrams into the [`Outbox`] given to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dimpl::Dtls;
use sctp_proto::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig,
    Event as SctpEvent, Payload, PayloadProtocolIdentifier as Ppi, ServerConfig, StreamEvent,
    TransportConfig,
};
use webrtc::certhash::Fingerprint;
use webrtc::sdp::Ufrag;

use crate::certificate::{Certificate, fingerprint_of};
use crate::config::Config;
use crate::datagrams::Outbox;
use crate::dcep;
use crate::ice::{self, BindingRequest, Checks, Kind};

/// Largest UDP payload that is sent. Browsers use the same: it passes IPv6's minimum link.
const DATAGRAM_LEN_MAX: usize = 1200;
/// DTLS 1.2 record around a packet under AES-GCM: header 13, explicit nonce 8, tag 16.
const DTLS_OVERHEAD: usize = 37;
/// SCTP common header and the header of one DATA chunk.
const SCTP_OVERHEAD: usize = 28;
/// Payload of one DATA chunk, a multiple of four so that it needs no padding.
const CHUNK_PAYLOAD_MAX: usize = (DATAGRAM_LEN_MAX - DTLS_OVERHEAD - SCTP_OVERHEAD) / 4 * 4;
/// Room for a DTLS record of a datagram on the usual paths; longer ones cost an allocation.
const RECORD_LEN_USUAL: usize = 2048;
/// Largest message that is reassembled. libp2p allows 16 KiB; some peers send a little more.
const MESSAGE_LEN_MAX: u32 = 64 * 1024;
/// Channels above the bound that are refused before the peer counts as hostile.
const REFUSALS_MAX: usize = 4096;
/// First and later waits for the answer to the dialler's first check.
const CHECK_RTO: Duration = Duration::from_millis(100);

/// The channel over which Noise runs, negotiated out of band.
pub(crate) const NOISE_CHANNEL: u16 = 0;

/// Settings shared by all sessions of a transport.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) certificate: Certificate,
    dtls: Arc<dimpl::Config>,
    endpoint: Arc<EndpointConfig>,
    sctp: Arc<TransportConfig>,
}

impl Shared {
    pub(crate) fn new(config: Config, certificate: Certificate) -> Result<Self, dimpl::Error> {
        let dtls = dimpl::Config::builder()
            .mtu(DATAGRAM_LEN_MAX)
            .handshake_timeout(config.handshake_timeout)
            .flight_start_rto(Duration::from_millis(250))
            .flight_retries(8)
            .build()?;
        let mut endpoint = EndpointConfig::new();
        endpoint.max_payload_size(CHUNK_PAYLOAD_MAX as u32);
        let receive = u32::try_from(config.connection_receive_max).unwrap_or(u32::MAX);
        // ICE says when the peer is gone; until then SCTP repeats as long as it takes. Acknowledgements
        // may be delayed by 200 ms (RFC 9260, section 6.2): a shorter time-out would repeat in vain.
        let sctp = TransportConfig::default()
            .with_max_receive_buffer_size(receive.max(2 * MESSAGE_LEN_MAX))
            .with_max_receive_message_size(MESSAGE_LEN_MAX)
            .with_max_send_message_size(MESSAGE_LEN_MAX)
            .with_max_init_retransmits(None)
            .with_max_data_retransmits(None)
            .with_rto_initial_ms(1_000)
            .with_rto_min_ms(500)
            .with_rto_max_ms(4_000);
        Ok(Self {
            config,
            certificate,
            dtls: Arc::new(dtls),
            endpoint: Arc::new(endpoint),
            sctp: Arc::new(sctp),
        })
    }
}

/// Which end of the connection this is.
#[derive(Debug)]
enum Role {
    Listener,
    Dialer { checks: Checks, expected: Fingerprint, next_check: Instant },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed the connection.
    Local,
    /// The peer closed the connection.
    Peer,
    /// Nothing came from the peer for [`Config::peer_timeout`].
    PeerTimedOut,
    /// The handshake took longer than [`Config::handshake_timeout`].
    HandshakeTimedOut,
    /// The listener's certificate is not the one in its address.
    CertificateMismatch,
    /// DTLS failed.
    Dtls,
    /// The SCTP association failed or was aborted.
    Sctp,
    /// The peer broke the protocol or exhausted a bound.
    PeerMisbehaved,
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// DTLS and SCTP are up; [`NOISE_CHANNEL`] can be used.
    Connected,
    /// The peer opened a channel.
    Opened(u16),
    /// A channel has a message, or an end, to [`Session::read`].
    Readable(u16),
    /// A channel ended; it was not necessarily read to its end.
    ChannelClosed(u16),
    /// Everything ended.
    Closed(CloseReason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Noise,
    Local,
    Remote,
}

pub(crate) struct Session {
    shared: Arc<Shared>,
    role: Role,
    remote: SocketAddr,
    ufrag: Ufrag,
    dtls: Dtls,
    dtls_timeout: Option<Instant>,
    dtls_connected: bool,
    peer_fingerprint: Option<Fingerprint>,
    endpoint: Endpoint,
    association: Option<(AssociationHandle, Association)>,
    established: bool,
    channels: BTreeMap<u16, Origin>,
    /// Channels closed by this side whose end the peer has not confirmed.
    closing: BTreeSet<u16>,
    refusals: usize,
    events: VecDeque<Output>,
    stun: VecDeque<Vec<u8>>,
    now: Instant,
    last_heard: Instant,
    closed: Option<CloseReason>,
}

impl Session {
    /// The listener's end, once a peer has passed its connectivity check.
    pub(crate) fn listener(shared: Arc<Shared>, remote: SocketAddr, ufrag: Ufrag, now: Instant) -> Self {
        Self::new(shared, remote, ufrag, now, Role::Listener)
    }

    /// The dialler's end. `seed` makes the role's tie breaker.
    pub(crate) fn dialer(
        shared: Arc<Shared>,
        remote: SocketAddr,
        ufrag: Ufrag,
        expected: Fingerprint,
        seed: u64,
        now: Instant,
    ) -> Self {
        let role = Role::Dialer { checks: Checks::new(seed), expected, next_check: now };
        Self::new(shared, remote, ufrag, now, role)
    }

    fn new(shared: Arc<Shared>, remote: SocketAddr, ufrag: Ufrag, now: Instant, role: Role) -> Self {
        let mut server = ServerConfig::new();
        server.transport = Arc::clone(&shared.sctp);
        let mut endpoint = Endpoint::new(Arc::clone(&shared.endpoint), Some(Arc::new(server)));
        if matches!(role, Role::Dialer { .. }) {
            // The dialler starts the association; an INIT of the peer's own is answered by ours.
            endpoint.reject_new_associations();
        }
        let dtls = Dtls::new_12(Arc::clone(&shared.dtls), shared.certificate.dtls(), now);
        Self {
            shared,
            role,
            remote,
            ufrag,
            dtls,
            dtls_timeout: None,
            dtls_connected: false,
            peer_fingerprint: None,
            endpoint,
            association: None,
            established: false,
            channels: BTreeMap::new(),
            closing: BTreeSet::new(),
            refusals: 0,
            events: VecDeque::new(),
            stun: VecDeque::new(),
            now,
            last_heard: now,
            closed: None,
        }
    }

    // Getters.

    /// Whether this side dialled the connection.
    pub(crate) fn is_dialer(&self) -> bool {
        matches!(self.role, Role::Dialer { .. })
    }

    /// The certificate that the peer proved to own in DTLS.
    pub(crate) fn peer_fingerprint(&self) -> Option<Fingerprint> {
        self.peer_fingerprint
    }

    /// Unacknowledged bytes of a channel.
    pub(crate) fn buffered(&mut self, id: u16) -> usize {
        self.association
            .as_mut()
            .and_then(|(_, association)| association.stream(id).ok()?.buffered_amount().ok())
            .unwrap_or(0)
    }

    /// Unacknowledged bytes of all channels.
    pub(crate) fn buffered_total(&mut self) -> usize {
        let Some((_, association)) = &mut self.association else {
            return 0;
        };
        self.channels.keys().filter_map(|id| association.stream(*id).ok()?.buffered_amount().ok()).sum()
    }

    // Inputs.

    /// Takes in a datagram from the peer's address. What has to be answered at once goes to `out`;
    /// the rest of the answer comes with `poll_output`, which may follow several datagrams.
    pub(crate) fn handle_input(&mut self, now: Instant, datagram: &[u8], out: &mut Outbox) {
        self.now = self.now.max(now);
        if self.closed.is_some() {
            return;
        }
        match ice::classify(datagram) {
            Kind::Stun => self.handle_stun(datagram),
            Kind::Dtls => {
                let result =
                    self.dtls.handle_timeout(self.now).and_then(|()| self.dtls.handle_packet(datagram));
                if result.is_err() {
                    self.close_with(CloseReason::Dtls);
                }
                self.drain_dtls(out);
            }
            Kind::Other => {}
        }
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if self.closed.is_some() {
            return;
        }
        if self.now.saturating_duration_since(self.last_heard) >= self.shared.config.peer_timeout {
            self.close_with(CloseReason::PeerTimedOut);
            return;
        }
        self.check_consent();
        if self.dtls_timeout.is_some_and(|at| at <= self.now) {
            self.dtls_timeout = None;
            if self.dtls.handle_timeout(self.now).is_err() {
                self.close_with(CloseReason::Dtls);
                return;
            }
        }
        if let Some((_, association)) = &mut self.association
            && association.poll_timeout().is_some_and(|at| at <= self.now)
        {
            association.handle_timeout(self.now);
        }
    }

    // Commands.

    /// Opens a channel, or `None` while the connection cannot take another.
    pub(crate) fn open(&mut self) -> Option<u16> {
        let dialer = self.is_dialer();
        let (_, association) = self.association.as_mut().filter(|_| self.established)?;
        let open = self.channels.values().filter(|origin| **origin == Origin::Local).count();
        if open >= self.shared.config.streams_outbound_max || self.closed.is_some() {
            return None;
        }
        // RFC 8832, section 6: the DTLS client takes even identifiers, the server odd ones. 0 stays
        // with Noise.
        let first: u16 = if dialer { 2 } else { 1 };
        for id in (first..u16::MAX).step_by(2) {
            if self.channels.contains_key(&id) {
                continue;
            }
            // Fails while the reset of an earlier channel with this identifier is under way.
            let Ok(mut stream) = association.open_stream(id, Ppi::Binary) else {
                continue;
            };
            if stream.write_with_ppi(&dcep::OPEN, Ppi::Dcep).is_err() {
                return None;
            }
            self.channels.insert(id, Origin::Local);
            return Some(id);
        }
        None
    }

    /// Takes the next message of a channel and hands it to `take`; false when there is none.
    pub(crate) fn read(&mut self, id: u16, take: impl FnOnce(&[u8])) -> bool {
        loop {
            let Some((_, association)) = &mut self.association else {
                return false;
            };
            let Ok(mut stream) = association.stream(id) else {
                return false;
            };
            let Ok(Some(chunks)) = stream.read() else {
                return false;
            };
            match chunks.ppi {
                Ppi::Binary | Ppi::String => {
                    let mut message = vec![0; chunks.len()];
                    if chunks.read(&mut message).is_ok() {
                        take(&message);
                    }
                    return true;
                }
                // An accepted channel's DCEP traffic is over, but for the acknowledgement of our own.
                _ => {}
            }
        }
    }

    /// Sends a message; false when the channel is gone.
    pub(crate) fn write(&mut self, id: u16, message: Vec<u8>) -> bool {
        let Some((_, association)) = &mut self.association else {
            return false;
        };
        let message = Bytes::from(message);
        association.stream(id).is_ok_and(|mut stream| stream.write_sctp(&message, Ppi::Binary).is_ok())
    }

    /// Closes a channel after what was written to it.
    pub(crate) fn close_channel(&mut self, id: u16) {
        if self.channels.remove(&id).is_some() {
            self.reset(id);
        }
    }

    /// Ends the connection and tells the peer.
    pub(crate) fn close(&mut self) {
        self.close_with(CloseReason::Local);
    }

    /// Ends the connection for `reason` and tells the peer where that is possible.
    pub(crate) fn close_with(&mut self, reason: CloseReason) {
        if self.closed.is_none() {
            self.closed = Some(reason);
            if self.dtls_connected {
                let _ = self.dtls.close();
            }
            self.events.push_back(Output::Closed(reason));
        }
    }

    // Outputs.

    /// The next event; datagrams that came up on the way are in `out`.
    pub(crate) fn poll_output(&mut self, out: &mut Outbox) -> Option<Output> {
        while let Some(message) = self.stun.pop_front() {
            out.push(&message);
        }
        loop {
            self.drain_dtls(out);
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.closed.is_some() {
                return None;
            }
            if !self.drain_sctp(out) && self.events.is_empty() {
                return None;
            }
        }
    }

    /// When to call `handle_timeout` next, and why.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        if self.closed.is_some() {
            return None;
        }
        let mut next = (self.last_heard + self.shared.config.peer_timeout, "silence of the peer");
        let mut consider = |at: Option<Instant>, why| {
            if let Some(at) = at.filter(|at| *at < next.0) {
                next = (at, why);
            }
        };
        if let Role::Dialer { next_check, .. } = &self.role {
            consider(Some(*next_check), "consent");
        }
        consider(self.dtls_timeout, "DTLS");
        consider(self.association.as_ref().and_then(|(_, a)| a.poll_timeout()), "SCTP");
        Some(next)
    }

    // The inside.

    fn handle_stun(&mut self, datagram: &[u8]) {
        // A listener with full ICE, such as webrtc-rs has, checks its dialler in turn.
        if let Some(request) = BindingRequest::read(datagram) {
            if request.ufrag == self.ufrag {
                self.last_heard = self.now;
                // Each datagram makes at most one answer, and all leave before the next batch.
                self.stun.push_back(request.response(self.remote));
            }
            return;
        }
        if let Role::Dialer { checks, .. } = &mut self.role
            && checks.is_answer(datagram, &self.ufrag)
        {
            self.last_heard = self.now;
            if !self.dtls.is_active() {
                self.start_dtls();
            }
        }
    }

    fn start_dtls(&mut self) {
        self.dtls.set_active(true);
        // The empty packet makes the client produce its first flight.
        let result = self.dtls.handle_timeout(self.now).and_then(|()| self.dtls.handle_packet(&[]));
        if result.is_err() {
            self.close_with(CloseReason::Dtls);
        }
    }

    fn check_consent(&mut self) {
        let Role::Dialer { checks, next_check, .. } = &mut self.role else {
            return;
        };
        if *next_check <= self.now {
            let wait = if self.dtls.is_active() { self.shared.config.consent_interval } else { CHECK_RTO };
            *next_check = self.now + wait;
            self.stun.push_back(checks.request(&self.ufrag));
        }
    }

    /// Moves DTLS records out, and what they carried into SCTP.
    fn drain_dtls(&mut self, out: &mut Outbox) {
        let mut usual = [0; RECORD_LEN_USUAL];
        let mut large = Vec::new();
        loop {
            let buf = if large.is_empty() { &mut usual[..] } else { &mut large[..] };
            match self.dtls.poll_output(buf) {
                dimpl::Output::Packet(record) => out.push(record),
                dimpl::Output::Timeout(at) => {
                    self.dtls_timeout = Some(at);
                    return;
                }
                dimpl::Output::ApplicationData(data) => {
                    self.last_heard = self.now;
                    let data = Bytes::copy_from_slice(data);
                    self.handle_sctp(data);
                }
                dimpl::Output::PeerCert(der) => {
                    let fingerprint = fingerprint_of(der);
                    self.peer_fingerprint = Some(fingerprint);
                    if let Role::Dialer { expected, .. } = &self.role
                        && *expected != fingerprint
                    {
                        self.close_with(CloseReason::CertificateMismatch);
                    }
                }
                dimpl::Output::Connected => self.handle_secured(),
                dimpl::Output::CloseNotify => self.close_with(CloseReason::Peer),
                dimpl::Output::KeyingMaterial(..) => {}
                // At most a datagram's length.
                dimpl::Output::BufferTooSmall { needed } => large = vec![0; needed],
                _ => {}
            }
        }
    }

    fn handle_secured(&mut self) {
        self.dtls_connected = true;
        if matches!(self.role, Role::Dialer { .. }) && self.closed.is_none() {
            let mut config = ClientConfig::new();
            config.transport = Arc::clone(&self.shared.sctp);
            match self.endpoint.connect(config, self.remote) {
                Ok(association) => self.association = Some(association),
                Err(_) => self.close_with(CloseReason::Sctp),
            }
        }
    }

    fn handle_sctp(&mut self, data: Bytes) {
        if self.closed.is_some() {
            return;
        }
        match self.endpoint.handle(self.now, self.remote, None, None, data) {
            Some((handle, DatagramEvent::NewAssociation(association))) if self.association.is_none() => {
                self.association = Some((handle, association));
                // One association a session; another INIT would only take memory.
                self.endpoint.reject_new_associations();
            }
            Some((_, DatagramEvent::AssociationEvent(event))) => {
                if let Some((_, association)) = &mut self.association {
                    association.handle_event(event);
                }
            }
            Some((_, DatagramEvent::NewAssociation(_))) | None => {}
        }
    }

    /// Moves SCTP packets into DTLS and its events into the queue; whether there were any.
    fn drain_sctp(&mut self, out: &mut Outbox) -> bool {
        let mut any = false;
        while let Some(transmit) = self.poll_sctp_transmit() {
            any = true;
            let Payload::RawEncode(packets) = transmit else {
                continue;
            };
            for packet in packets {
                if self.dtls.send_application_data(&packet).is_err() {
                    self.close_with(CloseReason::Dtls);
                    return true;
                }
                self.drain_dtls(out);
            }
        }
        let Some((handle, association)) = &mut self.association else {
            return any;
        };
        while let Some(event) = association.poll_endpoint_event() {
            if let Some(event) = self.endpoint.handle_event(*handle, event) {
                association.handle_event(event);
            }
        }
        while let Some(event) = self.association.as_mut().and_then(|(_, association)| association.poll()) {
            any = true;
            self.handle_sctp_event(event);
        }
        any
    }

    fn poll_sctp_transmit(&mut self) -> Option<Payload> {
        if !self.dtls_connected {
            return None;
        }
        if let Some(transmit) = self.endpoint.poll_transmit() {
            return Some(transmit.payload);
        }
        let (_, association) = self.association.as_mut()?;
        association.poll_transmit(self.now).map(|transmit| transmit.payload)
    }

    fn handle_sctp_event(&mut self, event: SctpEvent) {
        match event {
            SctpEvent::Connected => self.handle_established(),
            SctpEvent::HandshakeFailed { .. } => self.close_with(CloseReason::Sctp),
            SctpEvent::AssociationLost { .. } => self.close_with(CloseReason::Peer),
            SctpEvent::Stream(StreamEvent::Readable { id }) => self.handle_readable(id),
            SctpEvent::Stream(StreamEvent::Finished { id }) => {
                self.closing.remove(&id);
                if self.channels.remove(&id).is_some() {
                    self.events.push_back(Output::ChannelClosed(id));
                }
            }
            _ => {}
        }
    }

    /// Closes an SCTP stream in both directions (RFC 8831, section 6.7).
    fn reset(&mut self, id: u16) {
        if let Some((_, association)) = &mut self.association
            && let Ok(mut stream) = association.stream(id)
            && stream.close().is_ok()
        {
            self.closing.insert(id);
        }
    }

    fn handle_established(&mut self) {
        let Some((_, association)) = &mut self.association else {
            return;
        };
        // Exists already when the peer's first message came with its last handshake packet.
        let _ = association.open_stream(NOISE_CHANNEL, Ppi::Binary);
        self.channels.insert(NOISE_CHANNEL, Origin::Noise);
        self.established = true;
        self.events.push_back(Output::Connected);
    }

    fn handle_readable(&mut self, id: u16) {
        if self.channels.contains_key(&id) {
            self.events.push_back(Output::Readable(id));
            return;
        }
        // What the peer sent before it heard of the close. Another reset would hit the next channel of
        // this number.
        if self.closing.contains(&id) {
            return;
        }
        let Some((_, association)) = &mut self.association else {
            return;
        };
        // Also keeps the library's queue of new streams empty.
        while association.accept_stream().is_some() {}
        let Ok(mut stream) = association.stream(id) else {
            return;
        };
        let open = self.channels.values().filter(|origin| **origin == Origin::Remote).count();
        let opens = stream.read().ok().flatten().is_some_and(|chunks| {
            let mut message = vec![0; chunks.len()];
            chunks.ppi == Ppi::Dcep
                && chunks.read(&mut message).is_ok()
                && dcep::read(&message) == Some(dcep::Message::Open)
        });
        let accepted = opens
            && open < self.shared.config.streams_inbound_max
            && stream.write_with_ppi(&dcep::ACK, Ppi::Dcep).is_ok();
        if accepted {
            self.channels.insert(id, Origin::Remote);
            self.events.push_back(Output::Opened(id));
            // Data may have come in the same packet, announced before the channel was known.
            self.events.push_back(Output::Readable(id));
        } else {
            self.reset(id);
            self.refusals += 1;
            if self.refusals > REFUSALS_MAX {
                self.close_with(CloseReason::PeerMisbehaved);
            }
        }
    }
}

impl std::fmt::Display for CloseReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Local => "closed by this side",
            Self::Peer => "closed by the peer",
            Self::PeerTimedOut => "peer went silent",
            Self::HandshakeTimedOut => "handshake timed out",
            Self::CertificateMismatch => "peer's certificate is not the one in its address",
            Self::Dtls => "DTLS failed",
            Self::Sctp => "SCTP failed",
            Self::PeerMisbehaved => "peer broke the protocol",
        })
    }
}

#[cfg(test)]
mod tests;
