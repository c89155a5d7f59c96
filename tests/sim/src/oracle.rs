//! Who knows every record, overhears every message, and says what must hold.

use crate::{
    host::Host,
    links::Request as Overheard,
    plan::{Asked, HEAVY, Plan},
    report::Violation,
};
use aggregate::{
    Outcome, Proposal, RefusalReason, ReportId, Verified,
    message::{Mine, Offer, Pulled, Request, Response, set_digest},
    outcome,
};
use codec::{ContentId, Instant, decode};
use keys::{Envelope, NodeId};
use net::Protocol;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds beyond deadline and grace period, by its own clock, that a heavy node may take to end a
/// computation: two commits and a try after a failed one.
pub const SLACK_MS: u64 = 5_000;

/// What is known of one computation.
#[derive(Debug)]
pub(crate) struct Known {
    /// When a heavy node first showed it, in world time.
    pub(crate) since: u64,
    /// When a heavy node first showed a result.
    pub(crate) result_at: Option<u64>,
    pub(crate) proposal: Proposal,
    /// By heavy node: how many reports it closed with, and which of them it has named.
    offers: [Option<(u32, BTreeMap<u32, ReportId>)>; HEAVY],
    /// By report: which heavy nodes have acknowledged it.
    pub(crate) acknowledged: BTreeMap<ReportId, [bool; HEAVY]>,
    /// By heavy node: the end that it shows.
    pub(crate) ends: [Option<Envelope>; HEAVY],
    /// The result's payload, the reports in it.
    pub(crate) result: Option<(Vec<u8>, BTreeSet<ReportId>)>,
    /// Reasons given, by heavy node.
    pub(crate) reasons: BTreeMap<usize, RefusalReason>,
}

/// The oracle.
#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) seed: u64,
    pub(crate) violation: Option<Violation>,
    hosts: BTreeMap<NodeId, usize>,
    ids: Vec<NodeId>,
    pub(crate) known: BTreeMap<ContentId, Known>,
    /// Whose report it is.
    reports: BTreeMap<ReportId, usize>,
    /// A light node's report.
    own: BTreeMap<(ContentId, usize), ReportId>,
    /// Who has asked to take an answer back: nothing is promised to them any more.
    withdrawing: BTreeSet<(ContentId, usize)>,
    /// Whose answer a heavy node has said to be out.
    withdrawn: BTreeSet<(ContentId, usize)>,
    /// What those who mean ill have shared.
    pub(crate) shared: BTreeMap<ReportId, [u64; 2]>,
}

impl Oracle {
    pub(crate) fn new(hosts: &[Host]) -> Self {
        Self {
            seed: 0,
            violation: None,
            hosts: hosts.iter().enumerate().map(|(at, host)| (host.id, at)).collect(),
            ids: hosts.iter().map(|host| host.id).collect(),
            known: BTreeMap::new(),
            reports: BTreeMap::new(),
            own: BTreeMap::new(),
            withdrawing: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            shared: BTreeMap::new(),
        }
    }

    pub(crate) fn host_of(&self, id: NodeId) -> Option<usize> {
        self.hosts.get(&id).copied()
    }

    pub(crate) fn violated(&mut self, at_ms: u64, what: impl Into<String>) {
        self.violation.get_or_insert_with(|| Violation { at_ms, what: what.into() });
    }

    /// The report of `host` in a computation, once it was sent.
    pub(crate) fn report_of(&self, id: ContentId, host: usize) -> Option<ReportId> {
        self.own.get(&(id, host)).copied()
    }

    /// A request leaves a host.
    pub(crate) fn requested(
        &mut self,
        now: u64,
        from: usize,
        to: usize,
        protocol: Protocol,
        honest: bool,
        body: &[u8],
    ) {
        if to < HEAVY
            && is_withdrawal(protocol, body)
            && let Ok(Request::Withdraw { id }) = decode::<Request>(body)
        {
            self.withdrawing.insert((id, from));
            let report = self.report_of(id, from);
            if let (Some(known), Some(report)) = (self.known.get_mut(&id), report) {
                known.acknowledged.remove(&report);
            }
        }
        if to >= HEAVY || !is_report(protocol, body) {
            return;
        }
        let Ok(Request::Report { id, nonce, public, .. }) = decode::<Request>(body) else { return };
        let report = ReportId::of(id, self.ids[from], &nonce, &public);
        self.reports.insert(report, from);
        let first = *self.own.entry((id, from)).or_insert(report);
        if honest && first != report {
            self.violated(now, format!("light node {from} has sent two reports in {id}"));
        }
    }

    /// A response leaves a heavy node. True where it promises something.
    pub(crate) fn responded(
        &mut self,
        now: u64,
        host: usize,
        asker: usize,
        request: &Overheard,
        body: &[u8],
    ) -> bool {
        if request.protocol != Protocol::Aggregate || host >= HEAVY {
            return false;
        }
        let (Ok(request), Ok(response)) = (decode::<Request>(&request.body), decode::<Response>(body)) else {
            return false;
        };
        let promises = match &response {
            Response::Acknowledged
            | Response::Withdrawn
            | Response::Accepted { .. }
            | Response::Proposed { .. } => true,
            Response::Pulled(word) => *word != Pulled::NotYet,
            _ => false,
        };
        self.understood(now, host, asker, request, response);
        promises
    }

    fn understood(&mut self, now: u64, host: usize, asker: usize, request: Request, response: Response) {
        match (request, response) {
            (Request::Report { id, nonce, public, .. }, Response::Acknowledged) => {
                let report = ReportId::of(id, self.ids[asker], &nonce, &public);
                let Some(known) = self.known.get_mut(&id) else { return };
                // After the end there is nothing to promise any more.
                if known.ends[host].is_none() && !self.withdrawing.contains(&(id, asker)) {
                    known.acknowledged.entry(report).or_default()[host] = true;
                }
            }
            (Request::Withdraw { id }, Response::Withdrawn) => {
                self.withdrawn.insert((id, asker));
                let report = self.report_of(id, asker);
                let result = self.known.get(&id).and_then(|known| known.result.as_ref());
                if report.is_some_and(|report| result.is_some_and(|(_, set)| set.contains(&report))) {
                    self.violated(
                        now,
                        format!(
                            "heavy {host} takes the answer of {asker} back, which is in the result of {id}"
                        ),
                    );
                }
            }
            (Request::Pull { id, .. }, Response::Pulled(Pulled::Offer(offer))) => {
                let Offer { of, total, from, ids, .. } = offer;
                self.offered(now, usize::from(of), id, total, from, &ids);
            }
            (Request::Status { id }, Response::Status(status)) => {
                let Some(Ok(end)) = status.end.map(|end| Envelope::from_json(&end)) else { return };
                let report = self.report_of(id, asker);
                let Some(known) = self.known.get(&id) else { return };
                let Some(report) = report else { return };
                let acknowledged = known.acknowledged.get(&report).is_some_and(|by| by[host]);
                let counted = known.result.as_ref().map(|(_, set)| set.contains(&report));
                let is_result = end.payload_type == outcome::RESULT_TYPE;
                let right = match status.mine {
                    Mine::None => !acknowledged && (!is_result || counted != Some(true)),
                    Mine::Held => !is_result,
                    Mine::Counted => is_result && counted != Some(false),
                    Mine::NotHeldByAll => is_result && counted != Some(true),
                    Mine::Unused => !is_result,
                    _ => false,
                };
                if !right {
                    let mine = status.mine;
                    self.violated(
                        now,
                        format!(
                            "heavy {host} tells light {asker} `{mine:?}` of a report (acknowledged: \
                             {acknowledged}, counted: {counted:?}, result: {is_result})"
                        ),
                    );
                }
            }
            _ => {}
        }
    }

    fn offered(&mut self, now: u64, host: usize, id: ContentId, total: u32, from: u32, ids: &[ReportId]) {
        let Some(known) = self.known.get_mut(&id) else { return };
        let (before, named) = known.offers[host].get_or_insert((total, BTreeMap::new()));
        let mut same = *before == total;
        for (at, report) in (from..).zip(ids) {
            same &= *named.entry(at).or_insert(*report) == *report;
        }
        if !same {
            self.violated(now, format!("heavy {host} offers other reports in {id} than before"));
        }
    }

    /// A heavy node shows a computation. Gives the moment by its clock at which it must have an end, when
    /// it shows it for the first time.
    pub(crate) fn changed(
        &mut self,
        now: u64,
        host: usize,
        id: ContentId,
        documents: (&Envelope, Option<&Envelope>),
        plan: &Plan,
    ) {
        let (envelope, end) = documents;
        if !self.known.contains_key(&id) {
            let Ok((_, proposal)) = Proposal::open(envelope) else {
                return self.violated(now, format!("heavy {host} accepts {id}, which is not in order"));
            };
            let known = Known {
                since: now,
                result_at: None,
                proposal,
                offers: Default::default(),
                acknowledged: BTreeMap::new(),
                ends: Default::default(),
                result: None,
                reasons: BTreeMap::new(),
            };
            self.known.insert(id, known);
        }
        let known = &self.known[&id];
        let (Some(end), before) = (end, &known.ends[host]) else {
            if known.ends[host].is_some() {
                self.violated(now, format!("heavy {host} has taken back the end of {id}"));
            }
            return;
        };
        if before.as_ref() == Some(end) {
            return;
        }
        if before.as_ref().is_some_and(|before| {
            before.payload_type == outcome::RESULT_TYPE || end.payload_type == outcome::REFUSAL_TYPE
        }) {
            // Signatures may differ in number or order, the payload never.
            return self.violated(now, format!("heavy {host} has changed the end of {id}"));
        }
        match outcome::verify(envelope, end) {
            Err(error) => {
                self.violated(now, format!("heavy {host} shows an end of {id} that fails: {error}"))
            }
            Ok(Verified::Refusal(refusal)) => {
                if self.ids[host] != refusal.heavy {
                    return self.violated(now, format!("heavy {host} shows another's refusal of {id}"));
                }
                let known = self.known.get_mut(&id).expect("just put there");
                known.ends[host] = Some(end.clone());
                known.reasons.insert(host, refusal.reason);
            }
            Ok(Verified::Result(total)) => {
                if let Err(what) = self.check_result(id, &end.payload, &total, plan) {
                    self.violated(now, format!("heavy {host} shows a result of {id}: {what}"));
                }
                let known = self.known.get_mut(&id).expect("just put there");
                known.result_at.get_or_insert(now);
                known.ends[host] = Some(end.clone());
            }
            Ok(_) => self.violated(now, "an end of a new kind"),
        }
    }

    fn check_result(
        &mut self,
        id: ContentId,
        payload: &[u8],
        total: &Outcome,
        plan: &Plan,
    ) -> Result<(), String> {
        let known = &self.known[&id];
        if let Some((first, _)) = &known.result {
            return if first == payload { Ok(()) } else { Err("another result was shown before".into()) };
        }
        let proposal = &known.proposal;
        let mut offers = Vec::new();
        for (host, offer) in known.offers.iter().enumerate() {
            let (total, named) = offer.as_ref().ok_or_else(|| format!("heavy {host} has offered nothing"))?;
            if *total as usize != named.len() {
                return Err(format!("heavy {host} has offered {} of {total} reports", named.len()));
            }
            offers.push(named.values().copied().collect::<BTreeSet<_>>());
        }
        let set: BTreeSet<ReportId> =
            offers[0].iter().filter(|id| offers[1].contains(id) && offers[2].contains(id)).copied().collect();
        let ids: Vec<ReportId> = set.iter().copied().collect();
        if set_digest(&ids) != total.set || ids.len() != total.participants as usize {
            return Err(format!(
                "{} participants, where all three hold {}; or another set",
                total.participants,
                ids.len()
            ));
        }
        if !(proposal.participants_min..=proposal.participants_max).contains(&total.participants) {
            return Err(format!(
                "{} participants are not within {} to {}",
                total.participants, proposal.participants_min, proposal.participants_max
            ));
        }
        let mut lights = BTreeSet::new();
        let mut vector = [0u64; 2];
        for report in &ids {
            let host = self.reports.get(report).ok_or("a report in it was never sent")?;
            if !lights.insert(*host) {
                return Err(format!("light node {host} is in it twice"));
            }
            if self.withdrawn.contains(&(id, *host)) {
                return Err(format!("the answer of {host}, taken back, is in it"));
            }
            let honest = plan.lights.get(host.wrapping_sub(HEAVY)).filter(|light| light.malice.is_none());
            let contribution = match honest {
                Some(light) => light.contribution(proposal),
                None => self.shared.get(report).copied(),
            };
            let contribution = contribution.ok_or_else(|| format!("{host} has nothing to contribute"))?;
            for (sum, value) in vector.iter_mut().zip(contribution) {
                *sum = sum.wrapping_add(value);
            }
        }
        let asked = Asked::of(proposal).ok_or("it asks something else")?;
        let units = i128::from(vector[0]) * i128::from(asked.lower) + i128::from(vector[1]);
        let exact = decimal(units, asked.decimals);
        let (sum, records) = (total.figure("sum"), total.figure("count"));
        if sum.as_ref() != Some(&exact) || records != Some(vector[0].to_string()) {
            return Err(format!(
                "sum {sum:?} over {records:?} records, where it is {exact} over {}",
                vector[0]
            ));
        }
        if total.totals != vector.map(|total| total.to_string()) {
            return Err(format!("totals {:?}, where they are {vector:?}", total.totals));
        }
        let left_out =
            known.acknowledged.iter().find(|(report, by)| by.iter().all(|by| *by) && !set.contains(report));
        if let Some((report, _)) = left_out {
            let host = self.reports[report];
            return Err(format!("the report of {host}, acknowledged by all three, is left out"));
        }
        self.known.get_mut(&id).expect("known").result = Some((payload.to_vec(), set));
        Ok(())
    }
}

impl Known {
    /// Reports that all three heavy nodes have acknowledged.
    pub(crate) fn acknowledged_by_all(&self) -> u64 {
        self.acknowledged.values().filter(|by| by.iter().all(|by| *by)).count() as u64
    }

    /// When a heavy node must have an end, by its own clock.
    pub(crate) fn due(&self) -> Instant {
        self.proposal.end().plus_ms(SLACK_MS)
    }
}

/// `units` of 10^-`decimals`, written out; apart from the way of the node itself.
fn decimal(units: i128, decimals: u8) -> String {
    let digits = format!("{:0width$}", units.unsigned_abs(), width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    let sign = if units < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Whether a request takes an answer back, by its tag.
fn is_withdrawal(protocol: Protocol, body: &[u8]) -> bool {
    protocol == Protocol::Aggregate && body.first() == Some(&9)
}

/// Whether a request is a light node's share, by its tag: the rest is not worth reading each time.
pub(crate) fn is_report(protocol: Protocol, body: &[u8]) -> bool {
    protocol == Protocol::Aggregate && body.first() == Some(&2)
}
