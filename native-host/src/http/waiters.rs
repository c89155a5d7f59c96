//! Who waits for the node's answers.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Requests that wait for answers of one kind, by token.
pub(super) struct Waiters<T> {
    max: usize,
    waiting: Mutex<HashMap<u64, oneshot::Sender<T>>>,
}

impl<T> Waiters<T> {
    /// At most `max` at a time.
    pub(super) fn new(max: usize) -> Self {
        Self { max, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place to wait for the answer to `token`; `None` where too many wait.
    pub(super) fn expect(&self, token: u64) -> Option<oneshot::Receiver<T>> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= self.max {
            // Who gave up makes room.
            waiting.retain(|_, sender| !sender.is_closed());
        }
        if waiting.len() >= self.max {
            return None;
        }
        waiting.insert(token, sender);
        Some(receiver)
    }

    /// Passes the node's answer on.
    pub(super) fn answer(&self, token: u64, answer: T) {
        if let Some(sender) = self.waiting().remove(&token) {
            // Who asked may have gone.
            let _ = sender.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gave_up_makes_room_and_who_waits_is_answered() {
        let waiters = Waiters::new(2);
        let (first, second) = (waiters.expect(1).unwrap(), waiters.expect(2).unwrap());
        assert!(waiters.expect(3).is_none());
        drop(first);
        let mut third = waiters.expect(3).unwrap();
        waiters.answer(1, "nobody hears this");
        waiters.answer(3, "yes");
        assert_eq!(third.try_recv(), Ok("yes"));
        drop(second);
    }
}
