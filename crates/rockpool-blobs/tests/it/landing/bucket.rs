//! A provider that has bad days.
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use rockpool_blobs::{S3Store, StoreKey};

use crate::provider::{Provider, Reply, Request, error, ok};

/// A provider with a bucket in memory, which refuses everything with a status while it is told to.
pub(super) struct Bucket {
    pub(super) provider: Provider,
    weather: Arc<Weather>,
}

#[derive(Default)]
struct Weather {
    /// 0: fine.
    status: AtomicU16,
    put_pause: Mutex<Duration>,
    objects: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
}

impl Bucket {
    pub(super) async fn start() -> Self {
        let weather = Arc::new(Weather::default());
        let shown = weather.clone();
        let provider = Provider::start(move |_, request| shown.answer(request)).await;
        Self { provider, weather }
    }

    pub(super) fn store(&self) -> Arc<S3Store> {
        let store = self.provider.store_with(|settings| {
            settings.attempts = 1;
            settings.call_timeout = Duration::from_secs(5);
        });
        Arc::new(store)
    }

    pub(super) fn refuse(&self, status: u16) {
        self.weather.status.store(status, Ordering::SeqCst);
    }

    pub(super) fn pause_puts(&self, pause: Duration) {
        *self.weather.put_pause.lock().unwrap() = pause;
    }

    pub(super) fn object(&self, key: &StoreKey) -> Option<(String, Vec<u8>)> {
        let objects = self.weather.objects.lock().unwrap();
        objects.get(key.as_str()).cloned()
    }

    /// The methods of the requests for a key, in order.
    pub(super) fn asked(&self, key: &StoreKey) -> Vec<String> {
        let requests = self.provider.requests();
        let of_key = requests.iter().filter(|r| r.path().ends_with(key.as_str()));
        of_key.map(|request| request.method.clone()).collect()
    }
}

impl Weather {
    fn answer(&self, request: &Request) -> Reply {
        match self.status.load(Ordering::SeqCst) {
            0 => {}
            status => return error(status, "SlowDown"),
        }
        let key = request.path().trim_start_matches("/pool/").to_owned();
        let mut objects = self.objects.lock().unwrap();
        match request.method.as_str() {
            "PUT" => {
                let media_type = request.header("content-type").unwrap().to_owned();
                objects.insert(key, (media_type, request.body.clone()));
                Reply::After(*self.put_pause.lock().unwrap(), Box::new(ok("")))
            }
            "DELETE" => {
                objects.remove(&key);
                ok("")
            }
            _ => objects
                .get(&key)
                .map_or(error(404, "NoSuchKey"), |(_, bytes)| ok(bytes.clone())),
        }
    }
}
