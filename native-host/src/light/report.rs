//! Tells on standard output what happens at a light node.

use super::Light;
use crate::{cli::headline, output::Out};
use codec::{ContentId, Instant};
use jobs::{
    ContributionView,
    worker::{PastView, RunningView, Step},
};
use node::{LightView, TaskState, TaskView, light::End};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::{sync::watch, time};

/// Between two looks: a node changes more often than anybody reads.
const PAUSE: Duration = Duration::from_millis(100);

/// Most jobs that are told of one by one after one look.
const LINES_MAX: usize = 20;

/// What was told of a computation last.
type Told = (TaskState, bool, usize, u8);

/// Tells changes until the node stops.
pub(super) async fn tell(light: Light, mut changed: watch::Receiver<u64>, out: Out) {
    let mut tasks: HashMap<ContentId, Told> = HashMap::new();
    let mut up = 0;
    let mut jobs = Jobs::default();
    loop {
        let Ok(view) = light.view().await else { return };
        links(&view, &mut up, out);
        jobs.tell(&view.contribution, out);
        for task in &view.tasks {
            // The latest ones are first; more than can be told of at once are of the past.
            let told = told(task);
            if tasks.insert(task.id, told) != Some(told) {
                computation(task, out);
            }
        }
        tasks.retain(|id, _| view.tasks.iter().any(|task| task.id == *id));
        if changed.changed().await.is_err() {
            return;
        }
        time::sleep(PAUSE).await;
    }
}

/// What was told of other people's jobs.
#[derive(Default)]
struct Jobs {
    offered: usize,
    running: HashSet<ContentId>,
    /// The latest that had ended, and when.
    ended: Option<(ContentId, Instant)>,
}

impl Jobs {
    fn tell(&mut self, view: &ContributionView, out: Out) {
        if self.offered != view.offered.len() {
            self.offered = view.offered.len();
            let value = json!({ "event": "offered", "to": view.offered, "settings": view.settings });
            out.event(&value, || match (view.settings.on, view.offered.len()) {
                (true, 0) => "No heavy node knows of this node's offer to run jobs now".into(),
                (true, count) => {
                    format!("Offering to run jobs ({} at a time) to {count} heavy nodes", view.settings.slots)
                }
                (false, _) => "No longer running jobs of others".into(),
            });
        }
        let runs = |running: &&RunningView| running.step == Step::Running;
        for job in view.running.iter().filter(runs).filter(|job| !self.running.contains(&job.job)) {
            let value = json!({
                "event": "running", "job": job.job, "name": job.name, "submitter": job.submitter, "heavy": job.heavy,
            });
            out.event(&value, || {
                format!("Running “{}” ({}) for …{}", job.name, job.job.short(), job.submitter.short())
            });
        }
        self.running = view.running.iter().filter(runs).map(|job| job.job).collect();
        let before = self.ended.take();
        let fresh = view.history.iter().take_while(|past| Some((past.job, past.at)) != before);
        let fresh: Vec<&PastView> = fresh.collect();
        self.ended = view.history.first().map(|past| (past.job, past.at)).or(before);
        if fresh.len() > LINES_MAX {
            let value = json!({ "event": "ran", "count": fresh.len(), "credit": view.credit });
            out.event(&value, || {
                format!("{} jobs ended; {} answers taken so far", fresh.len(), view.credit.jobs)
            });
            return;
        }
        for past in fresh.into_iter().rev() {
            let value = json!({
                "event": "ran", "job": past.job, "name": past.name, "submitter": past.submitter, "ending": past.ending,
                "taken": past.is_taken, "fuel": past.fuel, "wall_us": past.wall_us,
            });
            out.event(&value, || {
                let taken = if past.is_taken { "" } else { "; not taken" };
                format!("“{}” ({}): {}{taken}", past.name, past.job.short(), past.ending)
            });
        }
    }
}

fn links(view: &LightView, up: &mut usize, out: Out) {
    let now = view.links.iter().filter(|link| link.up).count();
    if now == *up {
        return;
    }
    *up = now;
    let links: Vec<_> = view.links.iter().filter(|link| link.up).collect();
    let value = json!({ "event": "links", "up": now, "of": view.heavy.len(), "links": links });
    out.event(&value, || {
        let over: Vec<&str> =
            links.iter().filter_map(|link| link.transport).map(net::Transport::name).collect();
        format!("Connected to {now} of {} heavy nodes: {}", view.heavy.len(), over.join(", "))
    });
}

fn told(task: &TaskView) -> Told {
    let end = match &task.end {
        None => 0,
        Some(End::Refusal { .. }) => 1,
        _ => 2,
    };
    (task.state, task.answer.is_some(), task.acknowledged, end)
}

fn computation(task: &TaskView, out: Out) {
    let (result, refusal) = match &task.end {
        Some(End::Result { outcome, .. }) => (Some(outcome), None),
        Some(End::Refusal { text, .. }) => (None, Some(text)),
        _ => (None, None),
    };
    let value = json!({
        "event": "computation", "id": task.id, "title": task.proposal.title, "state": task.state,
        "can_answer": task.answer.is_some(), "obstacle": task.obstacle, "acknowledged": task.acknowledged,
        "report_refusal": task.report_refusal, "result": result, "refusal": refusal,
    });
    out.event(&value, || {
        let title = &task.proposal.title;
        if let Some(outcome) = result {
            format!("“{title}”: {} over {} participants", headline(&outcome.answer), outcome.participants)
        } else if let Some(refusal) = refusal {
            format!("“{title}”: no result: {refusal}")
        } else {
            let state = match task.state {
                TaskState::Waiting if task.answer.is_some() => "waits for your approval".into(),
                TaskState::Waiting => task.obstacle.clone().unwrap_or_default(),
                TaskState::Declined => "declined".into(),
                _ => format!("answered; {} of 3 heavy nodes hold the share", task.acknowledged),
            };
            format!("“{title}” ({}): {state}", task.id.short())
        }
    });
}
