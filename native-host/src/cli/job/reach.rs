//! Which heavy node takes a job: the one that is named, or one of those that are found from an address.
//!
//! A node that is found is a stranger. It is asked nothing at an address nearer than the one that the search began at, and is given a job only where the
//! node at that address says itself that it is the one that gave it. What it says of its free places counts up to [`FREE_COUNTED`], and who
//! goes first among the rest is drawn by lot. One that does not get on with the jobs is left, see [`Patience`].

use super::{follow::Idle, plan::Plan};
use crate::{
    client::{Api, ApiError, jobs::NotTaken},
    clock,
    output::Out,
    swarm::find::{Found, Search, find},
};
use anyhow::{Error, Result, bail};
use jobs::{Cancellation, Manifest, capability::Class};
use keys::{Identity, NodeId};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use std::{cmp::Reverse, collections::BTreeSet, time::Duration};
use tokio::time;

/// How long a heavy node that was found may be silent until another one takes the job: small stores are opened and leases taken up again in less.
const SILENCE: Duration = Duration::from_secs(5);
/// How long one that was found may have jobs without any being begun, at first.
const START: Duration = Duration::from_secs(20);
/// How many times as long it may the next time, where nobody began any: all may have much to do.
const START_GROWTH: u32 = 4;
/// Free places beyond these make no difference: each node counts its own.
const FREE_COUNTED: u32 = 4;
/// How long all jobs are taken back from a heavy node that is left.
const CANCEL: Duration = Duration::from_secs(5);

/// How long a heavy node that was found is waited for, until another takes its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// How long it may be silent.
    pub(super) silence: Duration,
    /// How long it may ask to be asked later, and then have the jobs without any being begun. From then on, one has to end within this and the time that its
    /// replicas may take one after the other.
    pub(super) start: Duration,
}

/// A heavy node, and how it is waited for.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) api: Api,
    /// `None` for one that a person named, who knows whether it comes back.
    pub(super) patience: Option<Patience>,
    /// Which it is; `None` for one that a person named by its address.
    node: Option<NodeId>,
}

impl Host {
    /// One that a person named.
    pub(super) const fn named(api: Api) -> Self {
        Self { api, patience: None, node: None }
    }

    fn found(api: Api, node: NodeId) -> Self {
        Self { api, patience: Some(Patience { silence: SILENCE, start: START }), node: Some(node) }
    }
}

/// The heavy nodes that may take a job, in the order in which they are asked. There is one at least.
#[derive(Debug)]
pub(super) struct Hosts(Vec<Host>);

impl Hosts {
    /// The one at this HTTP address.
    pub(super) fn named(url: &str) -> Result<Self> {
        Ok(Self(vec![Host::named(Api::new(url)?)]))
    }

    /// Those that have places for every job of the plan, found from the one address `bootstrap`.
    pub(super) async fn found(bootstrap: &str, plan: &Plan) -> Result<Self> {
        let manifests: Vec<&Manifest> = plan.jobs.iter().map(|job| &job.manifest).collect();
        let classes: BTreeSet<Class> =
            manifests.iter().flat_map(|manifest| Class::of_job(manifest)).collect();
        let mut search = find(bootstrap, classes).await?;
        let hosts = hosts(&mut search, &manifests, rand::random());
        if hosts.is_empty() {
            bail!("nobody who is found from {bootstrap} has a place for it{}", seen(&search));
        }
        Ok(Self(hosts))
    }

    /// Does all of `attempt` with the plan at one heavy node: at the first, and where that is gone, refuses or does not get on, with the same jobs
    /// under other ids at the next. What the first has taken is taken back there, where it still answers. Where nobody gets on they are asked again, with
    /// more patience, until none is left that takes the jobs.
    pub(super) async fn at_one<T>(
        self,
        mut plan: Plan,
        identity: &Identity,
        out: &Out,
        attempt: impl AsyncFn(&Host, &Plan) -> Result<T>,
    ) -> Result<T> {
        let mut hosts = self.0;
        loop {
            let mut slow = Vec::new();
            let count = hosts.len();
            for (at, mut host) in hosts.into_iter().enumerate() {
                let error = match at_host(&host, &plan, &attempt).await {
                    Err(error) if host.node.is_some() && is_the_hosts(&error) => error,
                    other => return other,
                };
                if let Some(patience) = host.patience.as_mut().filter(|_| is_slow(&error)) {
                    take_back(&host.api, &plan, identity).await;
                    patience.start *= START_GROWTH;
                    slow.push(host.clone());
                }
                let is_too_late = plan.jobs.iter().all(|job| job.manifest.deadline <= clock::now());
                if is_too_late || (at + 1 == count && slow.is_empty()) {
                    return Err(error);
                }
                left(&host, &error, out);
                plan = plan.anew(identity)?;
            }
            hosts = slow;
        }
    }
}

async fn at_host<T>(
    host: &Host,
    plan: &Plan,
    attempt: &impl AsyncFn(&Host, &Plan) -> Result<T>,
) -> Result<T> {
    if let Some(node) = host.node {
        host.api.is_of(node).await?;
    }
    attempt(host, plan).await
}

/// Takes the jobs back, as far as there is time. The node may have ended some, or be one that does not listen.
async fn take_back(api: &Api, plan: &Plan, identity: &Identity) {
    let all = async {
        for job in &plan.jobs {
            let _ = api.cancel_job(job.id, &Cancellation::sign(job.id, identity)).await;
        }
    };
    let _ = time::timeout(CANCEL, all).await;
}

/// Those of the found that have places for all of these, in the order in which `seed` has them asked. Who gives no address that may be gone to is lost.
fn hosts(search: &mut Search, manifests: &[&Manifest], seed: u64) -> Vec<Host> {
    let fits = |found: &&Found| manifests.iter().all(|manifest| found.advert.takes(manifest));
    let mut fit: Vec<&Found> = search.found.iter().filter(fits).collect();
    fit.shuffle(&mut StdRng::seed_from_u64(seed));
    let free = |found: &Found| {
        let free = manifests.iter().map(|manifest| found.advert.free_for(manifest)).min();
        free.unwrap_or_default().min(FREE_COUNTED)
    };
    fit.sort_by_key(|found| Reverse(free(found)));
    let mut hosts = Vec::with_capacity(fit.len());
    for found in fit {
        let Some(url) = found.advert.url.as_deref() else { continue };
        match Api::told(url, search.near) {
            Ok(api) => hosts.push(Host::found(api, found.node)),
            Err(error) => search.lost.push((found.node, error.to_string())),
        }
    }
    hosts
}

fn left(host: &Host, error: &Error, out: &Out) {
    let why = format!("{error:#}");
    if out.json {
        out.line(&json!({ "event": "left", "host": host.api.url().as_str(), "why": why }).to_string());
    } else {
        eprintln!("{why}; another heavy node takes it, under another id");
    }
}

/// Whether another heavy node may do better.
fn is_the_hosts(error: &Error) -> bool {
    error.chain().any(|cause| cause.is::<ApiError>() || cause.is::<NotTaken>() || cause.is::<Idle>())
}

/// Whether the same one may do better later.
fn is_slow(error: &Error) -> bool {
    error.chain().any(|cause| {
        let says_later = cause.downcast_ref().and_then(ApiError::retry_after).is_some();
        let is_full = cause.downcast_ref::<NotTaken>().is_some_and(|error| error.retry_after_s.is_some());
        cause.is::<Idle>() || says_later || is_full
    })
}

/// Who was found, and is of no use.
fn seen(search: &Search) -> String {
    let lost: Vec<String> =
        search.lost.iter().map(|(node, why)| format!("{}: {why}", node.short())).collect();
    match (search.found.len(), lost.is_empty()) {
        (0, true) => "; `formix workers` lists who takes jobs at all".into(),
        (_, false) => format!(" ({})", lost.join("; ")),
        (found, true) => format!(", of {found} that take jobs; `formix workers` lists what they offer"),
    }
}

#[cfg(test)]
mod tests;
