//! One light node's sealed shares.

use crate::{Proposal, additive64, contribution};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use codec::ContentId;
use core::fmt;
use keys::{NodeId, SealError, SealKey, seal};
use rand_core::CryptoRng;

/// Purpose of the sealing; the role of the receiver follows it.
const INFO: &[u8] = b"formix/report/1/";

/// Drawn once by a light node for its report, so that a node that lost its state cannot mix the shares
/// of two reports.
pub type Nonce = [u8; 16];

/// Names a report in a computation: a digest of computation, light node and nonce.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ReportId(pub [u8; 16]);

impl ReportId {
    /// The id of `light`'s report with `nonce` in `computation`.
    pub fn of(computation: ContentId, light: NodeId, nonce: &Nonce) -> Self {
        let bytes = [computation.digest().as_slice(), light.public_key(), nonce].concat();
        let id = ContentId::of(&bytes);
        let mut short = [0; 16];
        short.copy_from_slice(&id.digest()[..16]);
        Self(short)
    }
}

impl fmt::Debug for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A report as its light node keeps it until the computation ends: each heavy node's share, sealed.
/// A retry sends the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Report {
    /// The report's nonce.
    pub nonce: Nonce,
    /// Sealed shares by role.
    pub sealed: [Vec<u8>; additive64::SHARES],
}

impl Report {
    /// Splits `contribution` and seals each share to its heavy node.
    ///
    /// # Errors
    /// [`SealError`] when the proposal names a sealing key that no honest node has.
    pub fn new(
        proposal: &Proposal,
        computation: ContentId,
        light: NodeId,
        contribution: &[u64],
        rng: &mut impl CryptoRng,
    ) -> Result<Self, SealError> {
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce);
        let aad = associated(proposal, computation, light, &nonce);
        let shares = additive64::shard(contribution, rng);
        let mut sealed = [const { Vec::new() }; additive64::SHARES];
        for (role, (share, key)) in shares.iter().zip(&proposal.heavy).enumerate() {
            let plain: Vec<u8> = share.iter().flat_map(|value| value.to_le_bytes()).collect();
            sealed[role] = seal(&key.seal, &info(role), &aad, &plain, rng)?;
        }
        Ok(Self { nonce, sealed })
    }
}

/// Opens the share that `light` sealed for the heavy node of `role`; `None` where it does not open or
/// has another length than [`contribution::LEN`].
pub fn open(
    key: &SealKey,
    role: usize,
    proposal: &Proposal,
    computation: ContentId,
    light: NodeId,
    nonce: &Nonce,
    sealed: &[u8],
) -> Option<Vec<u64>> {
    let aad = associated(proposal, computation, light, nonce);
    let plain = key.open(&info(role), &aad, sealed).ok()?;
    let (values, rest) = plain.as_chunks::<8>();
    (values.len() == contribution::LEN && rest.is_empty())
        .then(|| values.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}

fn info(role: usize) -> Vec<u8> {
    [INFO, &[b'0' + role as u8]].concat()
}

/// Bound to a share: the computation, who reports, the report, and the deadline. A share copied under
/// another name, or into another computation, does not open.
fn associated(proposal: &Proposal, computation: ContentId, light: NodeId, nonce: &Nonce) -> Vec<u8> {
    let deadline = proposal.deadline.unix_ms().to_le_bytes();
    [computation.digest().as_slice(), light.public_key(), nonce, &deadline].concat()
}
