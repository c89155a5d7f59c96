//! Asks the person at the terminal about each computation that waits.

use super::Light;
use codec::ContentId;
use dialoguer::Confirm;
use node::{Command, TaskState, TaskView};
use std::collections::HashSet;
use tokio::sync::watch;

/// Asks until the node stops or the terminal goes away.
pub(super) async fn ask(light: Light, mut changed: watch::Receiver<u64>) {
    let mut asked: HashSet<ContentId> = HashSet::new();
    loop {
        let Ok(view) = light.view().await else { return };
        let waits = |task: &&TaskView| {
            task.state == TaskState::Waiting
                && task.answer.is_some()
                && task.end.is_none()
                && task.deadline > crate::clock::now()
                && !asked.contains(&task.id)
        };
        let Some(task) = view.tasks.iter().find(waits) else {
            if changed.changed().await.is_err() {
                return;
            }
            continue;
        };
        asked.insert(task.id);
        let id = task.id;
        let question = question(task);
        let answer = tokio::task::spawn_blocking(move || {
            Confirm::new().with_prompt(question).default(false).interact()
        });
        let Ok(Ok(yes)) = answer.await else { return };
        let command = if yes { Command::Approve { id } } else { Command::Decline { id } };
        if let Err(error) = light.command(command).await {
            tracing::warn!(error = format!("{error:#}"), "the answer was not taken");
        }
    }
}

fn question(task: &TaskView) -> String {
    let proposal = &task.proposal;
    let mine = task.answer.as_ref().map_or_else(String::new, |answer| {
        let lines: Vec<String> =
            answer.lines.iter().map(|line| format!("{}: {}", line.label, line.value)).collect();
        format!(" You would add {} (from {} records), which nobody sees.", lines.join(", "), answer.records)
    });
    let purpose =
        if proposal.purpose.is_empty() { String::new() } else { format!(" ({})", proposal.purpose) };
    format!(
        "“{}”{purpose} asks for {} in `{}`, with at least {} participants.{mine} Answer?",
        proposal.title, task.question.words, proposal.dataset, proposal.participants_min
    )
}
