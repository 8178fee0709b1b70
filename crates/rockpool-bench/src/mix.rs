//! The mix of sizes that Fediverse media have, roughly: half below 32 KiB, one in thirty above 1 MiB.
use bytes::Bytes;

/// Repeatable numbers (xorshift64*).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// Another sequence for each `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }
}

/// `count` objects of different random bytes.
pub(crate) fn objects(count: usize) -> Vec<Bytes> {
    let mut numbers = Numbers::new(1);
    (0..count)
        .map(|i| {
            let size = match i % 30 {
                29 => numbers.between(1 << 20, 4 << 20),
                i if i % 2 == 0 => numbers.between(1 << 10, 32 << 10),
                _ => numbers.between(32 << 10, 400 << 10),
            };
            random(&mut numbers, size as usize)
        })
        .collect()
}

/// Random bytes of that size, others for each `seed`.
pub(crate) fn bytes(seed: u64, size: usize) -> Bytes {
    random(&mut Numbers::new(seed), size)
}

fn random(numbers: &mut Numbers, size: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&numbers.next().to_le_bytes());
    }
    bytes.truncate(size);
    Bytes::from(bytes)
}

/// The mix in words.
pub(crate) fn describe(objects: &[Bytes]) -> String {
    let small = objects
        .iter()
        .filter(|bytes| bytes.len() < 32 << 10)
        .count();
    let large = objects.iter().filter(|bytes| bytes.len() > 1 << 20).count();
    let total: usize = objects.iter().map(Bytes::len).sum();
    format!(
        "{} objects, {small} below 32 KiB, {large} above 1 MiB, mean {} KiB, {} MB in all",
        objects.len(),
        total / objects.len().max(1) / 1024,
        total / 1_000_000
    )
}
