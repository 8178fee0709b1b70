//! The pool's story with real clients and a real picture: two members, one blob, and its end.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use crate::{
    clients::tool,
    harness::{Keys, Server},
};

/// A program that must do well.
fn ok(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// A photo-like JPEG of some hundred KiB, by ImageMagick.
fn take_picture(directory: &Path) -> PathBuf {
    let picture = directory.join("picture.jpg");
    ok(Command::new("/usr/bin/convert")
        .args(["-seed", "7", "-size", "1280x960", "plasma:tomato-steelblue"])
        .args(["-attenuate", "0.3", "+noise", "Gaussian", "-quality", "88"])
        .arg(&picture));
    picture
}

/// The AWS CLI with a member's key.
fn aws(server: &Server, member: &Keys) -> Command {
    let mut command = Command::new(tool("venv/awscli/bin/aws"));
    command
        .env_remove("AWS_CA_BUNDLE")
        .env("AWS_ACCESS_KEY_ID", &member.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &member.secret_access_key)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(["--endpoint-url", &server.s3_url(), "s3"]);
    command
}

/// A line of Python with boto3, whose `bucket` is a member's.
fn boto3(server: &Server, member: &Keys, line: &str, arguments: &[&Path]) -> Output {
    let program = format!(
        "import boto3, sys\n\
         s3 = boto3.resource('s3', endpoint_url='{}', region_name='us-east-1',\n\
         \x20   aws_access_key_id='{}', aws_secret_access_key='{}')\n\
         bucket = s3.Bucket('{}')\n{line}",
        server.s3_url(),
        member.access_key_id,
        member.secret_access_key,
        member.name
    );
    ok(Command::new(tool("venv/boto3/bin/python"))
        .env_remove("AWS_CA_BUNDLE")
        .args(["-c", &program])
        .args(arguments))
}

/// What `curl -L` gets: the status, the content type and the bytes.
fn curl(url: &str) -> (String, String, Vec<u8>) {
    let output = ok(Command::new("curl").args([
        "--silent",
        "--location",
        "--write-out",
        "%{stderr}%{http_code} %{content_type}",
        url,
    ]));
    let facts = String::from_utf8(output.stderr).unwrap();
    let (status, kind) = facts.split_once(' ').unwrap();
    (status.to_owned(), kind.to_owned(), output.stdout)
}

/// The files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn two_members_share_one_blob_until_both_have_deleted_it() {
    let server = Server::configured("[collect]\ngrace = \"1s\"\ninterval = \"1s\"\n", &[]);
    let blobs = server.data().join("store/blobs");
    let picture = take_picture(server.scratch());
    let bytes = fs::read(&picture).unwrap();
    assert!(bytes.len() > 200_000, "{} bytes", bytes.len());
    let [ada, bob] = ["ada", "bob"].map(|name| server.add_member(name));

    ok(aws(&server, &ada).arg("cp").arg(&picture).args([
        "s3://ada/media/photo.jpg",
        "--acl",
        "public-read",
    ]));
    boto3(
        &server,
        &bob,
        "bucket.upload_file(sys.argv[1], 'avatars/me.jpg', ExtraArgs={'ACL': 'public-read', 'ContentType': 'image/jpeg'})",
        &[&picture],
    );

    assert_eq!(files(&blobs).len(), 1, "one blob: {:?}", files(&blobs));
    let [of_ada, of_bob] = ["ada/media/photo.jpg", "bob/avatars/me.jpg"].map(|object| {
        let facts = server.cli_json(&["object", "stat", object]);
        facts["blob"].as_str().unwrap().to_owned()
    });
    assert_eq!(of_ada, of_bob, "both objects point to it");
    let urls = [
        format!("{}/ada/media/photo.jpg", server.redirector_url()),
        format!("{}/bob/avatars/me.jpg", server.redirector_url()),
    ];
    for url in &urls {
        let (status, kind, body) = curl(url);
        assert_eq!((status.as_str(), kind.as_str()), ("200", "image/jpeg"));
        assert!(body == bytes, "{url} gives other bytes");
    }

    ok(aws(&server, &ada).args(["rm", "s3://ada/media/photo.jpg"]));
    // Longer than the grace period, and several collections.
    thread::sleep(Duration::from_secs(4));
    assert_eq!(curl(&urls[0]).0, "404", "the deleted object");
    let (status, kind, body) = curl(&urls[1]);
    assert_eq!((status.as_str(), kind.as_str()), ("200", "image/jpeg"));
    assert!(body == bytes, "the other member's picture");
    assert_eq!(files(&blobs).len(), 1, "the blob stays");

    boto3(
        &server,
        &bob,
        "bucket.Object('avatars/me.jpg').delete()",
        &[],
    );
    assert_eq!(curl(&urls[1]).0, "404", "the deleted object");
    let since = Instant::now();
    while !files(&blobs).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(30), "its bytes stay");
        thread::sleep(Duration::from_millis(100));
    }
}
