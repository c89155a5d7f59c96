//! What becomes of a ranking whose holders leave, and of what they said.

use crate::{
    common::order,
    world::{Event, Vice, World, holders, light, world},
};
use std::collections::BTreeSet;

/// Its light nodes leave once all is told, and π takes longer to put together than parts may lack holders while others wait.
#[test]
fn a_ranking_whose_pi_is_being_put_together_needs_no_holders() {
    let mut world = world(5, &[Vice::None; 2]);
    let id = world.submit(order(2));
    let other = world.submit(order(3));
    let told = |world: &World| world.lights.values().map(|light| light.holder.view().slices).sum::<u64>();
    while told(&world) < 4 {
        world.step();
    }
    world.combine_ms = 25_000;
    for number in [1, 2] {
        world.later(2_000, Event::Leave(light(number)));
        world.later(26_000, Event::Join(light(number + 2), Vice::None));
    }
    let view = world.run(id);
    assert!(world.lights.is_empty(), "it ended before anybody came");
    world.combine_ms = 0;
    world.run(other);
    world.is_right(&view, &[]);
    // Who computed a part to its end did so, though it has left.
    assert_eq!(holders(&view), vec![BTreeSet::from([light(1), light(2)]); 2]);
    assert_eq!(view.result.expect("it ended").replaced, 0);
}

/// What it said is judged once the step is believed, though it has the part anew by then and says the truth.
#[test]
fn who_lies_and_gives_its_parts_up_is_found() {
    let mut world = world(5, &[Vice::Flees(2), Vice::Slow(2_000)]);
    let id = world.submit(order(1));
    let view = world.run(id);
    world.is_right(&view, &[light(1)]);
}

/// Two others say otherwise, who are not believed against it until the heavy node has done the same.
#[test]
fn who_lies_and_leaves_is_found() {
    let mut world = world(5, &[Vice::Dangling(2), Vice::Slow(150)]);
    world.later(1_200, Event::Leave(light(1)));
    world.later(1_200, Event::Join(light(3), Vice::None));
    let id = world.submit(order(1));
    let view = world.run(id);
    world.is_right(&view, &[light(1)]);
}

/// It may do so eight times; then each time is a fault, and after three of them it gets no part any more.
#[test]
fn who_only_gives_parts_up_gets_none_after_a_while() {
    let mut world = world(5, &[Vice::Slow(1_000)]);
    (0..16).for_each(|at| world.later(1_300 + 500 * at, Event::Change(light(1))));
    for number in [2, 3] {
        world.later(10_000, Event::Join(light(number), Vice::None));
    }
    let id = world.submit(order(1));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert_eq!(view.result.expect("it ended").replaced, 8 + 3);
}
