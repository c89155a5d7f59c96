//! `formix`, but its heavy node lies about its sums of shares, and signs the lie; and its light node about what parts of graphs sum up.
//!
//! It takes the command line of `formix` and is the same node through the same library, with [`lies`] between the node
//! and the network. The node itself knows nothing of it.

use std::{collections::BTreeSet, process::ExitCode};

use aggregate::message::{Pulled, Request, Response, partial_bytes};
use codec::ContentId;
use keys::{Domain, Identity};
use native_host::Rewrite;
use net::{Output, Protocol};
use shards::{
    Done,
    message::{Piece, Word},
};

/// Where a sum's first number begins; the number of reports stands before it.
const FIRST: usize = 4;

fn main() -> ExitCode {
    native_host::main_with(lies)
}

/// Changes each sum of the node `identity` by one, and signs it again where it was signed. All else passes as it is.
fn lies(identity: &Identity) -> Rewrite {
    let identity = identity.clone();
    // A sum does not say of which computation it is: one that the node has asked the others about.
    let mut computations = BTreeSet::new();
    Box::new(move |output| match output {
        Output::Request { protocol: Protocol::Aggregate, ref body, .. } => {
            if let Ok(Request::Pull { id, .. }) = codec::decode(body) {
                computations.insert(id);
            }
            output
        }
        Output::Request { peer, id, protocol: Protocol::Shards, body } => {
            let lie = codec::decode(&body).ok().and_then(miscounted);
            let body = lie.map_or(body, |lie| codec::encode(&lie));
            Output::Request { peer, id, protocol: Protocol::Shards, body }
        }
        Output::Respond { responder, body } => {
            let lie = codec::decode(&body).ok().and_then(|response| lie(&identity, &computations, response));
            Output::Respond { responder, body: lie.map_or(body, |lie| codec::encode(&lie)) }
        }
        other => other,
    })
}

/// The lie in place of a sum; `None` in place of anything else.
fn lie(identity: &Identity, computations: &BTreeSet<ContentId>, response: Response) -> Option<Response> {
    let Response::Pulled(Pulled::Partial { set, mut sum, signature }) = response else { return None };
    let signed =
        |id: &&ContentId| identity.id().verify(Domain::Partial, &partial_bytes(**id, set, &sum), &signature);
    let id = *computations.iter().find(signed)?;
    *sum.get_mut(FIRST)? ^= 1;
    let signature = identity.sign(Domain::Partial, &partial_bytes(id, set, &sum));
    Some(Response::Pulled(Pulled::Partial { set, sum, signature }))
}

/// A part's sums, with a unit more or less moved; `None` in place of anything else.
fn miscounted(piece: Piece) -> Option<Piece> {
    let Ok(Word::Done(Done::Sums { work, mut sums })) = codec::decode(&piece.bytes) else { return None };
    sums.moved ^= 1;
    Some(Piece { bytes: codec::encode(&Word::Done(Done::Sums { work, sums })), ..piece })
}
