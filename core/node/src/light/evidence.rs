//! What a light node learns of a heavy node that lied.
//!
//! Only the other two can tell. Where the scheme names liars, each heavy node is asked once the computation has ended: one that has
//! not come to its end, or does not answer, again until long after; one that is not connected, when it is. What was left open then is
//! asked when somebody looks. Evidence counts only once it verifies, and is kept beside the computation.

use super::{
    AFTERWARDS_MS, Batch, ContentId, EVIDENCE_PREFIX, Effect, Entry, Envelope, Instant, LightNode, NodeId,
    Part, Purpose, REPORT_AGAIN_MS, Request, Response, Vec, task::Task,
};
use aggregate::evidence;

/// How far one heavy node is asked for evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// Not before somebody looks.
    #[default]
    Rest,
    /// Now, or when it is connected.
    Due,
    /// At this moment.
    Again(Instant),
    /// Its answer is awaited.
    UnderWay,
    /// It has none, or none is needed any more.
    Over,
}

pub(super) fn key(id: ContentId) -> Vec<u8> {
    [EVIDENCE_PREFIX, id.digest()].concat()
}

impl Task {
    /// Has every heavy node asked that has not said yet whether it has evidence, where there may be any.
    pub(super) fn seek_evidence(&mut self) {
        if self.end.is_none() || self.evidence.is_some() || !self.proposal.scheme.names_liars() {
            return;
        }
        for inquiry in &mut self.inquiries {
            if *inquiry == Inquiry::Rest {
                *inquiry = Inquiry::Due;
            }
        }
    }

    /// Whether a heavy node is to be asked as soon as it is connected.
    pub(super) fn seeks_evidence(&self) -> bool {
        self.inquiries.contains(&Inquiry::Due)
    }
}

impl LightNode {
    /// Takes evidence from the store.
    pub(super) fn restore_evidence(&mut self, entry: &Entry) -> Option<()> {
        let document = Envelope::from_json(&entry.value).ok()?;
        let Some(task) = self.tasks.values_mut().find(|task| key(task.id) == entry.key) else {
            return Some(());
        };
        let found = evidence::verify(&task.envelope, &document).ok()?;
        task.evidence = Some((document, found));
        Some(())
    }

    /// Asks the heavy nodes that are to be asked now.
    pub(super) fn ask_for_evidence(&mut self, now: Instant, id: ContentId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let mut due = Vec::new();
        for (role, inquiry) in task.inquiries.iter_mut().enumerate() {
            match *inquiry {
                Inquiry::Again(at) if at > now => {
                    self.timers.insert((at, id));
                }
                Inquiry::Again(_) | Inquiry::Due => {
                    *inquiry = Inquiry::Due;
                    due.extend(task.proposal.heavy.get(role).map(|key| (role, key.id)));
                }
                _ => {}
            }
        }
        for (role, heavy) in due {
            if self.ask(now, heavy, &Request::Evidence { id }, Purpose::Evidence(id))
                && let Some(task) = self.tasks.get_mut(&id)
            {
                task.inquiries[role] = Inquiry::UnderWay;
            }
        }
    }

    /// Takes a heavy node's answer, `None` where none came.
    pub(super) fn evidence_answered(
        &mut self,
        now: Instant,
        heavy: NodeId,
        id: ContentId,
        response: Option<Response>,
    ) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(role) = task.proposal.role(heavy) else { return };
        let found = match response {
            Some(Response::Evidence { envelope }) => envelope,
            Some(Response::Unknown) => None,
            _ => {
                let pause_ms = task.status_pause_ms(now).max(REPORT_AGAIN_MS);
                task.inquiries[role] = match now < task.proposal.end().plus_ms(AFTERWARDS_MS) {
                    true => Inquiry::Again(now.plus_ms(pause_ms)),
                    false => Inquiry::Rest,
                };
                return self.ask_for_evidence(now, id);
            }
        };
        task.inquiries[role] = Inquiry::Over;
        let Some(mut document) = found.and_then(|found| Envelope::from_json(&found).ok()) else { return };
        // Only one liar can be convicted where two must be honest: the first evidence is all.
        let Ok(found) = evidence::verify(&task.envelope, &document) else { return };
        if task.evidence.is_none() {
            document.signatures.retain(|signature| signature.keyid == found.accuser);
            let mut batch = Batch::new();
            batch.put(key(id), document.to_json());
            task.evidence = Some((document, found));
            task.inquiries = [Inquiry::Over; aggregate::HEAVY];
            self.queue.push(Part { batch, effect: Effect::None, retry: true });
            self.changed = true;
        }
    }
}
