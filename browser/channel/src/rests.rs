//! The rests that other people's work owes: of each slot's time it has a share, however short it is and however often it is stopped.
//!
//! A runner pauses between a guest's steps, and a reckoner between what it does for parts of graphs ([`Pace`]). A runner cannot after a guest's last
//! step, nor after it is ended: what is left to pay is paid before the next guest begins ([`Rests`]).

/// The longest rest, in milliseconds.
const REST_MS_MAX: f64 = 60_000.0;
/// Of a guest that was stopped, the milliseconds that may not have been paid for: a step, and the time to compile its module.
const UNPAID_MS_MAX: f64 = 5_000.0;
/// The shortest rest, in milliseconds: timers that set each other keep no shorter ones (HTML, 8.7).
const REST_MS_MIN: f64 = 4.0;

/// The rests of one thread between the steps of its work, by a clock that nobody sets, in milliseconds. What is too short for a timer is kept until it is not.
#[derive(Debug, Default)]
pub struct Pace {
    rests_until_ms: f64,
}

impl Pace {
    /// A step has ended that took `took_ms`: for how many milliseconds the thread is to rest before the next. Time in which there was nothing to do is rest.
    pub fn worked(&mut self, now_ms: f64, share_percent: u8, took_ms: f64) -> u32 {
        let from_ms = self.rests_until_ms.max(now_ms - took_ms);
        self.rests_until_ms = (from_ms + took_ms / share(share_percent)).min(now_ms + REST_MS_MAX);
        let rest_ms = self.rests_until_ms - now_ms;
        if rest_ms < REST_MS_MIN { 0 } else { rest_ms as u32 }
    }
}

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
    fn steps_of_any_length_get_their_share_and_idle_time_is_rest() {
        for (share_percent, took_ms) in [(25, 0.3), (25, 40.0), (50, 1.0), (75, 7.0), (100, 3.0)] {
            let (mut pace, mut now_ms, mut worked_ms) = (Pace::default(), 1_000.0, 0.0);
            for _ in 0..10_000 {
                now_ms += took_ms;
                worked_ms += took_ms;
                now_ms += f64::from(pace.worked(now_ms, share_percent, took_ms));
            }
            let share = 100.0 * worked_ms / (now_ms - 1_000.0);
            assert!((share - f64::from(share_percent)).abs() < 0.5, "{took_ms}: {share} of {share_percent}");
            assert_eq!(pace.worked(now_ms + 200.0, share_percent, 1.0), 0, "it has rested for long");
        }
        assert_eq!(Pace::default().worked(1e9, 1, 1e9), REST_MS_MAX as u32);
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
