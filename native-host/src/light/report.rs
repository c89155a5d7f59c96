//! Tells on standard output what happens at a light node.

use super::Light;
use crate::{cli::headline, output::Out};
use codec::ContentId;
use node::{LightView, TaskState, TaskView, light::End};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use tokio::{sync::watch, time};

/// Between two looks: a node changes more often than anybody reads.
const PAUSE: Duration = Duration::from_millis(100);

/// What was told of a computation last.
type Told = (TaskState, bool, usize, u8);

/// Tells changes until the node stops.
pub(super) async fn tell(light: Light, mut changed: watch::Receiver<u64>, out: Out) {
    let mut tasks: HashMap<ContentId, Told> = HashMap::new();
    let mut up = 0;
    loop {
        let Ok(view) = light.view().await else { return };
        links(&view, &mut up, out);
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
