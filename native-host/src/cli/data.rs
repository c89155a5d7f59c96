//! `formix data`.

use super::local::Local;
use crate::{home::Home, output::Out};
use ::node::Command;
use anyhow::Result;
use clap::Subcommand;
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// Import a CSV or JSON file into a light node, whether it runs or not
    #[command(after_help = "Example:\n  formix data import penguins.csv --name penguins --node lab")]
    Import {
        /// CSV with a header line, or JSON: an array of objects, or one object a line
        file: PathBuf,
        /// The data set's name [default: the file's, without its ending]
        #[arg(long)]
        name: Option<String>,
        /// Which light node: its name, or a part of its id [default: the only one]
        #[arg(long)]
        node: Option<String>,
    },
    /// List a light node's data sets
    List {
        /// Which light node: its name, or a part of its id [default: the only one]
        #[arg(long)]
        node: Option<String>,
    },
    /// Delete a data set
    Remove {
        /// Its name
        name: String,
        /// Which light node: its name, or a part of its id [default: the only one]
        #[arg(long)]
        node: Option<String>,
    },
}

pub(super) async fn data(what: DataCommand, home: &Home, out: &Out) -> Result<()> {
    match what {
        DataCommand::Import { file, name, node } => {
            let local = Local::find(home, node.as_deref())?;
            let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = name.unwrap_or_else(stem);
            let rows = local.import(&name, &file).await?;
            out.event(&json!({ "id": local.record.id, "dataset": name, "rows": rows }), || {
                format!("`{name}`: {rows} records, kept by `{}`.", local.record.name)
            });
        }
        DataCommand::List { node } => {
            let local = Local::find(home, node.as_deref())?;
            let datasets = local.view().await?.datasets;
            out.event(&json!({ "id": local.record.id, "datasets": datasets }), || {
                let mut table = Table::new();
                table.load_preset(NOTHING).set_header(["data set", "records", "fields"]);
                for dataset in &datasets {
                    let fields: Vec<&str> = dataset.fields.iter().map(|field| field.name.as_str()).collect();
                    table.add_row([dataset.name.clone(), dataset.rows.to_string(), fields.join(", ")]);
                }
                table.trim_fmt()
            });
        }
        DataCommand::Remove { name, node } => {
            let local = Local::find(home, node.as_deref())?;
            local.command(Command::Remove { name: name.clone() }).await?;
            out.event(&json!({ "id": local.record.id, "removed": name }), || format!("`{name}` is deleted."));
        }
    }
    Ok(())
}
