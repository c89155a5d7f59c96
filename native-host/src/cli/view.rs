//! `formix view`: this home's nodes, and what the heavy nodes tell of the network.

use super::{HOST, comp::end::headline};
use crate::{
    client::Api,
    control::{self, Ask},
    home::{Home, Kind},
    output::Out,
};
use ::node::ComputationView;
use anyhow::Result;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use jobs::WorkerView;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// The HTTP address of a heavy node to ask; repeatable [default: those of this home]
    #[arg(long, value_name = "URL")]
    host: Vec<String>,
}

pub(super) async fn view(args: ViewArgs, home: &Home, out: &Out) -> Result<()> {
    let mut nodes = Vec::new();
    let mut hosts = args.host.clone();
    for record in home.nodes()? {
        let status = control::ask(&home.folder(record.id), &Ask::Status).await.ok();
        let url = status.as_ref().and_then(|status| status["url"].as_str()).map(str::to_owned);
        if args.host.is_empty() && record.kind == Kind::Heavy {
            hosts.extend(url.clone());
        }
        nodes.push(json!({
            "id": record.id, "name": record.name, "kind": record.kind, "running": status.is_some(),
            "url": url, "created": record.created,
        }));
    }
    if hosts.is_empty() {
        hosts.push(HOST.into());
    }
    let mut heavy = Vec::new();
    let mut computations: Option<Vec<ComputationView>> = None;
    let mut workers: Vec<WorkerView> = Vec::new();
    for host in &hosts {
        let api = Api::new(host)?;
        match api.status().await {
            Ok(mut status) => {
                status["url"] = host.as_str().into();
                if computations.is_none() {
                    computations = api.computations(None).await.ok();
                }
                if workers.is_empty() {
                    workers = api.workers().await.unwrap_or_default();
                }
                heavy.push(status);
            }
            Err(error) => heavy.push(json!({ "url": host, "error": error.to_string() })),
        }
    }
    let value = json!({ "home": home.path(), "nodes": nodes, "heavy": heavy, "workers": workers, "computations": computations });
    out.event(&value, || {
        let computations = under_way(computations.as_deref().unwrap_or_default());
        let parts = [local(&nodes), network(&heavy), at_work(&workers), computations];
        parts.join("\n\n")
    });
    Ok(())
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header);
    table
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn short(value: &Value) -> String {
    let id = text(value);
    format!("…{}", &id[id.len().saturating_sub(6)..])
}

fn local(nodes: &[Value]) -> String {
    if nodes.is_empty() {
        return "This home has no nodes yet: `formix up` or `formix new-node` makes some.".into();
    }
    let mut table = table(&["node", "id", "kind", "state", "page and API"]);
    for node in nodes {
        let state = if node["running"] == true { "running" } else { "stopped" };
        table.add_row([
            text(&node["name"]),
            &short(&node["id"]),
            text(&node["kind"]),
            state,
            text(&node["url"]),
        ]);
    }
    table.trim_fmt()
}

fn network(heavy: &[Value]) -> String {
    let mut table = table(&["heavy node", "at", "fellows up", "light nodes", "computations", "reports"]);
    for node in heavy {
        if let Some(error) = node["error"].as_str() {
            table.add_row(["?", text(&node["url"]), error]);
            continue;
        }
        let fellows = node["fellows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let up = fellows.iter().filter(|link| link["up"] == true).count();
        let lights: Vec<String> = node["lights"].as_object().map_or_else(Vec::new, |lights| {
            lights.iter().map(|(transport, count)| format!("{count} {transport}")).collect()
        });
        table.add_row([
            short(&node["id"]),
            text(&node["url"]).into(),
            format!("{up} of {}", fellows.len()),
            if lights.is_empty() { "0".into() } else { lights.join(", ") },
            node["computations"].to_string(),
            node["counters"]["reports_acknowledged"].to_string(),
        ]);
    }
    for link in strangers(heavy) {
        let at = if link["up"] == true { "connected" } else { "not connected" };
        table.add_row([short(&link["peer"]), format!("({at} over {})", text(&link["transport"]))]);
    }
    table.trim_fmt()
}

/// The heavy nodes that others are linked to and that were not asked themselves.
fn strangers(heavy: &[Value]) -> Vec<&Value> {
    let mut links: Vec<&Value> =
        heavy.iter().filter_map(|node| node["fellows"].as_array()).flatten().collect();
    links.sort_by_key(|link| (text(&link["peer"]), link["up"] != true));
    links.dedup_by_key(|link| text(&link["peer"]));
    links.retain(|link| heavy.iter().all(|node| node["id"] != link["peer"]));
    links
}

fn at_work(workers: &[WorkerView]) -> String {
    if workers.is_empty() {
        return "No nodes that run jobs: `formix node` starts one.".into();
    }
    let mut table = table(&["runs jobs", "kind", "slots", "busy", "agreed", "disagreed"]);
    for worker in workers.iter().take(20) {
        table.add_row([
            format!("…{}", worker.node.short()),
            worker.kind.name().into(),
            worker.slots.to_string(),
            worker.busy.to_string(),
            worker.standing.agreed.to_string(),
            worker.standing.disagreed.to_string(),
        ]);
    }
    table.trim_fmt()
}

fn under_way(views: &[ComputationView]) -> String {
    if views.is_empty() {
        return "No computations.".into();
    }
    let mut table = table(&["computation", "title", "stage", "answers", "closes", "result"]);
    for view in views.iter().take(20) {
        let result = view.result.as_ref().map(|result| headline(&result.answer));
        table.add_row([
            view.id.short(),
            view.proposal.title.clone(),
            text(&json!(view.stage)).to_owned(),
            view.reports.to_string(),
            view.proposal.deadline.to_string(),
            result.unwrap_or_default(),
        ]);
    }
    table.trim_fmt()
}
