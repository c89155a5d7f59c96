//! `formix workers`: who takes jobs, found from one address.

use crate::{
    output::Out,
    swarm::find::{Found, Search, find},
};
use anyhow::{Result, bail};
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use jobs::{
    capability::{Class, Offer},
    manifest::Kind,
};
use serde_json::{Value, json};

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    formix workers --bootstrap http://127.0.0.1:4800\n  \
    formix workers --bootstrap /ip4/192.0.2.1/tcp/4803 --kind native --memory 1024 --json")]
pub(super) struct WorkersArgs {
    /// Where to begin: the multiaddr of a heavy node, or its HTTP address
    #[arg(long, value_name = "ADDR")]
    bootstrap: String,
    /// Only who has a place free that runs here: `tab`, `native` or `heavy`
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Only who has a place free with so much memory, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, requires = "kind")]
    memory: u64,
}

fn kind(text: &str) -> Result<Kind, String> {
    let kinds = [Kind::Tab, Kind::Native, Kind::Heavy];
    kinds
        .into_iter()
        .find(|kind| kind.name() == text)
        .ok_or_else(|| "expected `tab`, `native` or `heavy`".into())
}

pub(super) async fn workers(args: WorkersArgs, out: &Out) -> Result<()> {
    let class = match args.kind {
        None => Class::Broker,
        Some(kind) => match Class::holding(kind, args.memory.saturating_mul(MIB)) {
            Some(class) => class,
            None => bail!("--memory {}: no job has more than 4096 MiB", args.memory),
        },
    };
    let search = find(&args.bootstrap, [class].into()).await?;
    out.event(&value(&search), || words(&search));
    Ok(())
}

fn value(search: &Search) -> Value {
    let found = |found: &Found| {
        json!({
            "node": found.node, "url": found.advert.url, "addresses": found.addresses, "free": found.advert.free(),
            "advert": found.advert,
        })
    };
    let lost = |(node, why): &(_, _)| json!({ "node": node, "why": why });
    json!({
        "workers": search.found.iter().map(found).collect::<Vec<_>>(),
        "lost": search.lost.iter().map(lost).collect::<Vec<_>>(),
    })
}

fn words(search: &Search) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["node", "jobs at", "places free", "offers"]);
    for Found { node, advert, .. } in &search.found {
        let offers: Vec<String> = advert.offers.iter().map(offer).collect();
        let offers = if offers.is_empty() { "nobody works there now".into() } else { offers.join("\n") };
        let url = advert.url.as_deref().unwrap_or("(tells no address)");
        table.add_row([node.short(), url.into(), advert.free().to_string(), offers]);
    }
    for (node, why) in &search.lost {
        table.add_row([node.short(), format!("({why})")]);
    }
    if search.found.is_empty() && search.lost.is_empty() {
        return "Nobody takes such jobs.".into();
    }
    table.trim_fmt()
}

fn offer(offer: &Offer) -> String {
    let Offer { kind, slots, free, memory_bytes_max, fuel_max, wall_ms_max, gas } = offer;
    let (mib, seconds) = (memory_bytes_max / MIB, wall_ms_max / 1_000);
    format!("{free} of {slots} {}, each {mib} MiB, {fuel_max} fuel ({gas}), {seconds} s", kind.name())
}
