//! A small generator of repeatable numbers (splitmix64).

/// Numbers that depend on nothing but a seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// One of many streams of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xa076_1d64_78bd_642f));
        dice.any();
        dice
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`, which is at least 1.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.any() % sides
    }

    /// A number from `low` up to, not including, `high`, which is more.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll(high - low)
    }
}
