//! Programs to try the machine on, and how its counts are said. The programs are those of its own tests.

use crate::words;

/// A program that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its name in the view's markup.
    pub id: &'static str,
    /// What it does.
    pub title: &'static str,
    /// Where it is from, below the project's root.
    pub source: &'static str,
    book: &'static str,
    main: &'static str,
    /// Of a superposition, how many terms are to be read.
    pub collapse: Option<u32>,
}

/// The programs.
pub const EXAMPLES: [Example; 5] = [
    Example {
        id: "sum",
        title: "The sum of a tree, as nets",
        source: "the first page of core/ffcm, on a larger tree",
        book: "@sum = (?(((a a) @more) b) b)\n\n\
               @more = ({c a} ({$([*2] $([+1] d)) $([*2] $([+0] b))} f))\n  \
               &! @sum ~ (a (b $([+] $(e f))))\n  \
               &! @sum ~ (c (d e))\n",
        main: "a & @sum ~ (18 (0 a))",
        collapse: None,
    },
    Example {
        id: "fib",
        title: "Fibonacci numbers, with matches",
        source: "core/ffcm/tests/programs/data.txt",
        book: include_str!("../../../core/ffcm/tests/programs/data.txt"),
        main: "@fib(22)",
        collapse: None,
    },
    Example {
        id: "endless",
        title: "The first squares of an endless list",
        source: "core/ffcm/tests/programs/laziness.txt",
        book: include_str!("../../../core/ffcm/tests/programs/laziness.txt"),
        main: "@take(5 @map(λx. (* x x) @from(1)))",
        collapse: None,
    },
    Example {
        id: "church",
        title: "Three times four in pure λ-calculus",
        source: "core/ffcm/tests/programs/lambda.txt",
        book: include_str!("../../../core/ffcm/tests/programs/lambda.txt"),
        main: "(@mul @three @four)",
        collapse: None,
    },
    Example {
        id: "search",
        title: "Numbers whose square ends in 6, all tried at once",
        source: "core/ffcm/tests/programs/superpositions.txt",
        book: include_str!("../../../core/ffcm/tests/programs/superpositions.txt"),
        main: "(λx. @is((== (% (* x x) 10) 6) x) &0{&1{3 4} &1{5 6}})",
        collapse: Some(10),
    },
];

impl Example {
    /// Its text: the definitions, without the tests that follow them, and what is run.
    pub fn text(&self) -> String {
        let book: String = self
            .book
            .lines()
            .take_while(|line| !line.starts_with('?'))
            .map(|line| format!("{line}\n"))
            .collect();
        format!("{}\n\n@main = {}\n", book.trim_end(), self.main)
    }
}

/// How fast it went: `31 million interactions a second`.
pub fn pace(interactions: u64, ms: f64) -> String {
    let a_second = interactions as f64 / (ms / 1e3).max(1e-6);
    match a_second {
        1e6.. => {
            format!("{} million interactions a second", words::rounded(&format!("{:.3}", a_second / 1e6), 3))
        }
        _ => format!("{} interactions a second", words::grouped(&format!("{a_second:.0}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ffcm::{
        lazy::Reading,
        program::{Program, Run, RunLimits},
    };

    #[test]
    fn every_example_gives_what_it_says() {
        let results = [
            vec!["16646144"],
            vec!["17711"],
            vec!["#Cons{1 #Cons{4 #Cons{9 #Cons{16 #Cons{25 #Nil}}}}}"],
            vec!["λa. λb. (a (a (a (a (a (a (a (a (a (a (a (a b))))))))))))"],
            vec!["4", "6"],
        ];
        for (example, expected) in EXAMPLES.iter().zip(results) {
            let program = Program::read(&example.text(), None, false).expect(example.id);
            let reading = if example.collapse.is_some() { Reading::BreadthFirst } else { Reading::Normal };
            let results_max = example.collapse.unwrap_or(1);
            let mut run = Run::new(&program, &RunLimits { reading, results_max, ..RunLimits::default() })
                .expect("room");
            while !run.go(1 << 20).is_final() {}
            assert_eq!(run.results(), expected, "{}", example.id);
            assert!(run.trouble().is_none(), "{}: {:?}", example.id, run.trouble());
        }
    }

    #[test]
    fn a_pace_is_said_in_its_own_size() {
        assert_eq!(pace(31_000_000, 1_000.0), "31 million interactions a second");
        assert_eq!(pace(12_345, 1_000.0), "12,345 interactions a second");
        assert_eq!(pace(0, 0.0), "0 interactions a second");
    }
}
