//! The load of the WebRTC bench, from one native process: `bench_dial ADDRESS COMMAND`.
//!
//! - `idle N` opens N connections, prints a JSON line when all are up, and holds them until its input
//!   ends;
//! - `churn N` connects and disconnects N times;
//! - `speed MIB` uploads and downloads so many MiB.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use anyhow::Context as _;
use common::{Command, Node, Seen};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use webrtc_host::{Certificate, Config};

/// Dials under way at once, below the host's bound.
const WINDOW: usize = 32;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let address: Multiaddr = args.next().context("no address")?.parse()?;
    let command = args.next().context("no command")?;
    let count: usize = args.next().context("no number")?.parse()?;
    let Some(Protocol::P2p(peer)) = address.iter().last() else {
        anyhow::bail!("the address has no /p2p");
    };
    let start = Instant::now();
    let line = match command.as_str() {
        "idle" => {
            let nodes = idle(&address, peer, count).await?;
            let line = serde_json::json!({
                "connections": nodes.len(),
                "seconds": start.elapsed().as_secs_f64(),
                "resident_bytes": common::resident_bytes(),
            });
            println!("{line}");
            let mut ignored = String::new();
            tokio::task::spawn_blocking(move || {
                while std::io::stdin().read_line(&mut ignored).is_ok_and(|n| n > 0) {}
            })
            .await?;
            drop(nodes);
            return Ok(());
        }
        "churn" => {
            let mut node = dialler()?;
            for _ in 0..count {
                node.dial(&address);
                node.wait(|seen| connected(seen, peer)).await??;
                let _ = node.commands.send(Command::Disconnect(peer));
                node.wait(|seen| matches!(seen, Seen::Closed(..)).then_some(())).await?;
            }
            serde_json::json!({ "connects": count, "seconds": start.elapsed().as_secs_f64() })
        }
        "speed" => {
            let mut node = dialler()?;
            node.dial(&address);
            node.wait(|seen| connected(seen, peer)).await??;
            let bytes = count as u64 * 1024 * 1024;
            let up = common::upload(&mut node.control, peer, bytes).await?.as_secs_f64();
            let down = common::download(&mut node.control, peer, bytes).await?.as_secs_f64();
            let mib = count as f64;
            serde_json::json!({ "up_mib_s": mib / up, "down_mib_s": mib / down })
        }
        other => anyhow::bail!("unknown command {other}"),
    };
    println!("{line}");
    Ok(())
}

fn dialler() -> anyhow::Result<Node> {
    Node::dialler(Certificate::generate()?, Config::default())
}

fn connected(seen: &Seen, peer: PeerId) -> Option<anyhow::Result<()>> {
    match seen {
        Seen::Connected(other) if *other == peer => Some(Ok(())),
        Seen::DialFailed(error) => Some(Err(anyhow::anyhow!("{error}"))),
        _ => None,
    }
}

/// One node, and so one identity, for each connection: a host counts peers by identity.
async fn idle(address: &Multiaddr, peer: PeerId, count: usize) -> anyhow::Result<Vec<Node>> {
    let mut nodes = Vec::with_capacity(count);
    while nodes.len() < count {
        let round = WINDOW.min(count - nodes.len());
        let mut dialling = Vec::with_capacity(round);
        for _ in 0..round {
            let node = dialler()?;
            node.dial(address);
            dialling.push(node);
        }
        for mut node in dialling {
            node.wait(|seen| connected(seen, peer)).await??;
            nodes.push(node);
        }
    }
    Ok(nodes)
}
