//! The host of the WebRTC bench: serves ping and `/formix/bench/{echo,upload,download}/1` over
//! webrtc-direct, and prints one JSON line with its address at the start.
//!
//! `bench_host [LISTEN_ADDRESS]`, by default `/ip4/127.0.0.1/udp/0/webrtc-direct`. Then, for every
//! line on its standard input, it prints its connections and resident memory.

#[path = "../tests/common/mod.rs"]
mod common;

use common::Node;
use tokio::io::{AsyncBufReadExt, BufReader};
use webrtc_host::{Certificate, Config};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listen = std::env::args().nth(1);
    let listen = listen.as_deref().unwrap_or("/ip4/127.0.0.1/udp/0/webrtc-direct");
    let mut node = Node::with(Certificate::generate()?, Config::default(), listen).await?;
    let address = node.address.clone().with_p2p(node.peer).unwrap_or_else(|same| same);
    println!("{}", serde_json::json!({ "address": address.to_string(), "peer": node.peer.to_string() }));
    let mut open = 0_i64;
    let mut listening = true;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line(), if listening => match line? {
                Some(_) => {
                    let line = serde_json::json!({ "connections": open, "resident_bytes": common::resident_bytes() });
                    println!("{line}");
                }
                None => listening = false,
            },
            seen = node.seen.recv() => match seen {
                Some(common::Seen::Connected(_)) => open += 1,
                Some(common::Seen::Closed(..)) => open -= 1,
                Some(_) => {}
                None => return Ok(()),
            },
        }
    }
}
