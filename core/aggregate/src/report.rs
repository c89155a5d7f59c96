//! One light node's sealed shares.

use crate::{Proposal, proposal::HEAVY};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use codec::ContentId;
use core::fmt;
use keys::{NodeId, SealError, SealKey, seal};
use rand_core::CryptoRng;
use vdaf::{Instance, ShardError, Sharded};

/// Purpose of the sealing; the role of the receiver follows it.
const INFO: &[u8] = b"formix/report/2/";
/// What a computation's shares are for; its digest follows. A share verifies in its own computation only.
const CONTEXT: &[u8] = b"formix/aggregate/2/";

/// Drawn once by a light node for its report, so that a node that lost its state cannot mix the shares
/// of two reports.
pub type Nonce = [u8; vdaf::NONCE_BYTES];

/// Names a report in a computation: a digest of computation, light node, nonce and public share. Heavy nodes
/// that name a report alike hold the same public share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ReportId(pub [u8; 16]);

impl ReportId {
    /// The id of `light`'s report with `nonce` and the public share `public` in `computation`.
    pub fn of(computation: ContentId, light: NodeId, nonce: &Nonce, public: &[u8]) -> Self {
        let public = ContentId::of(public);
        let bytes = [computation.digest().as_slice(), light.public_key(), nonce, public.digest()].concat();
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
    /// What every heavy node gets: with `prio3` and `rep64` what ties the shares together.
    pub public: Vec<u8>,
    /// Sealed shares by role.
    pub sealed: [Vec<u8>; HEAVY],
}

/// Why a measurement does not become a report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportError {
    /// It does not fit the computation's shape.
    Shard(ShardError),
    /// The proposal names a sealing key that no honest node has.
    Seal(SealError),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard(error) => write!(f, "{error}"),
            Self::Seal(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for ReportError {}

impl Report {
    /// Splits `measurement` by `instance`, the proposal's own, and seals each share to its heavy node.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn new(
        proposal: &Proposal,
        instance: &Instance,
        computation: ContentId,
        light: NodeId,
        measurement: &[u64],
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ReportError> {
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce);
        let sharded =
            instance.shard(&context(computation), &nonce, measurement, rng).map_err(ReportError::Shard)?;
        Self::seal(proposal, computation, light, nonce, sharded, rng)
    }

    /// Seals shares that were made by hand, whatever they are worth: how a dishonest light node is played in tests.
    ///
    /// # Errors
    /// [`ReportError::Seal`].
    pub fn seal(
        proposal: &Proposal,
        computation: ContentId,
        light: NodeId,
        nonce: Nonce,
        sharded: Sharded,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ReportError> {
        let aad = associated(proposal, computation, light, &nonce, &sharded.public);
        let mut sealed = [const { Vec::new() }; HEAVY];
        for (role, (input, key)) in sharded.inputs.iter().zip(&proposal.heavy).enumerate() {
            sealed[role] = seal(&key.seal, &info(role), &aad, input, rng).map_err(ReportError::Seal)?;
        }
        Ok(Self { nonce, public: sharded.public, sealed })
    }
}

/// What came from a light node for one heavy node.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Who sent it.
    pub light: NodeId,
    /// The report's nonce.
    pub nonce: &'a Nonce,
    /// The report's public share.
    pub public: &'a [u8],
    /// The share sealed to this heavy node.
    pub sealed: &'a [u8],
}

/// Opens the input share that a light node sealed for the heavy node of `role`; `None` where it does not open or
/// one of the shares has another length than the computation's. Whether it is valid is seen when it is verified.
pub fn open(
    key: &SealKey,
    role: usize,
    proposal: &Proposal,
    instance: &Instance,
    computation: ContentId,
    received: Received<'_>,
) -> Option<Vec<u8>> {
    let Received { light, nonce, public, sealed } = received;
    if public.len() != instance.public_len() {
        return None;
    }
    let aad = associated(proposal, computation, light, nonce, public);
    key.open(&info(role), &aad, sealed).ok().filter(|input| input.len() == instance.input_len(role))
}

/// The application context of a computation's shares.
pub fn context(computation: ContentId) -> Vec<u8> {
    [CONTEXT, computation.digest()].concat()
}

fn info(role: usize) -> Vec<u8> {
    [INFO, &[b'0' + role as u8]].concat()
}

/// Bound to a share: the computation, who reports, the report, the deadline, and the digest of the public share.
/// A share copied under another name, beside another public share, or into another computation, does not open.
fn associated(
    proposal: &Proposal,
    computation: ContentId,
    light: NodeId,
    nonce: &Nonce,
    public: &[u8],
) -> Vec<u8> {
    let deadline = proposal.deadline.unix_ms().to_le_bytes();
    let public = ContentId::of(public);
    [computation.digest().as_slice(), light.public_key(), nonce, &deadline, public.digest()].concat()
}
