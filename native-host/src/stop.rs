//! When to stop: a signal, the control socket, or the end of the process that started this one.

use tokio::sync::watch;

/// Waits until it is time, or whoever would tell is gone.
pub(crate) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Tells everything in the process to stop. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::channel(false).0)
    }

    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Waits until it is time.
    pub(crate) async fn wait(&self) {
        // The sender is held here, so the channel is open.
        let _ = self.watch().wait_for(|stop| *stop).await;
    }

    /// Stops on SIGINT and SIGTERM; a second one ends the process at once.
    pub(crate) fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let stop = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if *stop.0.borrow() {
                    std::process::exit(130);
                }
                stop.stop();
            }
        });
        Ok(())
    }

    /// Stops when standard input ends: the process that holds its other end is gone.
    pub(crate) fn on_stdin_end(&self) {
        let stop = self.clone();
        // A thread, since a read of standard input cannot be given up.
        std::thread::spawn(move || {
            // What comes is of no interest; an error means the end as well.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            stop.stop();
        });
    }
}
