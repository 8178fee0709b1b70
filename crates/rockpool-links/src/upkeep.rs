//! What runs beside the requests: pruning, and writing down what was counted.
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::LinkFace;

/// How often counts are written.
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// Keeps a face's shelf in order, for ever.
pub(crate) async fn run(face: &LinkFace) {
    let every = face.settings().prune_interval;
    let mut tick = interval(TELL_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What an earlier process left is looked at soon.
    let mut prune_at = Instant::now();
    let mut put = 0;
    loop {
        tick.tick().await;
        face.tell_counts().await;
        if Instant::now() >= prune_at || face.is_crowded(put) {
            put = face.put_bytes();
            face.prune().await;
            prune_at = Instant::now() + every;
        }
    }
}
