"""What BookWyrm, Takahē and Funkwhale do through django-storages, with their own settings."""

import io

import rp
from s3 import S3, client, refused


def test_bookwyrm_saves_a_cover():
    """Looks whether the name is free, uploads with its ACL and cache header, serves it to the world."""
    key = "images/covers/1234abcd.jpg"
    refused("404", 404, S3.head_object, Bucket=rp.BUCKET, Key=key)
    extra = {"ACL": "public-read", "CacheControl": "max-age=86400", "ContentType": "image/jpeg"}
    S3.upload_fileobj(io.BytesIO(rp.content(90_000, "cover")), rp.BUCKET, key, ExtraArgs=extra)
    facts = S3.head_object(Bucket=rp.BUCKET, Key=key)
    rp.equal((facts["CacheControl"], facts["ContentType"]), ("max-age=86400", "image/jpeg"), "headers")
    rp.same_bytes(rp.browse(rp.public_url(key)).body, rp.content(90_000, "cover"), "what the world reads")


def test_bookwyrm_collects_static_files():
    for name, kind in [
        ("css/bookwyrm.css", "text/css"),
        ("js/bookwyrm.js", "text/javascript"),
        ("logo.svg", "image/svg+xml"),
    ]:
        extra = {"ACL": "public-read", "CacheControl": "max-age=86400", "ContentType": kind}
        S3.upload_fileobj(io.BytesIO(name.encode()), rp.BUCKET, f"static/{name}", ExtraArgs=extra)
    listed = S3.list_objects(Bucket=rp.BUCKET, Prefix="static/", Delimiter="/")
    rp.equal([p["Prefix"] for p in listed["CommonPrefixes"]], ["static/css/", "static/js/"], "directories")
    rp.equal([o["Key"] for o in listed["Contents"]], ["static/logo.svg"], "files")


def test_bookwyrm_exports_privately():
    key = "exports/archive.tar.gz"
    S3.put_object(Bucket=rp.BUCKET, Key=key, Body=b"archive", ACL="private")
    url = S3.generate_presigned_url("get_object", Params={"Bucket": rp.BUCKET, "Key": key}, ExpiresIn=900)
    rp.equal(rp.fetch(url).body, b"archive", "by its presigned URL")
    rp.equal(rp.browse(rp.public_url(key)).status, 403, "without")


def test_takahe_stores_webp_inline():
    key = "attachments/2026/11/23/abc.webp"
    S3.put_object(
        Bucket=rp.BUCKET, Key=key, Body=b"RIFF....WEBP", ContentType="image/webp", ContentDisposition="inline"
    )
    facts = S3.head_object(Bucket=rp.BUCKET, Key=key)
    rp.equal((facts["ContentDisposition"], facts["ContentType"]), ("inline", "image/webp"), "headers")


def test_funkwhale_streams_music_by_presigned_ranges():
    music = client(signature_version="s3v4", region="garage")
    body = rp.content(9 * rp.MIB, "music")
    music.upload_fileobj(io.BytesIO(body), rp.BUCKET, "funkwhale/tracks/1.flac", ExtraArgs={"ACL": "private"})
    url = music.generate_presigned_url(
        "get_object", Params={"Bucket": rp.BUCKET, "Key": "funkwhale/tracks/1.flac"}, ExpiresIn=3600
    )
    for start in (0, 4_000_000, 9_000_000):
        answer = rp.fetch(url, headers={"Range": f"bytes={start}-"})
        rp.equal(answer.status, 206, "status")
        rp.same_bytes(answer.body, body[start:], f"from {start}")
