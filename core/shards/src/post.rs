//! Letters to and from one peer, in pieces.

use crate::{
    letter::Letter,
    message::{Heard, PIECE_BYTES_MAX, Piece, WorkId},
};
use alloc::{collections::VecDeque, vec::Vec};
use codec::Instant;

/// Milliseconds before a piece that was not heard is sent again.
const AGAIN_MS: u64 = 500;
/// Milliseconds for which a peer may take in nothing of what waits for it, before it is as if it were not there.
pub(crate) const STALL_MS: u64 = 30_000;

/// Both directions of the letters with one peer. One piece is under way at a time; the next follows its answer.
#[derive(Debug)]
pub(crate) struct Post {
    /// Letters that are not all there yet, the first under way.
    outgoing: VecDeque<(Option<WorkId>, Letter)>,
    /// Since when its peer has taken in nothing, where something waits.
    waits: Option<Instant>,
    /// Number of the first of them.
    number: u64,
    /// Bytes of it that are there.
    sent: usize,
    /// Whether a piece is under way.
    asking: bool,
    /// Whether that piece is of a letter that was taken back since.
    stale: bool,
    again_at: Option<Instant>,
    incoming: Option<Incoming>,
    /// The last letter that came whole.
    last: Option<u64>,
}

#[derive(Debug)]
struct Incoming {
    letter: u64,
    len: u64,
    bytes: Vec<u8>,
}

impl Post {
    /// Letters are numbered from the moment on, so those of a node that started anew are others than those before.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            outgoing: VecDeque::new(),
            waits: None,
            number: now.unix_ms() << 16,
            sent: 0,
            asking: false,
            stale: false,
            again_at: None,
            incoming: None,
            last: None,
        }
    }

    pub(crate) fn write(&mut self, letter: impl Into<Letter>) {
        self.outgoing.push_back((None, letter.into()));
    }

    /// Writes a letter that is taken back once its part is.
    pub(crate) fn write_about(&mut self, work: WorkId, letter: impl Into<Letter>) {
        self.outgoing.push_back((Some(work), letter.into()));
    }

    /// Takes back what is not there yet of what was written about a part: who takes nothing in would have this node keep all of it.
    pub(crate) fn take_back(&mut self, work: WorkId) {
        if self.outgoing.front().is_some_and(|(about, _)| *about == Some(work)) {
            // The next has another number, so nobody takes it for the rest of this one.
            self.done();
            self.stale = self.asking;
        }
        self.outgoing.retain(|(about, _)| *about != Some(work));
    }

    /// Whether a letter about a part is here of which nothing was sent.
    pub(crate) fn keeps(&self, work: WorkId) -> bool {
        // Of one that is sent again, nobody knows how much is there.
        let under_way = usize::from(self.asking || self.sent > 0 || self.again_at.is_some());
        self.outgoing.iter().skip(under_way).any(|(about, _)| *about == Some(work))
    }

    /// How many letters are not there yet.
    pub(crate) fn waiting(&self) -> usize {
        self.outgoing.len()
    }

    /// How many bytes are not there yet.
    pub(crate) fn bytes(&self) -> u64 {
        self.outgoing.iter().map(|(_, letter)| letter.len() as u64).sum()
    }

    /// How many bytes are in memory for what is not there yet.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.outgoing.iter().map(|(_, letter)| letter.kept_bytes()).sum()
    }

    /// From when on its peer is as if it were not there, unless it takes something in before.
    pub(crate) fn stalls_at(&self) -> Option<Instant> {
        self.waits.filter(|_| !self.outgoing.is_empty()).map(|since| since.plus_ms(STALL_MS))
    }

    /// The piece to be sent now; then [`Post::answered`].
    pub(crate) fn next(&mut self, now: Instant) -> Option<Piece> {
        if self.outgoing.is_empty() {
            self.waits = None;
        } else {
            self.waits.get_or_insert(now);
        }
        if self.asking || self.again_at.is_some_and(|at| at > now) {
            return None;
        }
        let (_, letter) = self.outgoing.front()?;
        let bytes = letter.piece(self.sent, PIECE_BYTES_MAX);
        (self.asking, self.again_at) = (true, None);
        Some(Piece { letter: self.number, len: letter.len() as u64, offset: self.sent as u64, bytes })
    }

    /// What came of the piece under way; `None` where nobody knows.
    pub(crate) fn answered(&mut self, now: Instant, heard: Option<Heard>) {
        self.asking = false;
        if matches!(heard, Some(Heard::Taken | Heard::Refused)) {
            self.waits = Some(now);
        }
        if core::mem::take(&mut self.stale) {
            self.again_at = heard.is_none().then(|| now.plus_ms(AGAIN_MS));
            return;
        }
        let Some((_, letter)) = self.outgoing.front() else { return };
        match heard {
            Some(Heard::Taken) => {
                self.sent = letter.len().min(self.sent + PIECE_BYTES_MAX);
                if self.sent == letter.len() {
                    self.done();
                }
            }
            Some(Heard::FromTheStart) => {
                self.sent = 0;
                self.again_at = Some(now.plus_ms(AGAIN_MS));
            }
            // Whoever wrote it is not waited for by anybody: what it answered is no longer wanted.
            Some(Heard::Refused) => self.done(),
            None => self.again_at = Some(now.plus_ms(AGAIN_MS)),
        }
    }

    fn done(&mut self) {
        self.outgoing.pop_front();
        self.number += 1;
        self.sent = 0;
    }

    /// When [`Post::next`] has something again.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.again_at.filter(|_| !self.asking && !self.outgoing.is_empty())
    }

    /// How many bytes a letter has that is not whole yet.
    pub(crate) fn incoming_len(&self) -> u64 {
        self.incoming.as_ref().map_or(0, |incoming| incoming.len)
    }

    /// How many bytes are in memory for it.
    pub(crate) fn incoming_bytes(&self) -> u64 {
        self.incoming.as_ref().map_or(0, |incoming| incoming.bytes.capacity() as u64)
    }

    /// Forgets it: nobody waits for the rest.
    pub(crate) fn forget_incoming(&mut self) {
        self.incoming = None;
    }

    /// Takes a piece of a letter that has at most `len_max` bytes; gives the letter once it is whole.
    pub(crate) fn take(&mut self, piece: Piece, len_max: u64) -> (Heard, Option<Vec<u8>>) {
        let Piece { letter, len, offset, bytes } = piece;
        if self.last.is_some_and(|last| letter <= last) {
            // Its answer was lost on the way.
            return (Heard::Taken, None);
        }
        if bytes.len() > PIECE_BYTES_MAX || len > len_max || (bytes.is_empty() && len > 0) {
            return (Heard::Refused, None);
        }
        if offset == 0 && self.incoming.as_ref().is_none_or(|incoming| incoming.letter != letter) {
            self.incoming = Some(Incoming { letter, len, bytes: Vec::new() });
        }
        let incoming = self.incoming.as_mut().filter(|known| (known.letter, known.len) == (letter, len));
        let Some(incoming) = incoming else { return (Heard::FromTheStart, None) };
        let have = incoming.bytes.len() as u64;
        let end = offset.saturating_add(bytes.len() as u64);
        if end <= have && !(bytes.is_empty() && len == 0) {
            return (Heard::Taken, None);
        }
        if offset != have || end > len {
            self.incoming = None;
            return (Heard::FromTheStart, None);
        }
        if incoming.bytes.capacity() < end as usize {
            // Never more than the letter has.
            let room = (2 * have).max(end).min(len) - have;
            incoming.bytes.reserve_exact(room as usize);
        }
        incoming.bytes.extend_from_slice(&bytes);
        if end < len {
            return (Heard::Taken, None);
        }
        self.last = Some(letter);
        (Heard::Taken, self.incoming.take().map(|incoming| incoming.bytes))
    }
}

#[cfg(test)]
mod tests;
