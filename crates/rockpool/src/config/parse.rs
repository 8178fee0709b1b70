//! Filling settings from a configuration file's text, a function for each section.
use rockpool_types::SecretKey;

use super::{
    reader::{Problem, Section, read_document},
    settings::{
        BackupSettings, CatalogSettings, CollectSettings, LandingSettings, LimitSettings,
        ListenSettings, LogSettings, PublicSettings, S3StoreSettings, ScrubSettings, Settings,
        SpoolSettings, StagingSettings, StoreSettings,
    },
};

/// The settings that a file's text gives over the defaults, and whether it sets `data`.
pub(crate) fn parse_settings(text: &str, problems: &mut Vec<Problem>) -> (Settings, bool) {
    let mut settings = Settings::default();
    let mut data = None;
    read_document(text, problems, |top| {
        top.read_option("data", &mut data);
        top.read("region", &mut settings.region);
        top.read("read_only", &mut settings.read_only);
        top.parse_option("homepage", &mut settings.homepage);
        top.section("listen", |s| settings.listen.fill(s));
        top.section("public", |s| settings.public.fill(s));
        top.section("catalog", |s| settings.catalog.fill(s));
        top.section("store", |s| settings.store.fill(s));
        top.named_sections("replicas", |name, s| {
            let replica = settings.replicas.entry(name.to_owned()).or_default();
            replica.fill(s);
        });
        top.section("landing", |s| settings.landing.fill(s));
        top.section("staging", |s| settings.staging.fill(s));
        top.section("spool", |s| settings.spool.fill(s));
        top.section("limits", |s| settings.limits.fill(s));
        top.section("collect", |s| settings.collect.fill(s));
        top.section("backup", |s| settings.backup.fill(s));
        top.section("scrub", |s| settings.scrub.fill(s));
        top.section("links", |s| settings.links.fill(s));
        top.section("log", |s| settings.log.fill(s));
    });
    let sets_data = data.is_some();
    if let Some(data) = data {
        settings.data = data;
    }
    (settings, sets_data)
}

impl ListenSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("s3", &mut self.s3);
        section.read("redirector", &mut self.redirector);
        section.read("blobs", &mut self.blobs);
        section.read("links", &mut self.links);
    }
}

impl PublicSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.parse_option("s3_url", &mut self.s3_url);
        section.parse_list("s3_domains", &mut self.s3_domains);
        section.parse_option("pool_url", &mut self.pool_url);
        section.parse_option("blob_url", &mut self.blob_url);
        section.read("blob_url_form", &mut self.blob_url_form);
        section.read("name_max_age", &mut self.name_max_age);
        section.read_option("name_cdn_max_age", &mut self.name_cdn_max_age);
        section.read("stale_while_revalidate", &mut self.stale_while_revalidate);
        section.read("stale_if_error", &mut self.stale_if_error);
        section.read("not_found_max_age", &mut self.not_found_max_age);
        section.read("wait_for_upload", &mut self.wait_for_upload);
    }
}

impl CatalogSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("url", &mut self.url);
        section.read_option("url_file", &mut self.url_file);
        section.read("max_connections", &mut self.max_connections);
        section.read("sealing_key_file", &mut self.sealing_key_file);
    }
}

impl StoreSettings {
    pub(super) fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("kind", &mut self.kind);
        section.read("directory", &mut self.directory);
        section.section("s3", |s3| {
            let mut bucket = S3StoreSettings::default();
            bucket.fill(s3);
            self.s3 = Some(bucket);
        });
    }
}

impl S3StoreSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        let mut secret: Option<String> = None;
        section.parse_option("endpoint", &mut self.endpoint);
        section.read("bucket", &mut self.bucket);
        section.read("region", &mut self.region);
        section.read("path_style", &mut self.path_style);
        section.read("access_key_id", &mut self.access_key_id);
        section.read_option("secret_access_key", &mut secret);
        section.read_option("secret_access_key_file", &mut self.secret_access_key_file);
        section.read_option("folder", &mut self.folder);
        section.read("public_acl", &mut self.public_acl);
        section.read("max_connections", &mut self.max_connections);
        section.read("call_timeout", &mut self.call_timeout);
        section.read_option("max_calls_per_second", &mut self.max_calls_per_second);
        self.secret_access_key = secret.and_then(|secret| SecretKey::new(secret).ok());
    }
}

impl LandingSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("enabled", &mut self.enabled);
        section.read("directory", &mut self.directory);
        section.read("max_waiting", &mut self.max_waiting);
        section.read("cache", &mut self.cache);
        section.read("max_parallel", &mut self.max_parallel);
    }
}

impl StagingSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("kind", &mut self.kind);
        section.read("directory", &mut self.directory);
    }
}

impl SpoolSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("directory", &mut self.directory);
        section.read("memory_body", &mut self.memory_body);
        section.read("inline_part", &mut self.inline_part);
    }
}

impl LimitSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("max_object", &mut self.max_object);
        section.read("max_put", &mut self.max_put);
        section.read("max_connections", &mut self.max_connections);
        section.read("max_requests", &mut self.max_requests);
        section.read("head_timeout", &mut self.head_timeout);
        section.read("stall_timeout", &mut self.stall_timeout);
        section.read("shutdown_timeout", &mut self.shutdown_timeout);
    }
}

impl CollectSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("interval", &mut self.interval);
        section.read("grace", &mut self.grace);
        section.read("upload_lifetime", &mut self.upload_lifetime);
        section.read("store_lease", &mut self.store_lease);
        section.read("delete_lease", &mut self.delete_lease);
        section.read("longest_delete", &mut self.longest_delete);
    }
}

impl BackupSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("interval", &mut self.interval);
        section.read("keep", &mut self.keep);
        section.read("manifests", &mut self.manifests);
    }
}

impl ScrubSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("period", &mut self.period);
        section.read("max_rate", &mut self.max_rate);
        section.read("buckets", &mut self.buckets);
    }
}

impl LogSettings {
    fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.read("format", &mut self.format);
        section.read("filter", &mut self.filter);
    }
}
