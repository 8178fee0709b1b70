use std::convert::Infallible;

use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;

const STALL: Duration = Duration::from_secs(30);

/// A form of which a byte comes every 20 seconds.
fn dripping() -> (FormWire, FileBegins) {
    let drops = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")))
    });
    FormWire::new(RequestBody::new(StreamBody::new(drops)), STALL)
}

#[tokio::test(start_paused = true)]
async fn the_fields_of_a_stranger_take_no_longer_than_one_stall() {
    let begun = tokio::time::Instant::now();
    let (mut wire, _file_begins) = dripping();
    assert_eq!(wire.next().await.unwrap().unwrap(), "x");
    let error = wire.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), S3Code::RequestTimeout);
    assert_eq!(begun.elapsed(), STALL);
}

#[tokio::test(start_paused = true)]
async fn a_file_may_take_its_time_as_long_as_bytes_come() {
    let (mut wire, file_begins) = dripping();
    assert_eq!(wire.next().await.unwrap().unwrap(), "x");
    file_begins.announce();
    for _ in 0..10 {
        assert_eq!(wire.next().await.unwrap().unwrap(), "x");
    }
}
