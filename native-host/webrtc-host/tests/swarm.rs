//! Two swarms over webrtc-direct.

mod common;

use common::{Node, Seen, download, upload};

const MIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn pings() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    a.wait(|seen| matches!(seen, Seen::Ping(peer, Ok(_)) if *peer == b.peer).then_some(())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_64_mib_each_way() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    let up = upload(&mut a.control, b.peer, 64 * MIB).await?;
    let down = download(&mut a.control, b.peer, 64 * MIB).await?;
    println!("up {:.1} MiB/s, down {:.1} MiB/s", 64.0 / up.as_secs_f64(), 64.0 / down.as_secs_f64());
    Ok(())
}
