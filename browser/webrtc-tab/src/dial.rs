use std::pin::pin;
use std::rc::Rc;

use futures::AsyncWriteExt;
use futures::future::{Either, select};
use js_sys::Reflect;
use libp2p_core::upgrade::{InboundConnectionUpgrade, UpgradeInfo};
use libp2p_identity::{Keypair, PeerId};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcDataChannelInit, RtcPeerConnection, RtcSdpType, RtcSessionDescriptionInit};
use webrtc::certhash::{Fingerprint, noise_prologue};
use webrtc::sdp::{self, SdpError, Ufrag};

use crate::address::Address;
use crate::channel::Kind;
use crate::connection::{Shared, sleep};
use crate::{Config, Connection, Error, Substream, js};

/// The number of the data channel that carries the Noise handshake.
const HANDSHAKE_CHANNEL: u16 = 0;

/// Connects to `address` and authenticates both sides. Dropping the future closes everything.
pub(crate) async fn dial(
    address: Address,
    keypair: Keypair,
    config: Rc<Config>,
) -> Result<(PeerId, Connection), Error> {
    if !js::has_webrtc() {
        return Err(Error::Unsupported);
    }
    let timeout = sleep(config.dial_timeout);
    match select(pin!(connect(address, keypair, config)), timeout).await {
        Either::Left((result, _)) => result,
        Either::Right(((), _)) => Err(Error::Timeout),
    }
}

async fn connect(
    address: Address,
    keypair: Keypair,
    config: Rc<Config>,
) -> Result<(PeerId, Connection), Error> {
    let pc = RtcPeerConnection::new().map_err(Error::browser("RTCPeerConnection"))?;
    // From here on every way out of this function drops the connection and so closes it.
    let connection = Connection::new(Shared::new(pc, config));
    let shared = connection.shared();

    let init = RtcDataChannelInit::new();
    init.set_negotiated(true);
    init.set_id(HANDSHAKE_CHANNEL);
    let handshake = shared.pc().create_data_channel_with_data_channel_dict("", &init);
    let handshake = Substream::new(shared.adopt(handshake, Kind::Handshake));

    let client = describe(shared.pc(), &address).await?;
    shared.watch_sctp();
    let peer = match authenticate(handshake, &keypair, &client, &address.fingerprint).await {
        Ok(peer) => peer,
        // That the host went away says more than that the handshake's stream did.
        Err(error) => return Err(shared.ended().map_or(Error::Handshake(error), Error::Disconnected)),
    };
    match address.peer {
        Some(expected) if expected != peer => Err(Error::WrongPeer { expected, found: peer }),
        _ => Ok((peer, connection)),
    }
}

/// Sets both session descriptions; gives this side's certificate fingerprint.
async fn describe(pc: &RtcPeerConnection, address: &Address) -> Result<Fingerprint, Error> {
    let mut random = [0; 24];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Browser { call: "getRandomValues", message: error.to_string() })?;
    let ufrag = Ufrag::from_random(random);

    let offer = JsFuture::from(pc.create_offer()).await.map_err(Error::browser("createOffer"))?;
    let offer = Reflect::get(&offer, &JsValue::from_str("sdp"))
        .ok()
        .and_then(|sdp| sdp.as_string())
        .ok_or(Error::Offer(SdpError::NoCredentials))?;
    let offer = sdp::munge_offer(&offer, &ufrag).map_err(Error::Offer)?;
    let client = sdp::fingerprint(&offer).map_err(Error::Offer)?;
    let local = RtcSessionDescriptionInit::new(RtcSdpType::Offer);
    local.set_sdp(&offer);
    JsFuture::from(pc.set_local_description(&local)).await.map_err(Error::browser("setLocalDescription"))?;

    let remote = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
    remote.set_sdp(&sdp::answer(address.socket, &address.fingerprint, &ufrag));
    JsFuture::from(pc.set_remote_description(&remote))
        .await
        .map_err(Error::browser("setRemoteDescription"))?;
    Ok(client)
}

/// Answers the host's Noise handshake; gives the host's identity.
async fn authenticate(
    stream: Substream,
    keypair: &Keypair,
    client: &Fingerprint,
    server: &Fingerprint,
) -> Result<PeerId, libp2p_noise::Error> {
    let noise = libp2p_noise::Config::new(keypair)?.with_prologue(noise_prologue(client, server));
    // The host starts, although it was dialled: of DTLS's two sides it is the one that can send first.
    let info = noise.protocol_info().next().expect("Noise names one protocol");
    let (peer, mut stream) = noise.upgrade_inbound(stream, info).await?;
    // From here the host may drop its side any time; what mattered has arrived.
    let _ = stream.close().await;
    Ok(peer)
}
