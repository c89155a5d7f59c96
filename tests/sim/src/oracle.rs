//! Who knows every record, overhears every message, and says what must hold.

use crate::{
    host::Host,
    links::Request as Overheard,
    plan::{HEAVY, Plan},
    report::Violation,
};
use aggregate::{
    Outcome, Proposal, RefusalReason, ReportId, Scheme, Verified, evidence,
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

/// What a heavy node says it holds: the ids, and those of them that it says are invalid.
pub(crate) type Holding = (BTreeSet<ReportId>, BTreeSet<ReportId>);

/// Why a report is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The share of the heavy node with this role does not fit the others.
    Share(usize),
    /// What it publishes does not fit its shares.
    Public,
}

/// What is known of one computation.
#[derive(Debug)]
pub(crate) struct Known {
    /// When a heavy node first showed it, in world time.
    pub(crate) since: u64,
    /// When a heavy node first showed a result.
    pub(crate) result_at: Option<u64>,
    pub(crate) proposal: Proposal,
    /// By heavy node: the reports that it said it holds; one that lies may have said this and that.
    offers: [Vec<Holding>; HEAVY],
    /// By report: which heavy nodes have acknowledged it.
    pub(crate) acknowledged: BTreeMap<ReportId, [bool; HEAVY]>,
    /// By heavy node: the end that it shows.
    pub(crate) ends: [Option<Envelope>; HEAVY],
    /// The result's payload, the reports in it.
    pub(crate) result: Option<(Vec<u8>, BTreeSet<ReportId>)>,
    /// Who is in the result, and which heavy nodes have signed it.
    lights: BTreeSet<usize>,
    signers: BTreeSet<usize>,
    /// What the result says of who came to it, and of what it leaves out.
    pub(crate) cohort: usize,
    pub(crate) rejected: u32,
    /// Whether its totals are wrong, through a lying heavy node.
    pub(crate) is_wrong: bool,
    /// By heavy node: its evidence against another.
    pub(crate) evidence: [Option<Envelope>; HEAVY],
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
    /// The first report of a light node.
    firsts: BTreeMap<(ContentId, usize), ReportId>,
    /// Who has asked to take an answer back: nothing is promised to them any more.
    withdrawing: BTreeSet<(ContentId, usize)>,
    /// Whose answer a heavy node has said to be out, and which.
    withdrawn: BTreeSet<(ContentId, usize, usize)>,
    /// What those who mean ill have shared.
    pub(crate) shared: BTreeMap<ReportId, Vec<u64>>,
    /// Which of it is invalid.
    pub(crate) flawed: BTreeMap<ReportId, Flaw>,
    /// The heavy node that lies.
    pub(crate) liar: Option<usize>,
    /// Reports that it made look invalid.
    pub(crate) spoilt: BTreeSet<ReportId>,
    /// Whom it has told a wrong sum that they had to notice: computation, heavy node, and how often that had started.
    pub(crate) deceived: BTreeSet<(ContentId, usize, u32)>,
    /// Sums that honest heavy nodes have released: over which set, and who first.
    released: BTreeMap<ContentId, (ContentId, usize)>,
    /// Whether nothing but people keeps hosts from each other.
    pub(crate) is_calm: bool,
    /// Public shares, where a heavy node that lies needs them.
    pub(crate) keeps_publics: bool,
    pub(crate) publics: BTreeMap<ReportId, Vec<u8>>,
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
            firsts: BTreeMap::new(),
            withdrawing: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            shared: BTreeMap::new(),
            flawed: BTreeMap::new(),
            liar: None,
            spoilt: BTreeSet::new(),
            deceived: BTreeSet::new(),
            released: BTreeMap::new(),
            is_calm: false,
            keeps_publics: false,
            publics: BTreeMap::new(),
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
        self.firsts.get(&(id, host)).copied()
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
        if self.keeps_publics {
            self.publics.insert(report, public);
        }
        let first = *self.firsts.entry((id, from)).or_insert(report);
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
                self.withdrawn.insert((id, asker, host));
                let report = self.report_of(id, asker);
                let known = self.known.get(&id).filter(|known| known.signers.contains(&host));
                let result = known.and_then(|known| known.result.as_ref());
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
                self.offered(now, host, id, offer);
            }
            (Request::Pull { id, .. }, Response::Pulled(Pulled::Partial { set, .. })) => {
                self.released(now, host, id, set);
            }
            (Request::Status { id }, Response::Status(status)) => {
                let Some(Ok(end)) = status.end.map(|end| Envelope::from_json(&end)) else { return };
                let report = self.report_of(id, asker);
                let Some(known) = self.known.get(&id) else { return };
                let Some(report) = report else { return };
                let acknowledged = known.acknowledged.get(&report).is_some_and(|by| by[host]);
                let counted = known.result.as_ref().map(|(_, set)| set.contains(&report));
                let is_result = end.payload_type == outcome::RESULT_TYPE;
                // One that the others went on without has the result, but not the set.
                let went_without = known.proposal.scheme == Scheme::Rep64;
                let may_be_invalid = self.flawed.contains_key(&report) || self.liar.is_some();
                let right = match status.mine {
                    Mine::None => !acknowledged && (!is_result || counted != Some(true) || went_without),
                    Mine::Held => !is_result || went_without,
                    Mine::Counted => is_result && counted != Some(false),
                    Mine::NotHeldByAll => is_result && counted != Some(true),
                    Mine::Rejected => is_result && counted != Some(true) && may_be_invalid,
                    Mine::Unused => !is_result,
                    _ => false,
                };
                if !right && self.liar != Some(host) {
                    let mine = status.mine;
                    self.violated(
                        now,
                        format!(
                            "heavy {host} tells light {asker} `{mine:?}` of a report in {id} (acknowledged: \
                             {acknowledged}, counted: {counted:?}, result: {is_result})"
                        ),
                    );
                }
            }
            _ => {}
        }
    }

    fn offered(&mut self, now: u64, host: usize, id: ContentId, offer: Offer) {
        let Some(known) = self.known.get_mut(&id) else { return };
        let is_own = known.proposal.role(self.ids[host]) == Some(usize::from(offer.of));
        if !is_own || offer.from > 0 {
            return;
        }
        let invalid = offer.invalid.iter().filter_map(|at| offer.ids.get(*at as usize)).copied().collect();
        let holding = (offer.ids.into_iter().collect(), invalid);
        if !known.offers[host].contains(&holding) {
            known.offers[host].push(holding);
        }
        if known.offers[host].len() > 1 && self.liar != Some(host) {
            self.violated(now, format!("heavy {host} offers other reports in {id} than before"));
        }
    }

    /// An honest heavy node gives its sum away. The others give theirs over the same set, or none: who has both sums has their difference. Only
    /// a network that keeps the two from each other lets a liar have both, and only with `rep64`.
    fn released(&mut self, now: u64, host: usize, id: ContentId, set: ContentId) {
        let Some(known) = self.known.get(&id) else { return };
        let may_split = known.proposal.scheme == Scheme::Rep64 && self.liar.is_some() && !self.is_calm;
        if self.liar == Some(host) || may_split {
            return;
        }
        let (first, by) = *self.released.entry(id).or_insert((set, host));
        if first != set {
            self.violated(now, format!("heavy {by} and {host} release sums of {id} over two sets"));
        }
    }

    /// What a heavy node said first that it holds.
    pub(crate) fn held(&self, id: ContentId, heavy: NodeId) -> Option<&Holding> {
        self.known.get(&id)?.offers[self.host_of(heavy)?].first()
    }

    /// The reports that all heavy nodes said they hold, ascending; `None` while one has not said so, or this and that.
    pub(crate) fn candidates(&self, id: ContentId) -> Option<Vec<ReportId>> {
        let known = self.known.get(&id)?;
        let [[(one, _)], [(other, _)], [(third, _)]] = known.offers.each_ref().map(Vec::as_slice) else {
            return None;
        };
        Some(one.iter().filter(|id| other.contains(id) && third.contains(id)).copied().collect())
    }

    /// The roles of those who came to a result, by host.
    fn hosts_of(&self, cohort: &[NodeId]) -> Option<Vec<usize>> {
        cohort.iter().map(|id| self.host_of(*id).filter(|host| *host < HEAVY)).collect()
    }

    /// The set with this digest that follows from what the heavy nodes of `cohort` said they hold.
    fn set(&self, known: &Known, cohort: &[usize], digest: ContentId) -> Option<BTreeSet<ReportId>> {
        let nothing = (BTreeSet::new(), BTreeSet::new());
        let liar = self.liar.filter(|liar| cohort.contains(liar));
        // Where nobody lies, there is one way to say it.
        let told: Vec<&Holding> = match liar {
            Some(liar) => known.offers[liar].iter().collect(),
            None => vec![&nothing],
        };
        let honest: Vec<&Holding> = cohort
            .iter()
            .filter(|host| Some(**host) != liar)
            .map(|host| known.offers[*host].first())
            .collect::<Option<_>>()?;
        let (first, _) = honest.first()?;
        let roles: Vec<usize> =
            cohort.iter().filter_map(|host| known.proposal.role(self.ids[*host])).collect();
        told.into_iter().find_map(|(ids, invalid)| {
            let held: BTreeSet<ReportId> = first
                .iter()
                .filter(|id| {
                    honest.iter().all(|(ids, _)| ids.contains(id)) && (liar.is_none() || ids.contains(id))
                })
                .filter(|id| !self.is_invalid(known.proposal.scheme, id, &roles) && !invalid.contains(id))
                .copied()
                .collect();
            let unspoilt = held.iter().filter(|id| !self.spoilt.contains(id)).copied().collect();
            [held, unspoilt]
                .into_iter()
                .find(|set| set_digest(&set.iter().copied().collect::<Vec<_>>()) == digest)
        })
    }

    /// Whether heavy nodes of these roles must leave a report out.
    fn is_invalid(&self, scheme: Scheme, report: &ReportId, roles: &[usize]) -> bool {
        match (scheme, self.flawed.get(report)) {
            (Scheme::Additive64, _) | (_, None) => false,
            (Scheme::Rep64, Some(Flaw::Share(role))) => roles.contains(role),
            (_, Some(_)) => true,
        }
    }

    /// Reckons what honest people have shared so far, for a liar that must know the true totals to sign others.
    pub(crate) fn foresee(&mut self, plan: &Plan) {
        for ((id, host), report) in &self.firsts {
            let light = plan.lights.get(host.wrapping_sub(HEAVY)).filter(|light| light.malice.is_none());
            let (Some(light), Some(known)) = (light, self.known.get(id)) else { continue };
            if !self.shared.contains_key(report)
                && let Some(measured) = light.contribution(&known.proposal)
            {
                self.shared.insert(*report, measured);
            }
        }
    }

    /// The true totals over the set with this digest that all three hold.
    pub(crate) fn exact(&self, id: ContentId, digest: ContentId) -> Option<Vec<u64>> {
        let known = self.known.get(&id)?;
        let set = self.set(known, &[0, 1, 2], digest)?;
        self.add_up(known, &set).ok()
    }

    fn add_up(&self, known: &Known, set: &BTreeSet<ReportId>) -> Result<Vec<u64>, String> {
        let mut totals: Vec<u64> = Vec::new();
        for report in set {
            let shared = self.shared.get(report).ok_or("a report in it was never made")?;
            totals.resize(totals.len().max(shared.len()), 0);
            totals.iter_mut().zip(shared).for_each(|(total, value)| *total = total.wrapping_add(*value));
        }
        let length = known.proposal.plan().map_err(|error| error.to_string())?.layout().length;
        if totals.len() == length as usize {
            Ok(totals)
        } else {
            Err("a report in it is of another length".into())
        }
    }

    /// A heavy node shows a computation. Gives the moment by its clock at which it must have an end, when
    /// it shows it for the first time.
    pub(crate) fn changed(
        &mut self,
        now: u64,
        host: usize,
        id: ContentId,
        documents: (&Envelope, Option<&Envelope>, Option<&Envelope>),
        plan: &Plan,
    ) {
        let (envelope, end, found) = documents;
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
                lights: BTreeSet::new(),
                signers: BTreeSet::new(),
                cohort: 0,
                rejected: 0,
                is_wrong: false,
                evidence: Default::default(),
                reasons: BTreeMap::new(),
            };
            self.known.insert(id, known);
        }
        if let Some(found) = found {
            self.accused(now, host, id, envelope, found);
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
                if let RefusalReason::HeavyDisagrees { heavy, about } = &refusal.reason
                    && self.liar.is_none()
                {
                    let heavy = self.host_of(*heavy);
                    self.violated(now, format!("heavy {host} says that {heavy:?} disagrees about {about}"));
                }
                let known = self.known.get_mut(&id).expect("just put there");
                known.ends[host] = Some(end.clone());
                known.reasons.insert(host, refusal.reason);
            }
            Ok(Verified::Result(total)) => {
                let signers = end.signatures.iter().filter_map(|signature| self.host_of(signature.keyid));
                let signers: BTreeSet<usize> = signers.collect();
                if let Err(what) = self.check_result(id, &end.payload, &total, &signers, plan) {
                    self.violated(now, format!("heavy {host} shows a result of {id}: {what}"));
                }
                let known = self.known.get_mut(&id).expect("just put there");
                known.result_at.get_or_insert(now);
                known.ends[host] = Some(end.clone());
            }
            Ok(_) => self.violated(now, "an end of a new kind"),
        }
    }

    /// A heavy node shows evidence against another.
    fn accused(&mut self, now: u64, host: usize, id: ContentId, proposal: &Envelope, found: &Envelope) {
        if self.known.get(&id).is_some_and(|known| known.evidence[host].as_ref() == Some(found)) {
            return;
        }
        match evidence::verify(proposal, found) {
            Ok(evidence) if Some(evidence.accused) == self.liar.map(|liar| self.ids[liar]) => {
                let known = self.known.get_mut(&id).expect("just put there");
                if known.evidence[host].replace(found.clone()).is_some() {
                    self.violated(now, format!("heavy {host} has changed its evidence in {id}"));
                }
            }
            Ok(evidence) => {
                let accused = self.host_of(evidence.accused);
                self.violated(now, format!("heavy {host} accuses {accused:?} in {id}, which does not lie"));
            }
            Err(error) => self.violated(now, format!("heavy {host} shows evidence that fails: {error}")),
        }
    }

    fn check_result(
        &mut self,
        id: ContentId,
        payload: &[u8],
        total: &Outcome,
        signers: &BTreeSet<usize>,
        plan: &Plan,
    ) -> Result<(), String> {
        let known = &self.known[&id];
        if let Some((first, _)) = &known.result {
            let is_same = first == payload;
            self.known.get_mut(&id).expect("known").signers.extend(signers);
            return if is_same { Ok(()) } else { Err("another result was shown before".into()) };
        }
        let proposal = &known.proposal;
        let cohort = self.hosts_of(&total.cohort).ok_or("somebody else is among the heavy nodes")?;
        let least = if proposal.scheme == Scheme::Rep64 { HEAVY - 1 } else { HEAVY };
        if cohort.len() < least {
            return Err(format!("{} heavy nodes came to it, where {least} are needed", cohort.len()));
        }
        let set = self.set(known, &cohort, total.set).ok_or_else(|| {
            format!(
                "{} participants are not those that {cohort:?} hold and that are valid",
                total.participants
            )
        })?;
        if set.len() != total.participants as usize {
            return Err(format!("{} participants, where the set has {}", total.participants, set.len()));
        }
        if !(proposal.participants_min..=proposal.participants_max).contains(&total.participants) {
            return Err(format!(
                "{} participants are not within {} to {}",
                total.participants, proposal.participants_min, proposal.participants_max
            ));
        }
        let mut lights = BTreeSet::new();
        for report in &set {
            let host = *self.reports.get(report).ok_or("a report in it was never sent")?;
            if !lights.insert(host) {
                return Err(format!("light node {host} is in it twice"));
            }
            if cohort.iter().any(|heavy| self.withdrawn.contains(&(id, host, *heavy))) {
                return Err(format!("the answer of {host}, taken back, is in it"));
            }
            let honest = plan.lights.get(host.wrapping_sub(HEAVY)).filter(|light| light.malice.is_none());
            if let Some(light) = honest {
                let measured = light.contribution(proposal);
                let measured = measured.ok_or_else(|| format!("{host} has nothing to contribute"))?;
                self.shared.insert(*report, measured);
            }
        }
        let known = &self.known[&id];
        let exact: Vec<String> = self.add_up(known, &set)?.iter().map(ToString::to_string).collect();
        // What no scheme but rep64 protects against.
        let may_be_wrong = self.liar.is_some() && known.proposal.scheme != Scheme::Rep64;
        let is_wrong = total.totals != exact;
        if is_wrong && !may_be_wrong {
            return Err(format!("its totals are {:?}, where they are {exact:?}", total.totals));
        }
        let totals: Vec<u64> = total.totals.iter().filter_map(|total| total.parse().ok()).collect();
        let answer =
            known.proposal.plan().map_err(|error| error.to_string())?.answer(&totals, total.participants);
        if answer.as_ref() != Ok(&total.answer) {
            return Err("its answer is not what its totals say".into());
        }
        let roles: Vec<usize> =
            cohort.iter().filter_map(|host| known.proposal.role(self.ids[*host])).collect();
        let left_out = known.acknowledged.iter().find(|(report, by)| {
            cohort.iter().all(|heavy| by[*heavy])
                && !set.contains(report)
                && !self.is_invalid(known.proposal.scheme, report, &roles)
        });
        if let Some((report, _)) = left_out.filter(|_| self.liar.is_none()) {
            let host = self.reports[report];
            return Err(format!("the report of {host}, acknowledged by all who came to it, is left out"));
        }
        let rejected = self.rejected(known, &cohort, &roles);
        if self.liar.is_none() && rejected != total.rejected {
            return Err(format!("{} reports are rejected, where {rejected} are invalid", total.rejected));
        }
        self.differs(known, &lights, signers)?;
        let known = self.known.get_mut(&id).expect("known");
        known.result = Some((payload.to_vec(), set));
        (known.lights, known.cohort, known.rejected) = (lights, cohort.len(), total.rejected);
        known.is_wrong = is_wrong;
        known.signers.extend(signers);
        Ok(())
    }

    /// How many reports that all of the cohort hold are invalid.
    fn rejected(&self, known: &Known, cohort: &[usize], roles: &[usize]) -> u32 {
        let held = |report: &&ReportId| {
            cohort.iter().all(|host| known.offers[*host].iter().any(|(ids, _)| ids.contains(report)))
        };
        let invalid = self.flawed.keys().filter(held);
        invalid.filter(|report| self.is_invalid(known.proposal.scheme, report, roles)).count() as u32
    }

    /// Two results about one field, with a heavy node in common that is honest, have the same participants or differ by
    /// some more.
    fn differs(
        &self,
        known: &Known,
        lights: &BTreeSet<usize>,
        signers: &BTreeSet<usize>,
    ) -> Result<(), String> {
        let fields = |known: &Known| known.proposal.plan().map(|plan| plan.fields()).unwrap_or_default();
        let own = fields(known);
        for (id, other) in self.known.iter().filter(|(_, other)| other.result.is_some()) {
            let theirs = fields(other);
            let alike = own.is_empty() || theirs.is_empty() || own.iter().any(|field| theirs.contains(field));
            let common = signers.iter().any(|host| other.signers.contains(host) && self.liar != Some(*host));
            let differ = lights.symmetric_difference(&other.lights).count();
            if alike && common && (1..aggregate::differencing::DIFFERENCE_MIN).contains(&differ) {
                return Err(format!("its participants are those of {id} but for {differ}"));
            }
        }
        Ok(())
    }
}

impl Known {
    /// Reports that all three heavy nodes have acknowledged.
    pub(crate) fn acknowledged_by_all(&self) -> u64 {
        self.acknowledged.values().filter(|by| by.iter().all(|by| *by)).count() as u64
    }

    /// Valid reports that all three heavy nodes have acknowledged.
    pub(crate) fn valid_by_all(&self, flawed: &BTreeMap<ReportId, Flaw>) -> u64 {
        let valid = self.acknowledged.iter().filter(|(report, _)| !flawed.contains_key(report));
        valid.filter(|(_, by)| by.iter().all(|by| *by)).count() as u64
    }

    /// When a heavy node must have an end, by its own clock.
    pub(crate) fn due(&self) -> Instant {
        self.proposal.end().plus_ms(SLACK_MS)
    }
}

/// Whether a request takes an answer back, by its tag.
fn is_withdrawal(protocol: Protocol, body: &[u8]) -> bool {
    protocol == Protocol::Aggregate && body.first() == Some(&9)
}

/// Whether a request is a light node's share, by its tag: the rest is not worth reading each time.
pub(crate) fn is_report(protocol: Protocol, body: &[u8]) -> bool {
    protocol == Protocol::Aggregate && body.first() == Some(&2)
}
