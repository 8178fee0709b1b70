use std::{io::ErrorKind, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::StallGuard;

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_byte_is_given_up() {
    let (ours, _theirs) = duplex(8);
    let mut guarded = StallGuard::new(ours, LIMIT);
    let begun = tokio::time::Instant::now();
    let error = guarded.write_all(&[0; 9]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(begun.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_waited_for() {
    let (ours, mut theirs) = duplex(8);
    let mut guarded = StallGuard::new(ours, LIMIT);
    let reading = tokio::spawn(async move {
        let mut buffer = [0; 8];
        for _ in 0..10 {
            tokio::time::sleep(LIMIT - Duration::from_secs(1)).await;
            theirs.read_exact(&mut buffer).await.unwrap();
        }
    });
    guarded.write_all(&[0; 80]).await.unwrap();
    reading.await.unwrap();
}
