//! The canonical word: what a port is outside of one page.
//!
//! ```text
//! hi  31      30..26   25..8    7..0          lo  31       30..0
//!     SUB     TAG      LABEL    PAGE[8..1]        PAGE[0]  OFFSET in bytes, a multiple of 8
//! ```
//!
//! The layout is HVM3's word (1 sub, 5 tag, 18 label, 40 address) with the address cut into a page of 2 GiB and an
//! offset in it. In the word of a number the low half is the number itself. Words are kept and sent as two `u32`, low half
//! first, since that is what WGSL has.

/// Bits of a label.
pub const LABEL_BITS: u32 = 18;
/// Bits of a page's number.
pub const PAGE_BITS: u32 = 9;
/// Bits of a byte offset in a page.
pub const OFFSET_BITS: u32 = 31;
/// Greatest label.
pub const LABEL_MAX: u32 = (1 << LABEL_BITS) - 1;

/// What a word is the port of: eliminators first, then introducers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum WordTag {
    /// One end of a wire.
    Var = 0x00,
    /// The first copy of a duplication.
    Dp0 = 0x01,
    /// The second copy of a duplication.
    Dp1 = 0x02,
    /// An application.
    App = 0x03,
    /// A match on a constructor.
    Mat = 0x04,
    /// A match of one constructor, or else.
    Ifl = 0x05,
    /// A switch on a number.
    Swi = 0x06,
    /// An operation that waits for its first operand.
    Opx = 0x07,
    /// An operation that waits for its second operand.
    Opy = 0x08,
    /// A let.
    Let = 0x09,
    /// An eraser.
    Ers = 0x0A,
    /// A collapse of superpositions.
    Col = 0x0B,
    /// A function. In the strict machine: a constructor, which is a function or an application.
    Lam = 0x10,
    /// A superposition. In the strict machine: a duplicator, which is a superposition or a duplication.
    Sup = 0x11,
    /// A constructor with fields.
    Ctr = 0x12,
    /// A number.
    Num = 0x13,
    /// Nothing.
    Nul = 0x14,
    /// A definition of the book.
    Ref = 0x15,
    /// A piece of a stack.
    Stk = 0x16,
    /// More priority.
    Inc = 0x17,
    /// Less priority.
    Dec = 0x18,
    /// A character.
    Chr = 0x19,
}

impl WordTag {
    /// Every tag.
    pub const ALL: [Self; 22] = [
        Self::Var,
        Self::Dp0,
        Self::Dp1,
        Self::App,
        Self::Mat,
        Self::Ifl,
        Self::Swi,
        Self::Opx,
        Self::Opy,
        Self::Let,
        Self::Ers,
        Self::Col,
        Self::Lam,
        Self::Sup,
        Self::Ctr,
        Self::Num,
        Self::Nul,
        Self::Ref,
        Self::Stk,
        Self::Inc,
        Self::Dec,
        Self::Chr,
    ];

    /// The tag of this number, if there is one.
    #[inline]
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        const BY_BITS: [Option<WordTag>; 32] = {
            let mut by_bits = [None; 32];
            let mut at = 0;
            while at < WordTag::ALL.len() {
                by_bits[WordTag::ALL[at] as usize] = Some(WordTag::ALL[at]);
                at += 1;
            }
            by_bits
        };
        BY_BITS.get(bits as usize).copied().flatten()
    }

    /// Whether it stands for something that there is, rather than for a use of it.
    #[must_use]
    pub fn introduces(self) -> bool {
        self as u32 >= 0x10
    }
}

/// A canonical word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    /// The low half.
    pub lo: u32,
    /// The high half.
    pub hi: u32,
}

impl Word {
    /// The word of what stands `offset` bytes into a page. Bits beyond a field's width are dropped.
    #[must_use]
    pub fn new(tag: WordTag, label: u32, page: u32, offset: u32) -> Self {
        let page = page & ((1 << PAGE_BITS) - 1);
        Self {
            lo: (page & 1) << OFFSET_BITS | offset & !(1 << OFFSET_BITS),
            hi: (tag as u32) << 26 | (label & LABEL_MAX) << 8 | page >> 1,
        }
    }

    /// The word of an immediate value of 32 bits.
    #[must_use]
    pub fn immediate(tag: WordTag, value: u32) -> Self {
        Self { lo: value, hi: (tag as u32) << 26 }
    }

    /// What it is the port of; `None` for the numbers that stand for no tag.
    #[inline]
    #[must_use]
    pub fn tag(self) -> Option<WordTag> {
        WordTag::from_bits(self.hi >> 26 & 31)
    }

    /// Its label.
    #[must_use]
    pub fn label(self) -> u32 {
        self.hi >> 8 & LABEL_MAX
    }

    /// Its page.
    #[must_use]
    pub fn page(self) -> u32 {
        (self.hi & 0xFF) << 1 | self.lo >> OFFSET_BITS
    }

    /// Its offset in its page, in bytes.
    #[must_use]
    pub fn offset(self) -> u32 {
        self.lo & !(1 << OFFSET_BITS)
    }

    /// Whether the cell holds a substitution.
    #[must_use]
    pub fn is_substitution(self) -> bool {
        self.hi >> 31 == 1
    }

    /// The same word, marked as a substitution.
    #[must_use]
    pub fn with_substitution(self) -> Self {
        Self { hi: self.hi | 1 << 31, ..self }
    }

    /// The same word, not marked as a substitution.
    #[must_use]
    pub fn without_substitution(self) -> Self {
        Self { hi: self.hi & !(1 << 31), ..self }
    }

    /// Both halves as one number.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        u64::from(self.hi) << 32 | u64::from(self.lo)
    }

    /// The word of such a number.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self { lo: bits as u32, hi: (bits >> 32) as u32 }
    }
}

#[cfg(test)]
mod tests;
