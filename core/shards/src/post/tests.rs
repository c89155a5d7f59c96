use super::*;
use alloc::vec;
use proptest::prelude::*;

const NOW: Instant = Instant::from_unix_ms(1_000);

proptest! {
    /// Whatever is lost on the way there or back, each letter comes once, whole, and in order.
    #[test]
    fn letters_come_once_and_in_order(
        lengths in prop::collection::vec(0..3 * PIECE_BYTES_MAX, 1..4),
        losses in prop::collection::vec(0..4_u8, 0..40),
    ) {
        let letters: Vec<Vec<u8>> =
            (0_u8..).zip(lengths).map(|(number, length)| vec![number; length]).collect();
        let (mut here, mut there) = (Post::new(NOW), Post::new(NOW));
        letters.iter().for_each(|letter| here.write(letter.clone()));
        let (mut came, mut losses, mut now) = (Vec::new(), losses.into_iter(), NOW);
        while here.waiting() > 0 {
            now = here.poll_timeout().unwrap_or(now);
            let piece = here.next(now).unwrap();
            let heard = match losses.next() {
                Some(0) => None,
                loss => {
                    let (heard, letter) = there.take(piece, u64::MAX);
                    came.extend(letter);
                    Some(heard).filter(|_| loss != Some(1))
                }
            };
            here.answered(now, heard);
        }
        prop_assert_eq!(came, letters);
    }

    #[test]
    fn no_piece_makes_more_room_than_is_allowed(pieces in prop::collection::vec((0..3_u64, 0..600_u64, 0..600_u64, 0..300_usize), 0..40)) {
        let mut post = Post::new(NOW);
        for (letter, len, offset, bytes) in pieces {
            let (_, letter) = post.take(Piece { letter, len, offset, bytes: vec![1; bytes] }, 500);
            prop_assert!(letter.is_none_or(|letter| letter.len() as u64 == len && len <= 500));
            prop_assert!(post.incoming.as_ref().is_none_or(|incoming| incoming.bytes.len() <= 500));
        }
    }
}

#[test]
fn what_is_taken_back_makes_room_and_the_rest_comes() {
    for heard_first in [false, true] {
        let (mut here, mut there) = (Post::new(NOW), Post::new(NOW));
        let (gone, stays) = (WorkId(1), WorkId(2));
        let long = vec![1; 3 * PIECE_BYTES_MAX];
        here.write_about(gone, long.clone());
        here.write_about(stays, vec![2; 7]);
        here.write_about(gone, long);
        let piece = here.next(NOW).unwrap();
        let (heard, _) = there.take(piece, u64::MAX);
        if heard_first {
            here.answered(NOW, Some(heard));
            here.take_back(gone);
        } else {
            here.take_back(gone);
            assert_eq!(here.next(NOW), None, "one piece is under way at a time");
            here.answered(NOW, Some(heard));
        }
        assert_eq!((here.waiting(), here.bytes()), (1, 7));
        let (heard, letter) = there.take(here.next(NOW).unwrap(), u64::MAX);
        here.answered(NOW, Some(heard));
        assert_eq!((letter, here.waiting()), (Some(vec![2; 7]), 0));
    }
}

#[test]
fn a_letter_is_not_kept_any_more_once_some_of_it_was_sent() {
    for heard in [None, Some(Heard::Taken), Some(Heard::FromTheStart)] {
        let mut post = Post::new(NOW);
        post.write_about(WorkId(1), vec![1; 2 * PIECE_BYTES_MAX]);
        post.write_about(WorkId(2), vec![2; 7]);
        assert!(post.keeps(WorkId(1)));
        post.next(NOW).unwrap();
        assert!(!post.keeps(WorkId(1)));
        post.answered(NOW, heard);
        assert!(!post.keeps(WorkId(1)), "{heard:?}");
        assert!(post.keeps(WorkId(2)));
    }
}
