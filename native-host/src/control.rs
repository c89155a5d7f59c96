//! A node's control socket: how the command line talks to a running node of the same home.
//!
//! One JSON line asks, one JSON line answers. The socket stands in the node's folder, which only its owner enters. The system takes
//! socket paths of about a hundred bytes only; a longer one is reached through a short link that stands for a moment.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};

/// Longest line, in bytes.
const LINE_MAX: u64 = 4 * 1024 * 1024;
/// Most conversations at once.
const TALKS_MAX: usize = 32;
/// Longest path of a socket that every Unix takes, in bytes; the shortest limit is 104 with its end.
const SOCKET_BYTES_MAX: usize = 100;
/// Before the next try where no conversation could be taken: descriptors run out, and come back.
const PAUSE: Duration = Duration::from_millis(100);
/// How long an answer may take; a proposal waits for its heavy node.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can be asked of a running node.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Ask {
    /// Who are you, and where?
    Status,
    /// Stop.
    Stop,
    /// A heavy node: take the heavy node at this URL for a fellow.
    Fellow {
        /// Its HTTP address.
        url: String,
    },
    /// A light node: what do you see?
    View,
    /// A light node: do this.
    Command {
        /// What.
        command: node::Command,
    },
    /// A light node: import this file.
    Import {
        /// The data set's name.
        name: String,
        /// The file, by its absolute path.
        path: PathBuf,
    },
}

/// The answer: a value, or what went wrong.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Ok(serde_json::Value),
    Error(String),
}

/// A node cannot be reached by its socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ControlError {
    #[error("the node is not running")]
    NotRunning,
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("the node did not answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    #[error("{0}")]
    Refused(String),
}

/// The socket of the node in `folder`.
fn socket(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// A way to a socket whose path is short enough for the system.
struct Way {
    socket: PathBuf,
    /// A link to the socket's folder, removed in the end.
    link: Option<PathBuf>,
}

impl Way {
    fn to(folder: &Path) -> io::Result<Self> {
        let direct = socket(folder);
        if direct.as_os_str().len() <= SOCKET_BYTES_MAX {
            return Ok(Self { socket: direct, link: None });
        }
        let name = format!(".formix-{:016x}", rand::random::<u64>());
        let short = |place: &PathBuf| place.as_os_str().len() <= SOCKET_BYTES_MAX / 2;
        let place = Some(std::env::temp_dir()).filter(short).unwrap_or_else(|| "/tmp".into());
        let link = place.join(name);
        // Never in place of what is there; and in a shared folder only its owner removes it.
        std::os::unix::fs::symlink(std::path::absolute(folder)?, &link)?;
        Ok(Self { socket: socket(&link), link: Some(link) })
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            // A link that stays is of no harm.
            let _ = std::fs::remove_file(link);
        }
    }
}

/// Answers with `answer` until the task is dropped. The folder's store is open, so no other process
/// serves this socket and one that is there is left over.
pub(crate) fn serve<F, R>(
    folder: &Path,
    answer: F,
) -> Result<impl Future<Output = ()> + use<F, R>, ControlError>
where
    F: Fn(Ask) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<serde_json::Value, String>> + Send,
{
    let path = socket(folder);
    let failed = |error| ControlError::Io { path: path.clone(), error };
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let way = Way::to(folder).map_err(failed)?;
    let listener = UnixListener::bind(&way.socket).map_err(failed)?;
    drop(way);
    let talks = std::sync::Arc::new(Semaphore::new(TALKS_MAX));
    Ok(async move {
        loop {
            let Ok(permit) = std::sync::Arc::clone(&talks).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the control socket takes nobody now");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let answer = answer.clone();
            tokio::spawn(async move {
                if let Err(error) = talk(stream, answer).await {
                    tracing::debug!(%error, "control");
                }
                drop(permit);
            });
        }
    })
}

async fn talk<F, R>(stream: UnixStream, answer: F) -> io::Result<()>
where
    F: Fn(Ask) -> R,
    R: Future<Output = Result<serde_json::Value, String>>,
{
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(ask) => match answer(ask).await {
            Ok(value) => Answer::Ok(value),
            Err(why) => Answer::Error(why),
        },
        Err(error) => Answer::Error(format!("not understood: {error}")),
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    write.write_all(&line).await?;
    write.shutdown().await
}

/// Asks the node in `folder`.
pub(crate) async fn ask(folder: &Path, ask: &Ask) -> Result<serde_json::Value, ControlError> {
    let path = socket(folder);
    let way = Way::to(folder).map_err(|error| ControlError::Io { path: path.clone(), error })?;
    let connected = UnixStream::connect(&way.socket).await;
    drop(way);
    let stream = match connected {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Err(ControlError::NotRunning);
        }
        Err(error) => return Err(ControlError::Io { path, error }),
    };
    let failed = |error| ControlError::Io { path: path.clone(), error };
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(ask).unwrap_or_default();
    line.push(b'\n');
    write.write_all(&line).await.map_err(failed)?;
    let mut answer = String::new();
    let mut reader = BufReader::new(read);
    let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut answer)).await;
    read.map_err(|_| ControlError::Silent)?.map_err(failed)?;
    if answer.is_empty() {
        // It ended while it was asked.
        return Err(ControlError::NotRunning);
    }
    match serde_json::from_str(&answer) {
        Ok(Answer::Ok(value)) => Ok(value),
        Ok(Answer::Error(why)) => Err(ControlError::Refused(why)),
        Err(error) => Err(failed(io::Error::new(io::ErrorKind::InvalidData, error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_in_a_deep_folder_is_reached() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a".repeat(90)).join("b".repeat(90));
        std::fs::create_dir_all(&deep).unwrap();
        for folder in [home.path(), &deep] {
            assert!(matches!(ask(folder, &Ask::Status).await, Err(ControlError::NotRunning)));
            let serving = serve(folder, |_| async { Ok(serde_json::json!("up")) }).unwrap();
            let serving = tokio::spawn(serving);
            assert_eq!(ask(folder, &Ask::Status).await.unwrap(), "up");
            assert!(folder.join("control.sock").exists());
            serving.abort();
        }
    }
}
