//! Visits every state that a machine can reach, and says how it came to a bad one.
use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Debug,
    hash::Hash,
};

/// Something that moves in steps, each of them one of several that are possible.
pub(crate) trait Machine {
    type State: Clone + Eq + Hash + Debug;
    type Step: Copy + Debug;
    /// Every state of these may be the first.
    fn start(&self) -> Self::State;
    /// What can happen next.
    fn next(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;
    /// What must hold in every state.
    fn violation(&self, state: &Self::State) -> Option<&'static str>;
    /// What must remain reachable from every state.
    fn is_goal(&self, state: &Self::State) -> bool;
}

/// What exploring found.
#[derive(Debug)]
pub(crate) struct Explored<S, T> {
    /// How many states there are.
    pub(crate) states: usize,
    /// The shortest way to a state that must not be, and what is wrong with it.
    pub(crate) violation: Option<(&'static str, Way<S, T>)>,
    /// The shortest way to a state from which the goal is out of reach.
    pub(crate) dead_end: Option<Way<S, T>>,
}

/// The steps from the start to a state, and that state.
pub(crate) type Way<S, T> = (Vec<T>, S);

/// Visits all states, nearest first; stops at the first violation.
pub(crate) fn explore<M: Machine>(machine: &M) -> Explored<M::State, M::Step> {
    let start = machine.start();
    let mut number: HashMap<M::State, usize> = HashMap::from([(start.clone(), 0)]);
    let mut states = vec![start];
    let mut came: Vec<Option<(usize, M::Step)>> = vec![None];
    let mut into: Vec<Vec<u32>> = vec![Vec::new()];
    let mut at = 0;
    while at < states.len() {
        if let Some(what) = machine.violation(&states[at]) {
            return Explored {
                states: states.len(),
                violation: Some((what, way(&states, &came, at))),
                dead_end: None,
            };
        }
        for (step, next) in machine.next(&states[at]) {
            let to = match number.entry(next) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    states.push(new.key().clone());
                    came.push(Some((at, step)));
                    into.push(Vec::new());
                    *new.insert(states.len() - 1)
                }
            };
            into[to].push(u32::try_from(at).expect("fewer states than that"));
        }
        at += 1;
    }
    let dead_end = first_dead_end(machine, &states, &into).map(|at| way(&states, &came, at));
    Explored {
        states: states.len(),
        violation: None,
        dead_end,
    }
}

/// Goes backwards from all goals; the first state that is not met has none ahead.
fn first_dead_end<M: Machine>(
    machine: &M,
    states: &[M::State],
    into: &[Vec<u32>],
) -> Option<usize> {
    let mut reaches: Vec<bool> = states.iter().map(|state| machine.is_goal(state)).collect();
    let mut open: Vec<usize> = (0..states.len()).filter(|at| reaches[*at]).collect();
    while let Some(at) = open.pop() {
        for from in &into[at] {
            let from = *from as usize;
            if !std::mem::replace(&mut reaches[from], true) {
                open.push(from);
            }
        }
    }
    reaches.iter().position(|reaches| !reaches)
}

fn way<S: Clone, T: Copy>(states: &[S], came: &[Option<(usize, T)>], to: usize) -> Way<S, T> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some((from, step)) = came[at] {
        steps.push(step);
        at = from;
    }
    steps.reverse();
    (steps, states[to].clone())
}
