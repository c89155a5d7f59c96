//! The rests that guests owe: of each slot's time they have a share, however short they are and however often they are stopped.
//!
//! A runner pauses between a guest's steps, and cannot after its last one, nor after it is ended. What is left to pay is paid before the next guest begins.

/// The longest rest before a guest, in milliseconds.
const REST_MS_MAX: f64 = 60_000.0;
/// Of a guest that was stopped, the milliseconds that may not have been paid for: a step, and the time to compile its module.
const UNPAID_MS_MAX: f64 = 5_000.0;

/// Until when slots rest, by a clock that nobody sets, in milliseconds.
#[derive(Debug, Default)]
pub struct Rests(Vec<f64>);

impl Rests {
    /// A guest is to begin: until when its slot rests. Each rest is kept by one guest.
    pub fn take(&mut self, now_ms: f64) -> f64 {
        self.0.retain(|until_ms| *until_ms > now_ms);
        let first = (0..self.0.len()).min_by(|a, b| self.0[*a].total_cmp(&self.0[*b]));
        first.map_or(now_ms, |first| self.0.swap_remove(first))
    }

    /// A guest that was to rest until then was stopped before it began.
    pub fn give_back(&mut self, until_ms: f64) {
        self.0.push(until_ms);
    }

    /// A guest has ended by itself: it took `took_ms`, pauses included, and worked for `worked_ms` of them.
    pub fn ended(&mut self, now_ms: f64, share_percent: u8, took_ms: f64, worked_ms: f64) {
        self.rest(now_ms, worked_ms / share(share_percent) - took_ms);
    }

    /// A guest was stopped after `took_ms`, pauses included.
    pub fn stopped(&mut self, now_ms: f64, share_percent: u8, took_ms: f64) {
        let unpaid_ms = took_ms.min(UNPAID_MS_MAX);
        self.rest(now_ms, unpaid_ms / share(share_percent) - unpaid_ms);
    }

    fn rest(&mut self, now_ms: f64, ms: f64) {
        self.0.retain(|until_ms| *until_ms > now_ms);
        if ms > 0.0 {
            self.0.push(now_ms + ms.min(REST_MS_MAX));
        }
    }
}

fn share(percent: u8) -> f64 {
    f64::from(percent.clamp(1, 100)) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_of_one_step_get_their_share_and_no_more() {
        let (mut rests, mut now_ms, mut worked_ms) = (Rests::default(), 0.0, 0.0);
        for _ in 0..100 {
            now_ms = rests.take(now_ms) + 10.0;
            worked_ms += 10.0;
            rests.ended(now_ms, 25, 10.0, 10.0);
        }
        let share = worked_ms / rests.take(now_ms);
        assert!((share - 0.25).abs() < 1e-9, "{share}");
    }

    #[test]
    fn guests_that_are_stopped_and_leased_again_pay_too() {
        let (mut rests, mut now_ms, mut worked_ms) = (Rests::default(), 0.0, 0.0);
        for _ in 0..100 {
            now_ms = rests.take(now_ms) + 300.0;
            worked_ms += 300.0;
            rests.stopped(now_ms, 50, 300.0);
        }
        assert!(worked_ms / rests.take(now_ms) <= 0.5);
    }

    #[test]
    fn who_has_paused_owes_nothing_and_a_rest_is_kept_once() {
        let mut rests = Rests::default();
        rests.ended(100.0, 50, 100.0, 50.0);
        rests.ended(100.0, 100, 100.0, 100.0);
        assert_eq!(rests.take(100.0), 100.0);
        rests.ended(100.0, 50, 10.0, 10.0);
        rests.ended(100.0, 50, 30.0, 30.0);
        assert_eq!([rests.take(100.0), rests.take(100.0), rests.take(100.0)], [110.0, 130.0, 100.0]);
        rests.give_back(150.0);
        assert_eq!(rests.take(120.0), 150.0);
        rests.ended(0.0, 1, 1e9, 1e9);
        assert_eq!(rests.take(0.0), REST_MS_MAX);
    }
}
