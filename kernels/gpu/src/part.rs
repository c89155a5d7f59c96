//! The rounds of a part of a graph, whose rest others hold.

use crate::{
    device::{Buffer, Device, Dispatch, Fault, Gpu},
    error::GpuError,
    rank::{Piece, Shared},
};
use shaders::{
    pair::number,
    rank::{PartInput, State, Sums, TooLarge, cut},
};

/// A part on a device, between two halves of a round. What it holds is lost with the device: whoever goes on begins again.
#[derive(Debug)]
pub struct PartRounds {
    device: Device,
    spread: Vec<Dispatch>,
    gather: Vec<Dispatch>,
    /// What each piece's rows kept, and how many they are.
    kept: Vec<(Buffer, usize)>,
    state: Buffer,
    contributions: Buffer,
    partials: Buffer,
    own: usize,
    slots: usize,
    spans: u32,
    nodes: u32,
}

impl Gpu {
    /// Hands a part over, before its first round.
    ///
    /// # Errors
    /// [`GpuError`]: it does not fit, or the device refuses or is lost.
    pub async fn part(&self, input: &PartInput<'_>) -> Result<PartRounds, GpuError> {
        let device = self.device();
        let made = make(&device, input).await;
        if let Err(Fault::Lost(_)) = made {
            // It was lost before this began.
            self.reopen().await?;
            return make(&self.device(), input).await.map_err(GpuError::from);
        }
        made.map_err(GpuError::from)
    }
}

impl From<Fault> for GpuError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(why) => Self::Lost(why),
            Fault::Error(error) => error,
        }
    }
}

async fn make(device: &Device, input: &PartInput<'_>) -> Result<PartRounds, Fault> {
    device.begin()?;
    let nodes_max = (device.binding_max / 4).min(u64::from(u32::MAX)) as u32;
    if input.slots > nodes_max || input.rows.jumps.len() as u64 > device.binding_max / 8 {
        return Err(GpuError::from(TooLarge { nodes: input.slots, nodes_max }).into());
    }
    let arranged = cut(&input.rows, device.binding_max).map_err(GpuError::from)?;
    device
        .try_make(|| {
            let spans = arranged.iter().map(|arranged| arranged.part.spans).sum();
            let shared = Shared::new(device, &input.rows, &State::first(input.nodes), input.slots, spans);
            let pieces = arranged.iter().map(|arranged| Piece::new(device, &input.rows, arranged, &shared));
            let (mut spread, mut gather, mut kept) = (Vec::new(), Vec::new(), Vec::new());
            for piece in pieces {
                spread.push(piece.spread);
                gather.extend(piece.gather);
                kept.push(piece.kept);
            }
            PartRounds {
                device: device.clone(),
                spread,
                gather,
                kept,
                state: shared.state,
                contributions: shared.contributions,
                partials: shared.partials,
                own: input.rows.outs.len(),
                slots: input.slots as usize,
                spans,
                nodes: input.nodes,
            }
        })
        .await
}

impl PartRounds {
    /// First half of a round, with so many units that teleport to the whole graph: what each own row contributes, and the units of those without edges.
    ///
    /// # Errors
    /// [`GpuError`].
    pub async fn spread(&mut self, teleport: u64) -> Result<(Vec<u32>, u64), GpuError> {
        self.device.write(&self.state, &State::teleporting(teleport, self.nodes).words());
        self.device.submit(&self.spread, 1);
        let [dangling, ..] = self.sums().await?;
        if self.own == 0 {
            return Ok((Vec::new(), dangling));
        }
        let pairs = self.device.read(&self.contributions, self.own.div_ceil(2)).await?;
        let mut contributions: Vec<u32> = pairs.into_iter().flatten().collect();
        contributions.truncate(self.own);
        Ok((contributions, dangling))
    }

    /// Second half of a round, with what each ghost contributes, in the order of their slots. `dangling` is what the first half told.
    ///
    /// # Errors
    /// [`GpuError`]; [`GpuError::Wrong`] where there is not one contribution for each ghost.
    pub async fn gather(&mut self, ghosts: &[u32]) -> Result<Sums, GpuError> {
        if ghosts.len() != self.slots - self.own {
            return Err(GpuError::Wrong);
        }
        self.device.write_at(&self.contributions, self.own, ghosts);
        self.device.submit(&self.gather, 1);
        let [dangling, received, kept, moved] = self.sums().await?;
        Ok(Sums { dangling, received, kept, moved })
    }

    /// What each own row keeps of what followed edges.
    ///
    /// # Errors
    /// [`GpuError`].
    pub async fn kept(&self) -> Result<Vec<u64>, GpuError> {
        let mut kept = Vec::with_capacity(self.own);
        for (own, rows) in &self.kept {
            kept.extend(self.device.read(own, *rows).await?.into_iter().map(number));
        }
        Ok(kept)
    }

    /// All spans' sums, added up.
    async fn sums(&self) -> Result<[u64; 4], GpuError> {
        if self.spans == 0 {
            return Ok([0; 4]);
        }
        let partials = self.device.read(&self.partials, 4 * self.spans as usize).await?;
        let mut sums = [0_u64; 4];
        for (at, partial) in partials.into_iter().enumerate() {
            let sum = &mut sums[at % 4];
            *sum = sum.checked_add(number(partial)).ok_or(GpuError::Wrong)?;
        }
        Ok(sums)
    }
}
