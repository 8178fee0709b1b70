//! A plain HTTP/1.1 client that shows every byte, and requests signed with a member's key.
use std::{
    io::{self, Write},
    net::TcpStream,
    time::Duration,
};

use rockpool_testkit::Reply;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle, actions::CreateMultipartUpload};
use url::Url;

use crate::harness::{Keys, Server};

/// A connection to `http://host:port/..`.
pub(crate) fn connect(url: &Url) -> TcpStream {
    try_connect(url).unwrap()
}

/// A connection to a node that may be killed meanwhile.
pub(crate) fn try_connect(url: &Url) -> io::Result<TcpStream> {
    let host = url.host_str().unwrap().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, url.port().unwrap()))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// The head of a request for `url` that brings `length` bytes along and closes the connection behind it.
pub(crate) fn head(method: &str, url: &Url, length: usize) -> String {
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    format!(
        "{method} {}{query} HTTP/1.1\r\nHost: {}:{}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        url.path(),
        url.host_str().unwrap(),
        url.port().unwrap(),
    )
}

/// Sends a request and reads its answer.
pub(crate) fn send(method: &str, url: &Url, body: &[u8]) -> Reply {
    let mut stream = connect(url);
    stream
        .write_all(head(method, url, body.len()).as_bytes())
        .unwrap();
    stream.write_all(body).unwrap();
    Reply::read(stream).unwrap()
}

/// Asks for a URL without a signature, and follows no redirect.
pub(crate) fn get(url: &str) -> Reply {
    send("GET", &url.parse().unwrap(), b"")
}

/// What a member does at the S3 face, by presigned URLs.
pub(crate) struct Client {
    bucket: Bucket,
    credentials: Credentials,
}

impl Client {
    /// A client for the member's first bucket.
    pub(crate) fn new(server: &Server, keys: &Keys) -> Self {
        Self::for_bucket(server, keys, &keys.name)
    }

    /// A client for another bucket.
    pub(crate) fn for_bucket(server: &Server, keys: &Keys, bucket: &str) -> Self {
        let endpoint = server.s3_url().parse().unwrap();
        let (bucket, region) = (bucket.to_owned(), "us-east-1".to_owned());
        Self {
            bucket: Bucket::new(endpoint, UrlStyle::Path, bucket, region).unwrap(),
            credentials: Credentials::new(&keys.access_key_id, &keys.secret_access_key),
        }
    }

    /// A presigned URL to put an object by.
    pub(crate) fn put_url(&self, key: &str) -> Url {
        let action = self.bucket.put_object(Some(&self.credentials), key);
        action.sign(Duration::from_secs(600))
    }

    pub(crate) fn put(&self, key: &str, body: &[u8]) -> Reply {
        send("PUT", &self.put_url(key), body)
    }

    pub(crate) fn get(&self, key: &str) -> Reply {
        let action = self.bucket.get_object(Some(&self.credentials), key);
        send("GET", &action.sign(Duration::from_secs(600)), b"")
    }

    pub(crate) fn delete(&self, key: &str) -> Reply {
        let action = self.bucket.delete_object(Some(&self.credentials), key);
        send("DELETE", &action.sign(Duration::from_secs(600)), b"")
    }

    /// Changes who may read an object to a canned ACL.
    pub(crate) fn put_acl(&self, key: &str, acl: &str) -> Reply {
        let mut action = self.bucket.put_object(Some(&self.credentials), key);
        action.query_mut().insert("acl", "");
        action.query_mut().insert("x-amz-acl", acl);
        send("PUT", &action.sign(Duration::from_secs(600)), b"")
    }

    /// Starts a multipart upload; its id.
    pub(crate) fn create_upload(&self, key: &str) -> String {
        let credentials = Some(&self.credentials);
        let action = self.bucket.create_multipart_upload(credentials, key);
        let reply = send("POST", &action.sign(Duration::from_secs(600)), b"");
        let document = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200, "{document}");
        CreateMultipartUpload::parse_response(&document)
            .unwrap()
            .upload_id()
            .to_owned()
    }

    /// Sends a part; its ETag.
    pub(crate) fn put_part(&self, key: &str, upload: &str, number: usize, body: &[u8]) -> String {
        let number = number.try_into().unwrap();
        let credentials = Some(&self.credentials);
        let action = self.bucket.upload_part(credentials, key, number, upload);
        let reply = send("PUT", &action.sign(Duration::from_secs(600)), body);
        assert_eq!(
            reply.status,
            200,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
        reply.header("etag").unwrap().to_owned()
    }

    /// Completes an upload whose parts, from 1 on, have these ETags.
    pub(crate) fn complete_upload(&self, key: &str, upload: &str, etags: &[String]) -> Reply {
        let etags = etags.iter().map(String::as_str);
        let credentials = Some(&self.credentials);
        let bucket = &self.bucket;
        let action = bucket.complete_multipart_upload(credentials, key, upload, etags);
        let url = action.sign(Duration::from_secs(600));
        send("POST", &url, action.body().as_bytes())
    }
}
