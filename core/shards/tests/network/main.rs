//! A heavy node and light nodes that come, go, are late, and lie: π is that of one machine, and who lied is named.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;
mod leaving;
mod world;

use common::order;
use graphs::Numbers;
use keys::NodeId;
use rank::Edges;
use shards::{Coordinator, Lending, Order, RankingState, holder};
use std::{collections::BTreeSet, net::IpAddr};
use world::{Event, LENDING, Vice, World, edges, holders, light, world};

#[test]
fn honest_nodes_give_the_bits_of_one_machine() {
    for (seed, shards) in [(1, 1), (2, 3), (3, 8)] {
        let mut world = world(seed, &[Vice::None; 4]);
        let id = world.submit(order(shards));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let result = view.result.unwrap();
        assert_eq!(result.replaced, 0);
        // Two for each, and the heavy node had nothing to compute.
        for shard in result.shards {
            assert_eq!(shard.holders.iter().filter(|holder| holder.node.is_some()).count(), 2);
            assert_eq!(shard.holders.len(), 2);
        }
    }
}

#[test]
fn every_lie_is_found_and_changes_no_bit() {
    let lies = [
        Vice::Exports(1),
        Vice::Exports(40),
        Vice::Dangling(2),
        Vice::Sums(3),
        Vice::Sums(50),
        Vice::Kept,
        Vice::Nonsense(5),
    ];
    for (seed, vice) in (1..).zip(lies) {
        for others in 0..3 {
            let mut vices = vec![Vice::None; others];
            vices.insert(0, vice);
            let mut world = world(seed, &vices);
            // With nobody else the liar is found, and then nobody is left.
            let id = world.submit(Order { alone: others == 0, ..order(3) });
            let view = world.run(id);
            world.is_right(&view, &[light(1)]);
        }
    }
}

#[test]
fn liars_that_are_most_are_found_where_they_differ() {
    let mut world = world(9, &[Vice::Exports(3), Vice::Dangling(3), Vice::Sums(30), Vice::None]);
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[light(1), light(2), light(3)]);
}

/// What two holders say alike is believed; unless it cannot be, and then all is done again beside the heavy node.
#[test]
fn what_two_liars_make_impossible_is_done_again() {
    let mut world = world(4, &[Vice::Kept, Vice::Kept]);
    let id = world.submit(order(1));
    let view = world.run(id);
    assert_ne!(
        view.result.unwrap().digest,
        world.alone().focus.digest(),
        "not provided, as the documentation says"
    );

    let mut world = self::world(4, &[Vice::Mint, Vice::Mint]);
    let id = world.submit(order(1));
    // With both found, nobody is left.
    world.later(20_000, Event::Join(light(3), Vice::None));
    let view = world.run(id);
    let named = view.result.as_ref().unwrap().liars.clone();
    world.is_right(&view, &named);
    // Who has no part any more by then is not found out.
    assert!(!named.is_empty() && !named.contains(&light(3)), "{named:?}");
}

/// Two that hold the same part and lie alike are not found while both stay; whoever takes the place of one finds out, and is not taken for a liar.
#[test]
fn two_liars_are_found_once_one_leaves() {
    for (seed, vice) in (1..).zip([Vice::Exports(4), Vice::Dangling(4), Vice::Sums(4)]) {
        // Two for each of two parts are awaited for a second.
        for (shards, ms) in [(1, 1_500), (2, 1_500)] {
            let mut world = world(seed, &[vice, vice]);
            world.later(ms, Event::Leave(light(1)));
            world.later(ms, Event::Join(light(3), Vice::None));
            world.later(ms + 100, Event::Join(light(4), Vice::None));
            let id = world.submit(order(shards));
            let view = world.run(id);
            let named = view.result.as_ref().map_or_else(Vec::new, |result| result.liars.clone());
            world.is_right(&view, &named);
            assert!(named.iter().all(|liar| *liar == light(1) || *liar == light(2)), "{named:?}");
        }
    }
}

#[test]
fn who_leaves_or_is_late_is_replaced() {
    let mut world = world(5, &[Vice::None, Vice::None, Vice::Slow(40_000), Vice::Stuck(7)]);
    world.later(1_300, Event::Leave(light(1)));
    world.later(1_900, Event::Join(light(9), Vice::None));
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 0);
}

#[test]
fn what_waits_for_silent_holders_is_bounded() {
    const NODES: u64 = 1_024;
    const LETTERS_BYTES: u64 = 9 << 10;
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(LETTERS_BYTES);
    (1..4).for_each(|number| world.join(light(number), Vice::None));
    // They do not fetch what they are to gather.
    (4..18).for_each(|number| world.join(light(number), Vice::Deaf(2)));
    let id = world.submit(order(8));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 0);
    assert!(world.words.iter().any(|words| {
        words.starts_with("round 1; ")
            && words.ends_with(" bytes for a holder wait until holders have taken in what was sent before")
    }));
    // And what two holders of each part say: no more than four bytes a node, and eight in the end, when letters are short.
    assert!(world.letters_bytes <= LETTERS_BYTES + 2 * 4 * NODES, "{} bytes", world.letters_bytes);
}

#[test]
fn who_sends_what_fits_nowhere_says_so() {
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(2 << 10);
    (1..4).for_each(|number| world.join(light(number), Vice::None));
    let id = world.submit(Order { patience_ms: 10_000, ..order(4) });
    let view = world.run(id);
    assert_eq!(view.state, RankingState::Refused);
    assert!(view.words.starts_with("its time is over: round 1; it goes no further: "), "{}", view.words);
    let mends = "at most 1024 may wait for one; have it cut into more parts, or rank it on one machine";
    assert!(view.words.ends_with(mends), "{}", view.words);
}

#[test]
fn who_waits_for_others_does_not_say_that_letters_have_no_room() {
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(2 << 10);
    world.join(light(1), Vice::None);
    // It has one of two parts, and the other's holder does nothing.
    let lending = Some(Lending { parts: 1, ..LENDING });
    let light_1 = world.lights.get_mut(&light(1)).expect("it joined");
    light_1.holder.handle_input(world.now, holder::Input::Lend(lending));
    world.later(3_000, Event::Join(light(2), Vice::Stuck(1)));
    let id = world.submit(Order { patience_ms: 10_000, ..order(2) });
    let view = world.run(id);
    assert_eq!(view.words, "its time is over: round 1");
}

/// Each change takes away more parts than a node may fail to do.
#[test]
fn another_device_is_no_fault_of_the_node() {
    let mut world = world(5, &[Vice::None]);
    (0..6).for_each(|at| world.later(1_300 + 400 * at, Event::Change(light(1))));
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert_eq!(holders(&view), vec![BTreeSet::from([light(1)]); 4]);
    assert!(view.result.unwrap().replaced >= 4, "the parts were taken away");
    assert_eq!(world.lights[&light(1)].holder.view().parts.len(), 4, "none is left behind");
}

#[test]
fn letters_about_parts_that_were_given_up_are_not_kept() {
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(9 << 10);
    (4..18).for_each(|number| world.join(light(number), Vice::Quits(2)));
    (1..4).for_each(|number| world.later(5_000, Event::Join(light(number), Vice::None)));
    let id = world.submit(order(8));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 14);
    // What is left is that parts are to be dropped.
    assert!(world.coordinator.letters_bytes() < 2 << 10, "{} bytes", world.coordinator.letters_bytes());
}

#[test]
fn half_a_letter_of_who_lost_its_part_is_not_kept() {
    let mut world = World::new(6, edges(&graphs::rmat(12, 4, 6)));
    (10..60).for_each(|number| world.join(light(number), Vice::Halves));
    for number in 1..3 {
        world.later(1_500_000, Event::Join(light(number), Vice::None));
    }
    let id = world.submit(order(2));
    let view = world.run(id);
    world.is_right(&view, &[]);
    // Letters to, and answers of, two holders of each part: of 4096 nodes none has more than eight bytes a node.
    let most = 2 * 2 * (8 * 2_048 + 512);
    assert!(world.letters_bytes <= most, "{} bytes", world.letters_bytes);
}

#[test]
fn one_slow_holder_does_not_set_the_pace() {
    let mut world = world(5, &[Vice::None, Vice::Slow(20_000)]);
    let id = world.submit(order(1));
    let view = world.run(id);
    world.is_right(&view, &[]);
    let took_ms = view.result.unwrap().took_ms;
    assert!(took_ms < 60_000, "{took_ms} ms");
}

#[test]
fn a_ranking_that_nobody_holds_lets_others_go_first() {
    let mut world = world(5, &[]);
    let stuck = world.submit(order(2));
    let other = world.submit(Order { alone: true, ..order(2) });
    let view = world.run(other);
    assert_eq!(view.digest, Some(world.alone().focus.digest()));
    assert!(world.now < view.submitted.plus_ms(60_000), "not once the first is given up");
    world.join(light(1), Vice::None);
    let view = world.run(stuck);
    world.is_right(&view, &[]);
}

#[test]
fn no_id_gets_a_part_by_being_small() {
    let holders = |seed| {
        let mut world = world(5, &[Vice::None; 8]);
        world.coordinator = Coordinator::default().with_seed([seed; 32]);
        // By its end all have offered.
        let first = world.submit(order(2));
        world.run(first);
        let id = world.submit(order(1));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let holders: BTreeSet<_> = view.result.unwrap().shards[0].holders.iter().map(|h| h.node).collect();
        assert_eq!(holders.len(), 2);
        holders
    };
    let drawn: BTreeSet<_> = (0..8).map(holders).collect();
    assert!(drawn.len() > 2, "{drawn:?}");
}

#[test]
fn one_address_gets_no_part_twice_and_not_most_of_them() {
    let one: IpAddr = [203, 0, 113, 7].into();
    let crowd: BTreeSet<NodeId> = (1..9).map(light).collect();
    for seed in 0..6 {
        let mut world = world(5, &[Vice::None; 12]);
        world.coordinator = Coordinator::default().with_seed([seed; 32]);
        for number in 1..=12 {
            let ip = if number < 9 { one } else { [198, 51, 100, number].into() };
            world.homes.insert(light(number), ip);
        }
        let id = world.submit(order(6));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let seats: Vec<usize> =
            holders(&view).iter().map(|holders| holders.intersection(&crowd).count()).collect();
        assert!(seats.iter().all(|seats| *seats < 2), "{seats:?}");
    }
    // With nobody else there, one address has both.
    let mut world = world(5, &[Vice::None; 2]);
    world.homes = [(light(1), one), (light(2), one)].into();
    let id = world.submit(order(2));
    let view = world.run(id);
    assert!(holders(&view).iter().all(|holders| holders.len() == 2));

    // But not of all there is: 8 seats, and what is left it has alone, checked by the heavy node.
    let id = world.submit(order(12));
    let view = world.run(id);
    let seats: Vec<usize> = holders(&view).iter().map(BTreeSet::len).collect();
    assert_eq!(seats, [1; 12]);
}

#[test]
fn a_ranking_waits_for_light_nodes_and_says_so() {
    let mut world = world(6, &[]);
    let id = world.submit(order(2));
    world.drain();
    let view = world.coordinator.ranking(id).unwrap();
    assert_eq!(view.state, RankingState::Running);
    assert_eq!(view.words, "2 parts wait for light nodes that hold them; 0 offer to");
    world.later(5_000, Event::Join(light(1), Vice::None));
    let view = world.run(id);
    world.is_right(&view, &[]);

    // Nobody comes.
    let id = world.submit(Order { patience_ms: 10_000, shards: 3, ..order(3) });
    world.leave(light(1));
    let view = world.run(id);
    assert_eq!(view.state, RankingState::Refused);
    assert_eq!(view.words, "its time is over: 3 parts wait for light nodes that hold them; 0 offer to");
    // Asked again, it begins again; and the heavy node does it where the submitter lets it.
    let id = world.submit(Order { alone: true, ..order(3) });
    let view = world.run(id);
    world.is_right(&view, &[]);
}

#[test]
fn a_coordinator_that_starts_anew_comes_to_the_same_end() {
    for seed in 0..5 {
        let mut world = world(seed, &[Vice::None, Vice::None, Vice::Sums(60)]);
        for ms in [400, 700, 1_500] {
            world.later(ms + 37 * seed, Event::Restart);
        }
        let id = world.submit(order(3));
        let view = world.run(id);
        assert!(world.restarts > 0);
        let named = view.result.as_ref().unwrap().liars.clone();
        world.is_right(&view, &named);
        assert!(named.iter().all(|liar| *liar == light(3)));
        // Who asks again is told what is known.
        assert_eq!(world.submit(order(3)), id);
        assert_eq!(world.coordinator.ranking(id).unwrap().result, view.result);
    }
}

#[test]
fn any_crowd_comes_to_the_right_end() {
    let vices = [
        Vice::None,
        Vice::None,
        Vice::Exports(20),
        Vice::Sums(9),
        Vice::Slow(31_000),
        Vice::Stuck(30),
        Vice::Kept,
    ];
    for seed in 0..20 {
        let mut world = world(seed, &[Vice::None]);
        let mut numbers = Numbers::new(seed);
        for number in 2..8 {
            let vice = vices[numbers.below(vices.len() as u32) as usize];
            world.later(u64::from(numbers.below(3_000)), Event::Join(light(number), vice));
            if numbers.below(2) == 0 {
                world.later(u64::from(numbers.below(6_000)), Event::Leave(light(number)));
            }
        }
        if numbers.below(3) == 0 {
            world.later(u64::from(numbers.below(3_000)), Event::Restart);
        }
        let id = world.submit(order(1 + numbers.below(6)));
        let view = world.run(id);
        let named = view.result.as_ref().map_or_else(Vec::new, |result| result.liars.clone());
        world.is_right(&view, &named);
        assert!(!named.contains(&light(1)), "honest nodes are never called liars");
    }
}

#[test]
fn the_oldest_pi_makes_room_and_is_computed_again_where_it_is_wanted() {
    let mut world = world(3, &[Vice::None, Vice::None]);
    // Of 256 nodes.
    world.coordinator = Coordinator::default().with_pi_bytes_max(2 * 8 * 256);
    let lights = std::mem::take(&mut world.lights);
    lights.into_keys().for_each(|id| world.join(id, Vice::None));
    let mut ids = Vec::new();
    for shards in 1..=3 {
        let id = world.submit(order(shards));
        let view = world.run(id);
        world.is_right(&view, &[]);
        ids.push(id);
        world.now = world.now.plus_ms(1);
    }
    let kept = |world: &World| -> Vec<u64> {
        ids.iter().map(|id| world.coordinator.ranking(*id).unwrap().pi_bytes).collect()
    };
    assert_eq!(kept(&world), [0, 2_048, 2_048]);
    let view = world.coordinator.ranking(ids[0]).unwrap();
    assert_eq!(view.digest, Some(world.alone().focus.digest()), "its digest stays");
    assert_eq!(world.submit(order(1)), ids[0]);
    let view = world.run(ids[0]);
    world.is_right(&view, &[]);
    assert_eq!(kept(&world), [2_048, 0, 2_048]);
}

#[test]
fn an_empty_graph_and_one_without_edges_end_at_once() {
    for (nodes, shards) in [(0, 2), (1, 3), (5, 2)] {
        let mut empty = Edges::new();
        empty.nodes(nodes);
        let mut world = World::new(1, empty);
        world.join(light(1), Vice::None);
        let id = world.submit(Order { nodes, ..order(shards) });
        let view = world.run(id);
        world.is_right(&view, &[]);
    }
}
