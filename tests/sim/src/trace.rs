/// What happened, as one running number: two runs that differ anywhere differ here.
///
/// Not a cryptographic digest: nobody attacks it, and it is fed with every message of every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    hash: u64,
    /// Whether to print each line too.
    print: bool,
}

impl Trace {
    pub(crate) const fn new(print: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, print }
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.mix(u64::from(*byte)));
    }

    /// Takes an event: when, at which host, what, with which number and bytes.
    pub(crate) fn event(&mut self, at_ms: u64, host: usize, what: &str, number: u64, bytes: &[u8]) {
        self.mix(at_ms);
        self.mix(host as u64);
        self.mix_bytes(what.as_bytes());
        self.mix(number);
        self.mix_bytes(bytes);
        if self.print {
            println!("{at_ms:>9} {host:>4} {what} {number} [{}] {:016x}", bytes.len(), self.hash);
        }
    }

    /// A line for a person who reads along; no part of the hash.
    pub(crate) fn note(&self, at_ms: u64, text: impl FnOnce() -> String) {
        if self.print {
            println!("{at_ms:>9}      {}", text());
        }
    }

    /// The number of all that happened.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }
}
