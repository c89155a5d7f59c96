//! What test harnesses say about how many tests passed.

use std::fmt;
use std::ops::AddAssign;

/// How many checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harness {
    /// `cargo test`, natively or through wasm-bindgen's runner.
    Cargo,
    /// `node --test --test-reporter=tap`.
    Tap,
    /// `pytest`.
    Pytest,
}

impl Harness {
    /// Sums up every summary in `output`.
    pub(crate) fn count(self, output: &str) -> Counts {
        let mut total = Counts::default();
        for line in output.lines() {
            match self {
                Self::Cargo => {
                    let Some((_, summary)) = line.split_once("test result: ") else { continue };
                    let Some((_, numbers)) = summary.split_once(". ") else { continue };
                    for part in numbers.split(';') {
                        let mut words = part.split_whitespace();
                        let number = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
                        match words.next() {
                            Some("passed") => total.passed += number,
                            Some("failed") => total.failed += number,
                            Some("ignored") => total.skipped += number,
                            _ => {}
                        }
                    }
                }
                Self::Pytest => {
                    // `==== 3 passed, 1 skipped in 2.10s ====`, the last line.
                    let Some((numbers, _)) = line.trim_matches(['=', ' ']).rsplit_once(" in ") else {
                        continue;
                    };
                    if !line.starts_with('=') {
                        continue;
                    }
                    for part in numbers.split(", ") {
                        let mut words = part.split_whitespace();
                        let number = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
                        match words.next() {
                            Some("passed") => total.passed += number,
                            Some("failed" | "error" | "errors") => total.failed += number,
                            Some("skipped") => total.skipped += number,
                            _ => {}
                        }
                    }
                }
                Self::Tap => {
                    let mut words = line.split_whitespace();
                    if words.next() != Some("#") {
                        continue;
                    }
                    let (name, number) =
                        (words.next(), words.next().and_then(|number| number.parse::<u64>().ok()));
                    match (name, number) {
                        (Some("pass"), Some(number)) => total.passed += number,
                        (Some("fail" | "cancelled"), Some(number)) => total.failed += number,
                        (Some("skipped" | "todo"), Some(number)) => total.skipped += number,
                        _ => {}
                    }
                }
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_summaries_add_up() {
        let output = "running 3 tests\n\
                      test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                      test result: ok. 5 passed; 0 failed; 4 ignored; 0 measured; 0 filtered out\n\
                      test result: odd\n";
        assert_eq!(Harness::Cargo.count(output), Counts { passed: 7, failed: 1, skipped: 4 });
    }

    #[test]
    fn tap_summaries_add_up() {
        let output = "TAP version 13\n# pass this on\nok 1 - a\n# tests 6\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n";
        assert_eq!(Harness::Tap.count(output), Counts { passed: 2, failed: 2, skipped: 2 });
    }

    #[test]
    fn pytest_summaries_are_read() {
        let output = "tests/test_a.py ....\n=== short test summary info in brief ===\n\
                      ====== 1 failed, 30 passed, 2 skipped, 1 error in 12.34s ======\n";
        assert_eq!(Harness::Pytest.count(output), Counts { passed: 30, failed: 2, skipped: 2 });
    }

    #[test]
    fn the_last_line_is_fixed() {
        assert_eq!(Counts { passed: 1, failed: 2, skipped: 3 }.to_string(), "1 passed, 2 failed, 3 skipped");
    }
}
