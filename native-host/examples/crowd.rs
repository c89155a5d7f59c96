//! Many light nodes with nothing to do, in one process: `crowd PEER ADDRESS`.
//!
//! Each has an identity, a swarm and a [`net::Endpoint`] of its own, and keeps one link to the heavy node `PEER` at the multiaddr
//! `ADDRESS`: what `formix light` keeps to each heavy node, without a store and records.
//!
//! A line of input is how many nodes to hold from then on; fewer than before changes nothing. Each line of output is JSON: `nodes` and
//! `seconds` once that many have been greeted, `down` with the reason as often as a link ends. The end of the input ends the process.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use keys::{Identity, NodeId};
use libp2p::Multiaddr;
use native_host::{Happened, Reach, Shell, clock};
use net::{Endpoint, Event, Hello, Limits, Role, Transport};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time,
};
use webrtc_host::Certificate;

/// Dials under way at once: few enough that none waits longer for its turn than an endpoint has patience.
const DIALS_MAX: usize = 16;
const AGENT: &str = "formix-crowd/1";

/// What a node tells of its link.
enum Told {
    Up,
    Down(String),
}

/// One light node.
struct Node {
    endpoint: Endpoint,
    shell: Shell,
    tell: mpsc::UnboundedSender<Told>,
}

impl Node {
    async fn new(
        heavy: NodeId,
        address: &str,
        certificate: Certificate,
        tell: mpsc::UnboundedSender<Told>,
    ) -> Result<Self> {
        let identity = Identity::from_seed(rand::random());
        let shell = Shell::new(&identity, Some(certificate), AGENT, Reach::default()).await?;
        let hello = Hello { role: Role::Light, agent: AGENT.into() };
        let transports = [Transport::WebrtcDirect, Transport::Websocket, Transport::Quic, Transport::Tcp];
        let mut endpoint =
            Endpoint::new(identity.id(), hello, &transports, Limits::default(), rand::random());
        endpoint.want(clock::now(), heavy, &[address.to_owned()]);
        Ok(Self { endpoint, shell, tell })
    }

    /// Keeps the link for ever. `turn` is given back with the first greeting.
    async fn run(mut self, turn: OwnedSemaphorePermit) {
        let mut turn = Some(turn);
        loop {
            self.drain(&mut turn);
            let due = self.endpoint.poll_timeout().map(|(due, _)| clock::until(due));
            tokio::select! {
                happened = self.shell.next() => if let Happened::Input(input) = happened {
                    self.endpoint.handle_input(clock::now(), input);
                },
                () = time::sleep(due.unwrap_or(Duration::MAX)) => {}
            }
            self.endpoint.handle_timeout(clock::now());
        }
    }

    fn drain(&mut self, turn: &mut Option<OwnedSemaphorePermit>) {
        loop {
            while let Some(output) = self.endpoint.poll_output() {
                self.shell.apply(output);
            }
            let Some(event) = self.endpoint.poll_event() else { return };
            // Nobody listens to what is told only while the process ends.
            match event {
                Event::Up { .. } => {
                    drop(turn.take());
                    let _ = self.tell.send(Told::Up);
                }
                Event::Down { .. } => {
                    let why = self.endpoint.links().pop().and_then(|link| link.error);
                    let _ = self.tell.send(Told::Down(why.unwrap_or_default()));
                }
                Event::Request { peer, responder, .. } => self.endpoint.ignore(peer, responder),
                _ => {}
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let heavy: NodeId = args.next().context("no PEER")?.parse()?;
    let address = args.next().context("no ADDRESS")?;
    address.parse::<Multiaddr>().context(address.clone())?;
    // A dialler's certificate proves nothing in webrtc-direct; thousands of them would only take time.
    let certificate = Certificate::generate()?;
    let turns = Arc::new(Semaphore::new(DIALS_MAX));
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let (mut wanted, mut started, mut up) = (0_usize, 0_usize, 0_usize);
    let mut since = Instant::now();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => {
                    wanted = wanted.max(line.trim().parse()?);
                    since = Instant::now();
                }
                None => return Ok(()),
            },
            Ok(turn) = Arc::clone(&turns).acquire_owned(), if started < wanted => {
                started += 1;
                let node = Node::new(heavy, &address, certificate.clone(), tell.clone()).await?;
                tokio::spawn(node.run(turn));
            }
            Some(what) = told.recv() => match what {
                Told::Up => {
                    up += 1;
                    if up == wanted {
                        let seconds = since.elapsed().as_secs_f64();
                        println!("{}", serde_json::json!({ "nodes": up, "seconds": seconds }));
                    }
                }
                Told::Down(why) => {
                    up -= 1;
                    println!("{}", serde_json::json!({ "down": why }));
                }
            },
        }
    }
}
