//! Noise XX over channel 0, which binds the peer's identity to both certificates.

use std::future::poll_fn;
use std::sync::Arc;

use futures::AsyncWriteExt;
use libp2p_core::UpgradeInfo;
use libp2p_core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p_identity::{Keypair, PeerId};
use webrtc::certhash::{Fingerprint, noise_prologue};

use crate::connection::Connection;
use crate::error::Error;
use crate::muxer::{Muxer, Stream};

/// The listener's part. It speaks first: with DTLS 1.2 it is the side that can ("FAQ" of the
/// specification), so the libp2p roles of initiator and dialler are swapped here.
pub(crate) async fn listen(
    identity: Keypair,
    connection: Arc<Connection>,
    own: Fingerprint,
) -> Result<(PeerId, Muxer), Error> {
    // From here on an abandoned handshake closes the connection.
    let muxer = Muxer::new(connection);
    let (stream, peer) = connected(&muxer).await?;
    let noise = config(&identity, &peer, &own)?;
    let info = protocol(&noise);
    let (id, mut channel) = noise.upgrade_outbound(stream, info).await?;
    channel.close().await?;
    muxer.connection().lock().set_authenticated();
    Ok((id, muxer))
}

/// The dialler's part.
pub(crate) async fn dial(
    identity: Keypair,
    connection: Arc<Connection>,
    own: Fingerprint,
) -> Result<(PeerId, Muxer), Error> {
    let muxer = Muxer::new(connection);
    let (stream, peer) = connected(&muxer).await?;
    let noise = config(&identity, &own, &peer)?;
    let info = protocol(&noise);
    let (id, mut channel) = noise.upgrade_inbound(stream, info).await?;
    channel.close().await?;
    muxer.connection().lock().set_authenticated();
    Ok((id, muxer))
}

async fn connected(muxer: &Muxer) -> Result<(Stream, Fingerprint), Error> {
    let connection = muxer.connection();
    let (key, peer) = poll_fn(|cx| connection.poll_connected(cx)).await.map_err(Error::Closed)?;
    Ok((Stream::new(Arc::clone(connection), key), peer))
}

fn config(
    identity: &Keypair,
    client: &Fingerprint,
    server: &Fingerprint,
) -> Result<libp2p_noise::Config, Error> {
    Ok(libp2p_noise::Config::new(identity)?.with_prologue(noise_prologue(client, server)))
}

fn protocol(noise: &libp2p_noise::Config) -> <libp2p_noise::Config as UpgradeInfo>::Info {
    // The name plays no part: nothing is negotiated on channel 0.
    noise.protocol_info().next().unwrap_or_default()
}
