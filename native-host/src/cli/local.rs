//! Light nodes of this home: through their control socket while they run, in their store while they do not.

use crate::{
    AGENT, clock,
    control::{self, Ask, ControlError},
    disk::RedbStore,
    home::{Home, Kind, NodeRecord},
    light::read_import,
    secrets,
};
use ::node::{Command, LightConfig, LightInput, LightNode, LightOutput, LightView, Reply};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// A light node of this home.
pub(super) struct Local {
    pub(super) record: NodeRecord,
    folder: PathBuf,
}

impl Local {
    /// The light node that `text` names or, without a text, the only one.
    pub(super) fn find(home: &Home, text: Option<&str>) -> Result<Self> {
        let record = match text {
            Some(text) => home.find(text)?,
            None => {
                let mut lights: Vec<NodeRecord> =
                    home.nodes()?.into_iter().filter(|node| node.kind == Kind::Light).collect();
                match (lights.pop(), lights.is_empty()) {
                    (Some(only), true) => only,
                    (None, _) => {
                        bail!("this home has no light node; make one with `formix new-node --light`")
                    }
                    _ => bail!("this home has several light nodes; choose one with --node"),
                }
            }
        };
        if record.kind != Kind::Light {
            bail!("`{}` is a heavy node; records belong to light nodes", record.name);
        }
        let folder = home.folder(record.id);
        Ok(Self { record, folder })
    }

    /// What the node shows.
    pub(super) async fn view(&self) -> Result<LightView> {
        match control::ask(&self.folder, &Ask::View).await {
            Ok(view) => Ok(serde_json::from_value(view)?),
            Err(ControlError::NotRunning) => Ok(self.open()?.1.view()),
            Err(error) => Err(error.into()),
        }
    }

    /// Imports a file; gives the number of records.
    pub(super) async fn import(&self, name: &str, path: &Path) -> Result<usize> {
        let absolute = path.canonicalize().with_context(|| path.display().to_string())?;
        let ask = Ask::Import { name: name.into(), path: absolute };
        let reply = match control::ask(&self.folder, &ask).await {
            Ok(reply) => serde_json::from_value(reply)?,
            Err(ControlError::NotRunning) => {
                let bytes = read_import(path)?;
                let done = self.command_stopped(Command::Import { name: name.into(), bytes });
                done.with_context(|| path.display().to_string())?
            }
            Err(error) => return Err(error.into()),
        };
        match reply {
            Reply::Imported { rows } => Ok(rows),
            other => bail!("an unexpected answer: {other:?}"),
        }
    }

    /// Has the node do something.
    pub(super) async fn command(&self, command: Command) -> Result<Reply> {
        let ask = Ask::Command { command };
        match (control::ask(&self.folder, &ask).await, ask) {
            (Ok(reply), _) => Ok(serde_json::from_value(reply)?),
            (Err(ControlError::NotRunning), Ask::Command { command }) => self.command_stopped(command),
            (Err(error), _) => Err(error.into()),
        }
    }

    fn open(&self) -> Result<(RedbStore, LightNode)> {
        let path = self.folder.join("node.db");
        let place = || format!("the store {}", path.display());
        let store = RedbStore::open(&path).with_context(place)?;
        let entries = store.scan_now(b"").with_context(place)?;
        let identity = secrets::identity(&self.folder)?;
        let config =
            LightConfig { identity, agent: AGENT.into(), transports: Vec::new(), seed: rand::random() };
        let node = LightNode::new(config, &entries, clock::now()).with_context(place)?;
        Ok((store, node))
    }

    /// Has the machine do it here, with its store but without a network.
    fn command_stopped(&self, command: Command) -> Result<Reply> {
        const TOKEN: u64 = 1;
        let (store, mut node) = self.open()?;
        node.handle_input(clock::now(), LightInput::Command { token: TOKEN, command });
        while let Some(output) = node.poll_output() {
            match output {
                LightOutput::Store { ticket, batch } => {
                    let result = store.commit_now(&batch);
                    node.handle_input(clock::now(), LightInput::Stored { ticket, result });
                }
                LightOutput::Reply { token: TOKEN, result } => return Ok(result?),
                _ => {}
            }
        }
        bail!("the node `{}` has to run for this; start it first", self.record.name)
    }
}
