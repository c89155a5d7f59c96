//! A heavy node's broker alone, among few nodes or many: the processor's time from a job that comes to the message that hands it out.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use cpu_time::ThreadTime;
use jobs::{
    Broker,
    broker::{Config, Input, Output},
    manifest::Kind,
    message::{Answer, Carried, Received, Request, Response},
    scheduler::Advert,
};
use keys::{Envelope, Identity, NodeId};

use crate::work::{NOW, OUTPUT, job, receipt};

/// The broker, and what it said that is yet to be heard.
struct Rig {
    broker: Broker,
    identity: Identity,
    asked: Vec<(NodeId, u64, Request)>,
    responses: Vec<Response>,
}

impl Rig {
    /// Tells the broker something. Its store is durable at once.
    fn tell(&mut self, input: Input) {
        self.broker.handle_input(NOW, &self.identity, input);
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Store { ticket, .. } => {
                    let stored = Input::Stored { ticket, result: Ok(()) };
                    self.broker.handle_input(NOW, &self.identity, stored);
                }
                Output::Ask { peer, token, request } => self.asked.push((peer, token, request)),
                Output::Respond { response, .. } => self.responses.push(response),
                _ => {}
            }
        }
    }

    /// Submits a job; gives the time until it is handed to a node. The node answers at once.
    fn dispatch(&mut self, document: Envelope, nodes: &[Identity]) -> Result<Duration> {
        let began = ThreadTime::now();
        self.tell(Input::Submit { token: 0, envelope: document.clone() });
        let took = began.elapsed();
        let (peer, token, _) = self.asked.pop().context("the job is handed to nobody")?;
        let node = nodes.iter().find(|node| node.id() == peer).context("it is handed to somebody else")?;
        self.tell(Input::Reply { token, response: Some(Response::Done) });
        let (stdout, stderr) = (Carried::Here(OUTPUT.to_vec()), Carried::Here(Vec::new()));
        let answer = Answer { receipt: receipt(&document, node), stdout, stderr };
        self.responses.clear();
        self.tell(Input::Request { peer, token, request: Request::Answers(vec![answer]) });
        match self.responses.pop() {
            Some(Response::Received(all)) if matches!(all[..], [Received::Taken { .. }]) => Ok(took),
            other => bail!("the answer is not taken: {other:?}"),
        }
    }
}

/// The median over `jobs` jobs among `nodes` nodes, in microseconds.
pub(crate) fn p50_us(nodes: u32, jobs: u32) -> Result<f64> {
    let identity = |number: u32, of: u8| {
        let mut seed = [of; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        Identity::from_seed(seed)
    };
    let heavy = identity(0, 1);
    let mut broker =
        Broker::restore(Config::new(sandbox::GAS_SCHEDULE), &heavy, &[], NOW).context("a new store")?;
    broker.handle_timeout(NOW);
    let mut rig = Rig { broker, identity: heavy, asked: Vec::new(), responses: Vec::new() };
    let nodes: Vec<Identity> = (0..nodes).map(|number| identity(number, 2)).collect();
    for node in &nodes {
        let advert = Advert {
            kind: Kind::Native,
            slots: 1,
            ahead: 4,
            memory_bytes_max: 1 << 32,
            fuel_max: u64::MAX,
            wall_ms_max: u32::MAX,
            gas: sandbox::GAS_SCHEDULE.into(),
        };
        let request = Request::Offer { advert, returned: Vec::new() };
        rig.tell(Input::Request { peer: node.id(), token: 0, request });
    }
    let submitter = identity(0, 3);
    let all = (0..jobs).map(|number| rig.dispatch(job(&submitter, number), &nodes));
    let mut took = all.collect::<Result<Vec<Duration>>>()?;
    ensure!(!took.is_empty(), "no jobs");
    took.sort_unstable();
    Ok(took[took.len() / 2].as_secs_f64() * 1e6)
}
