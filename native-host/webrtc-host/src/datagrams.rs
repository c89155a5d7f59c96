//! Datagrams on their way to the socket, laid out for segmentation offload.

use std::collections::VecDeque;

/// A run of datagrams in one buffer, all of `segment` bytes but the last, which may be shorter.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) segment: usize,
    open: bool,
}

impl Batch {
    pub(crate) fn is_single(&self) -> bool {
        self.bytes.len() <= self.segment
    }
}

/// The queue of batches. What SCTP's congestion window lets out bounds it.
#[derive(Debug)]
pub(crate) struct Outbox {
    batches: VecDeque<Batch>,
    segments_max: usize,
}

/// The kernel takes at most this much in one call: 65,535 less the IPv6 and UDP headers.
const BATCH_LEN_MAX: usize = 65_535 - 48;

impl Outbox {
    pub(crate) fn new(segments_max: usize) -> Self {
        Self { batches: VecDeque::new(), segments_max: segments_max.max(1) }
    }

    pub(crate) fn push(&mut self, datagram: &[u8]) {
        if datagram.is_empty() {
            return;
        }
        let segments_max = self.segments_max;
        if let Some(last) = self.batches.back_mut()
            && last.open
            && datagram.len() <= last.segment
            && last.bytes.len() + datagram.len() <= BATCH_LEN_MAX
            && last.bytes.len() / last.segment < segments_max
        {
            last.open = datagram.len() == last.segment;
            last.bytes.extend_from_slice(datagram);
            return;
        }
        self.batches.push_back(Batch { bytes: datagram.to_vec(), segment: datagram.len(), open: true });
    }

    pub(crate) fn front(&self) -> Option<&Batch> {
        self.batches.front()
    }

    pub(crate) fn pop(&mut self) {
        self.batches.pop_front();
        if self.batches.is_empty() {
            self.batches = VecDeque::new();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

/// Received datagrams waiting for their connection's task: one buffer and the lengths.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    lens: Vec<u16>,
}

impl Inbox {
    /// Adds a datagram; false when that would pass `max` bytes, and the datagram is dropped as a full
    /// socket buffer would drop it.
    pub(crate) fn push(&mut self, datagram: &[u8], max: usize) -> bool {
        let Ok(len) = u16::try_from(datagram.len()) else {
            return false;
        };
        if self.bytes.len() + datagram.len() > max {
            return false;
        }
        self.bytes.extend_from_slice(datagram);
        self.lens.push(len);
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    pub(crate) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.lens.iter().map(move |len| {
            let (datagram, tail) = rest.split_at(usize::from(*len));
            rest = tail;
            datagram
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_datagrams_share_a_batch_and_a_shorter_one_ends_it() {
        let mut out = Outbox::new(64);
        for len in [5, 5, 3, 5, 7] {
            out.push(&vec![0; len]);
        }
        let mut shapes = Vec::new();
        while let Some(batch) = out.front() {
            shapes.push((batch.bytes.len(), batch.segment));
            out.pop();
        }
        assert_eq!(shapes, [(13, 5), (5, 5), (7, 7)]);
    }

    #[test]
    fn a_batch_keeps_to_the_segments_and_bytes_that_the_kernel_takes() {
        let mut out = Outbox::new(2);
        (0..3).for_each(|_| out.push(&[0; 4]));
        assert_eq!(out.front().unwrap().bytes.len(), 8);
        let mut out = Outbox::new(1000);
        (0..200).for_each(|_| out.push(&[0; 1200]));
        assert!(out.front().unwrap().bytes.len() <= BATCH_LEN_MAX);
    }

    #[test]
    fn the_inbox_drops_past_its_bound_and_gives_back_what_it_took() {
        let mut inbox = Inbox::default();
        assert!(inbox.push(b"abc", 5));
        assert!(inbox.push(b"", 5));
        assert!(!inbox.push(b"def", 5));
        assert!(inbox.push(b"de", 5));
        assert_eq!(inbox.datagrams().collect::<Vec<_>>(), [&b"abc"[..], b"", b"de"]);
    }
}
