//! Which heavy node takes a job: the one that is named, or one of those that are found from an address.

use super::plan::Plan;
use crate::{
    client::{Api, ApiError, jobs::NotTaken},
    output::Out,
    swarm::find::{Search, find},
};
use anyhow::{Error, Result, bail};
use jobs::capability::Class;
use keys::Identity;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// How long a heavy node that was found may be silent until another one takes the job: small stores are opened and leases taken up again in less.
const SILENCE: Duration = Duration::from_secs(5);

/// A heavy node, and how it is waited for.
pub(super) struct Host {
    pub(super) api: Api,
    /// How long it may be silent; `None` for one that a person named, who knows whether it comes back.
    pub(super) silence: Option<Duration>,
}

impl Host {
    /// One that a person named.
    pub(super) const fn named(api: Api) -> Self {
        Self { api, silence: None }
    }
}

/// The heavy nodes that may take a job, those with the most free places first.
pub(super) struct Hosts {
    first: Vec<Host>,
    last: Host,
}

impl Hosts {
    /// The one at this HTTP address.
    pub(super) fn named(url: &str) -> Result<Self> {
        Ok(Self { first: Vec::new(), last: Host::named(Api::new(url)?) })
    }

    /// Those that have places for every job of the plan, found from the one address `bootstrap`.
    pub(super) async fn found(bootstrap: &str, plan: &Plan) -> Result<Self> {
        let manifests = || plan.jobs.iter().map(|job| &job.manifest);
        let classes: BTreeSet<Class> = manifests().flat_map(Class::of_job).collect();
        let search = find(bootstrap, classes).await?;
        let fits =
            search.found.iter().filter(|found| manifests().all(|manifest| found.advert.takes(manifest)));
        let hosts = fits
            .filter_map(|found| found.advert.url.as_deref())
            .map(|url| Ok(Host { api: Api::new(url)?, silence: Some(SILENCE) }));
        // Who gives an address that is none is no host.
        let mut first: Vec<Host> = hosts.filter_map(Result::<Host, ApiError>::ok).collect();
        match first.pop() {
            Some(last) => Ok(Self { first, last }),
            None => bail!("nobody who is found from {bootstrap} has a place for it{}", seen(&search)),
        }
    }

    /// Does all of `attempt` with the plan at one heavy node: at the first, and where that is gone or refuses, with the same jobs under other
    /// ids at the next. What the first has taken may still run for nobody.
    pub(super) async fn at_one<T>(
        &self,
        mut plan: Plan,
        identity: &Identity,
        out: &Out,
        attempt: impl AsyncFn(&Host, &Plan) -> Result<T>,
    ) -> Result<T> {
        for host in &self.first {
            match attempt(host, &plan).await {
                Err(error) if is_the_hosts(&error) => {
                    left(host, &error, out);
                    plan = plan.anew(identity)?;
                }
                other => return other,
            }
        }
        attempt(&self.last, &plan).await
    }
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
    error.chain().any(|cause| cause.is::<ApiError>() || cause.is::<NotTaken>())
}

/// Who was found, and is of no use.
fn seen(search: &Search) -> String {
    let lost: Vec<String> =
        search.lost.iter().map(|(node, why)| format!("{}: {why}", node.short())).collect();
    match (search.found.len(), lost.is_empty()) {
        (0, true) => "; `formix workers` lists who takes jobs at all".into(),
        (0, false) => format!(" ({})", lost.join("; ")),
        (found, _) => format!(", of {found} that take jobs; `formix workers` lists what they offer"),
    }
}
