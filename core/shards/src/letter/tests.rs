use super::*;
use codec::ContentId;
use proptest::prelude::*;

const WORK: WorkId = WorkId(7);

fn about(name: &str) -> About {
    About { ranking: ContentId::of(b"a ranking"), name: name.into(), shard: 1, shards: 2 }
}

proptest! {
    /// What is shared is sent as if it were not, however it is cut.
    #[test]
    fn letters_are_tasks(
        part in prop::collection::vec(any::<u8>(), 0..100),
        ghosts in prop::collection::vec(any::<u32>(), 0..30),
        teleport: u64,
        count in 1..60_usize,
    ) {
        let asks = [
            Ask::Begin { about: about("a graph"), part: part.into() },
            Ask::Spread { teleport },
            Ask::Gather { ghosts: Ask::list(&ghosts) },
            Ask::Kept,
        ];
        for ask in asks {
            let (bytes, letter) = (encode(&ask.task(WORK)), ask.letter(WORK));
            prop_assert_eq!(letter.len(), bytes.len());
            let pieces = (0..bytes.len()).step_by(count).map(|start| letter.piece(start, count));
            prop_assert_eq!(pieces.collect::<Vec<_>>().concat(), bytes);
        }
    }
}

#[test]
fn replicas_share_what_is_long() {
    let part: Arc<[u8]> = Arc::from([1; 1_000]);
    let ask = Ask::Begin { about: about("a graph"), part: Arc::clone(&part) };
    let letters = [WorkId(1), WorkId(2)].map(|work| ask.clone().letter(work));
    assert!(letters.iter().all(|letter| Arc::ptr_eq(&letter.shared, &part)));
    assert!(letters.iter().all(|letter| letter.kept_bytes() < 200), "{letters:?}");
}
