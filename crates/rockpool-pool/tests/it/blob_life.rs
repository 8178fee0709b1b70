//! A model of a blob's life, explored exhaustively: uploaders, removers and collectors that may pause for any time
//! between any two steps or die, and a store that may carry out a delete late, after it seemed to fail.
//!
//! It models what the code does: each step is one transaction of the catalog or one call to the store. Whoever changes
//! `put.rs`, `blob_rows.rs`, `blobs.rs`, `intake.rs` or `collect.rs` changes `rules.rs` likewise. Every guard is taken away
//! once, and the model must then find a way to break a promise; where it finds none, the guard is not what keeps it.

use explorer::{Explored, explore};
use rules::{Rules, Step};
use world::World;

mod explorer;
mod rules;
mod world;

/// Who works on the content: uploaders, how often each, collectors, and how many of all these die.
const CROWDS: [(usize, u8, usize, u8); 2] = [(2, 1, 1, 1), (1, 1, 2, 0)];

/// 1.4 million states, which take a development build too long: `cargo test --release` visits them.
const GREAT_CROWD: (usize, u8, usize, u8) = (2, 1, 2, 1);

fn crowds() -> impl Iterator<Item = (usize, u8, usize, u8)> {
    let great = (!cfg!(debug_assertions)).then_some(GREAT_CROWD);
    CROWDS.into_iter().chain(great)
}

fn insist(rules: &Rules) {
    let Explored {
        states,
        violation,
        dead_end,
    } = explore(rules);
    println!("{states} states");
    assert!(states > 100, "the model does not move");
    assert!(violation.is_none(), "{violation:#?}");
    assert!(dead_end.is_none(), "bytes stay for ever: {dead_end:#?}");
}

/// Takes a guard away, and insists that some crowd then breaks `promise`. Answers how.
fn break_it(promise: &str, directory: bool, take_away: impl Fn(&mut Rules)) -> Vec<Step> {
    for (uploaders, rounds, collectors, deaths) in CROWDS {
        let start = World::new(uploaders, rounds, collectors, deaths);
        let mut rules = match directory {
            true => Rules::directory(start),
            false => Rules::provider(start),
        };
        take_away(&mut rules);
        if let Some((what, (steps, _))) = explore(&rules).violation {
            assert_eq!(what, promise, "{steps:#?}");
            println!("{what} after {steps:?}");
            return steps;
        }
    }
    panic!("nothing breaks without this guard");
}

const NO_BYTES: &str = "a mapped key has no bytes";

#[test]
fn at_a_provider_a_mapped_key_keeps_its_bytes_and_nothing_leaks() {
    for (uploaders, rounds, collectors, deaths) in crowds() {
        insist(&Rules::provider(World::new(
            uploaders, rounds, collectors, deaths,
        )));
    }
}

#[test]
fn in_a_directory_a_mapped_key_keeps_its_bytes_and_nothing_leaks() {
    for (uploaders, rounds, collectors, deaths) in crowds() {
        insist(&Rules::directory(World::new(
            uploaders, rounds, collectors, deaths,
        )));
    }
}

#[test]
fn without_the_deleting_state_an_upload_maps_what_is_being_deleted() {
    break_it(NO_BYTES, false, |rules| rules.deleting_state = false);
    break_it(NO_BYTES, true, |rules| rules.deleting_state = false);
}

#[test]
fn with_the_reference_counted_outside_the_transaction_a_collector_deletes_what_was_just_mapped() {
    let steps = break_it(NO_BYTES, false, |rules| rules.count_in_transaction = false);
    assert!(!steps.contains(&Step::Count(0)), "it was counted in time");
}

#[test]
fn without_any_proof_of_the_lease_a_collector_that_slept_deletes_what_came_later() {
    break_it(NO_BYTES, false, |rules| {
        rules.prove = false;
        rules.deadline_at_store = false;
    });
}

#[test]
fn a_proof_in_the_catalog_is_worth_nothing_after_a_pause_so_the_store_looks_at_the_deadline() {
    for directory in [false, true] {
        let steps = break_it(NO_BYTES, directory, |rules| rules.deadline_at_store = false);
        assert!(steps.contains(&Step::Prove(0)) || steps.contains(&Step::Prove(1)));
    }
}

#[test]
fn in_a_directory_the_deadline_is_worth_nothing_without_the_lock() {
    break_it(NO_BYTES, true, |rules| rules.lock = false);
}

#[test]
fn without_a_quarantine_a_delete_comes_late() {
    break_it(NO_BYTES, false, |rules| rules.quarantine = false);
}

#[test]
fn without_the_rule_of_half_the_lease_clocks_that_are_apart_let_a_delete_outlast_the_quarantine() {
    break_it(NO_BYTES, false, |rules| rules.half_lease = false);
}

#[test]
fn a_call_that_tries_again_hides_that_its_first_attempt_may_still_come() {
    break_it(NO_BYTES, false, |rules| rules.one_attempt = false);
}

#[test]
fn a_take_over_that_neither_waits_nor_doubts_meets_the_delete_of_the_one_that_died() {
    break_it(NO_BYTES, false, |rules| {
        rules.wait_out = false;
        rules.doubt_the_dead = false;
    });
}

#[test]
fn bytes_of_an_uploader_that_slept_and_then_died_stay_until_a_check_finds_them() {
    let mut rules = Rules::provider(World::new(1, 1, 1, 1));
    rules.sweep = false;
    let (steps, left) = explore(&rules).dead_end.expect("there is such a way");
    assert!(left.bytes, "{steps:?} {left:?}");
    assert!(steps.contains(&Step::UploaderDies(0)), "{steps:?}");
}
