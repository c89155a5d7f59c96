//! A ring's log: everything to a file, the telling lines to the terminal, an end to what hangs.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::sh::Cmd;
use crate::tree::Tree;

/// How many lines of a failed ring's log are shown.
const END_LINES: usize = 80;

/// Starts of lines that tell a person how far a ring is.
const TELLING: &[&str] =
    &["Running ", "Doc-tests ", "test result: ", "error", "warning: unused", "not ok ", "# Subtest: "];

/// How a command ended.
pub(super) struct Outcome {
    pub(super) success: bool,
    pub(super) output: String,
}

/// One ring's log file.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    limit: Duration,
}

impl Log {
    /// Starts `target/xtask/test/RING.log` anew.
    pub(super) fn create(tree: &Tree, ring: &str, limit: Duration) -> Result<Self> {
        let folder = tree.target.join("xtask/test");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{ring}.log"));
        let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        Ok(Self { path, file, limit })
    }

    /// Shows text and keeps it.
    pub(super) fn say(&mut self, text: &str) {
        for line in text.lines() {
            println!("    {line}");
            self.keep(line);
        }
    }

    /// Runs a command to its end, or to the ring's limit.
    pub(super) fn run(&mut self, command: &Cmd) -> Result<Outcome> {
        self.say(&format!("$ {command}"));
        let mut child = command
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| command.cannot_start())?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, sender);
        }

        let deadline = Instant::now() + self.limit;
        let mut output = String::new();
        let in_time = loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if TELLING.iter().any(|start| line.trim_start().starts_with(start)) {
                        println!("    {line}");
                    }
                    self.keep(&line);
                    output.push_str(&line);
                    output.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) => break false,
            }
        };
        if !in_time {
            end_family(&mut child);
            self.say(&format!("ended after {} s, the ring's limit", self.limit.as_secs()));
        }
        let status = child.wait()?;
        Ok(Outcome { success: in_time && status.success(), output })
    }

    /// Shows the log's last lines and where the rest is.
    pub(super) fn show_end(&mut self) {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        println!("    ---- the end of {}", self.path.display());
        for line in &lines[lines.len().saturating_sub(END_LINES)..] {
            println!("    | {line}");
        }
    }

    /// A full disk must not hide how the tests went: the terminal has the telling lines.
    fn keep(&mut self, line: &str) {
        let _ = writeln!(self.file, "{line}");
    }
}

fn forward(stream: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line);
            if lines.send(text.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// Ends a command and everything it started: cargo leaves its tests running, a test its browser.
fn end_family(child: &mut Child) {
    let mut family = vec![child.id()];
    let mut at = 0;
    while at < family.len() {
        family.extend(children(family[at]));
        at += 1;
    }
    let ids = family.iter().map(u32::to_string);
    let _ = std::process::Command::new("kill").arg("-KILL").args(ids).status();
    // In case there is no `kill` program.
    let _ = child.kill();
}

/// The processes that `parent` started, as Linux lists them.
fn children(parent: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn log(folder: &Path, limit: Duration) -> Log {
        let tree = Tree { root: folder.into(), target: folder.into(), cargo_home: folder.into() };
        Log::create(&tree, "made-up", limit).unwrap()
    }

    #[test]
    fn everything_is_kept_and_the_status_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), Duration::from_secs(60));
        let outcome =
            log.run(&Cmd::new("sh", folder.path()).args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert!(!outcome.success);
        let kept = fs::read_to_string(&log.path).unwrap();
        for line in ["out", "err"] {
            assert!(outcome.output.lines().any(|kept| kept == line), "{}", outcome.output);
            assert!(kept.lines().any(|kept| kept == line), "{kept}");
        }
        assert!(log.run(&Cmd::new("true", folder.path())).unwrap().success);
        assert!(log.run(&Cmd::new("no-such-program", folder.path())).is_err());
    }

    #[test]
    fn what_hangs_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), Duration::from_millis(300));
        // The grandchild holds the write end of this pipe: its end is the pipe's end.
        let pipe = folder.path().join("pipe");
        let script = "mkfifo pipe; (exec sleep 1000 3>pipe) & wait";
        let reader = thread::spawn(move || {
            while !pipe.exists() {
                thread::yield_now();
            }
            fs::read(pipe)
        });
        let outcome = log.run(&Cmd::new("sh", folder.path()).args(["-c", script])).unwrap();
        assert!(!outcome.success);
        assert_eq!(reader.join().unwrap().unwrap(), b"");
    }
}
