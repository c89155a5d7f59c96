//! `formix fellow`.

use crate::{control, home::Home, output::Out};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct FellowArgs {
    /// The other heavy node's HTTP address
    url: String,
    /// Which heavy node of this home to tell: its name, or a part of its id
    #[arg(long, default_value = "heavy")]
    node: String,
}

pub(super) async fn fellow(args: FellowArgs, home: &Home, out: &Out) -> Result<()> {
    let node = home.find(&args.node)?;
    let ask = control::Ask::Fellow { url: args.url.clone() };
    control::ask(&home.folder(node.id), &ask).await.with_context(|| format!("node `{}`", node.name))?;
    out.event(&json!({ "id": node.id, "fellow": args.url }), || {
        format!("`{}` asks {} who it is, and keeps the answer.", node.name, args.url)
    });
    Ok(())
}
