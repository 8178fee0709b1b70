"""Objects: writing, reading, ranges, conditions, copies, deletion."""

import hashlib
from datetime import datetime, timedelta, timezone

import rp
from s3 import S3, get, head, knows, put, refused


def test_put_get_head():
    body = rp.content(100_000)
    etag = put("objects/plain.bin", body, ContentType="image/png")["ETag"]
    rp.equal(etag, f'"{hashlib.md5(body).hexdigest()}"', "ETag")
    rp.same_bytes(get("objects/plain.bin"), body, "body")
    facts = head("objects/plain.bin")
    rp.equal(facts["ContentLength"], len(body), "length")
    rp.equal(facts["ContentType"], "image/png", "type")
    rp.equal(facts["ETag"], etag, "ETag of HEAD")
    age = datetime.now(timezone.utc) - facts["LastModified"]
    rp.true(abs(age) < timedelta(minutes=2), f"last modified {age} ago")


def test_empty_object():
    put("objects/empty", b"")
    rp.equal(head("objects/empty")["ContentLength"], 0, "length")
    rp.same_bytes(get("objects/empty"), b"", "body")


def test_overwrite_is_seen_at_once():
    for turn in range(20):
        put("objects/turns", f"turn {turn}".encode(), ContentType=f"text/x-{turn}")
        rp.equal(get("objects/turns"), f"turn {turn}".encode(), "body")
        rp.equal(head("objects/turns")["ContentType"], f"text/x-{turn}", "type")


def test_headers_belong_to_the_object_and_not_to_its_bytes():
    given = {
        "CacheControl": "public, max-age=315576000, immutable",
        "ContentDisposition": "inline; filename=\"a.png\"; filename*=UTF-8''%E3%81%82.png",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de, en",
        "ContentType": "image/webp",
        "Metadata": {"author": "someone", "note": "two words"},
    }
    expires = datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    put("objects/headers-1", b"the same bytes", Expires=expires, **given)
    put("objects/headers-2", b"the same bytes", ContentType="audio/ogg")
    facts = head("objects/headers-1")
    for name, value in given.items():
        rp.equal(facts[name], value, name)
    rp.equal(facts["Expires"], expires, "Expires")
    other = head("objects/headers-2")
    rp.equal(other["ContentType"], "audio/ogg", "type of the second")
    rp.equal(other["Metadata"], {}, "metadata of the second")
    rp.true("CacheControl" not in other, "the second has the first's Cache-Control")


def test_ranges():
    body = rp.content(10_000, "range")
    put("objects/range", body)

    def part(value):
        return S3.get_object(Bucket=rp.BUCKET, Key="objects/range", Range=value)

    for value, start, end in [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=9000-", 9000, 9999),
        ("bytes=0-", 0, 9999),
        ("bytes=-500", 9500, 9999),
        ("bytes=-20000", 0, 9999),
        ("bytes=9990-10000", 9990, 9999),
        ("bytes=0-99999999", 0, 9999),
    ]:
        answer = part(value)
        rp.equal(answer["ResponseMetadata"]["HTTPStatusCode"], 206, f"{value}: status")
        rp.equal(answer["ContentRange"], f"bytes {start}-{end}/10000", f"{value}: Content-Range")
        rp.same_bytes(answer["Body"].read(), body[start : end + 1], value)
    refused("InvalidRange", 416, part, "bytes=10000-")
    rp.equal(part("bytes=nonsense")["ResponseMetadata"]["HTTPStatusCode"], 200, "a range of nonsense")


def test_conditional_reads():
    etag = put("objects/conditions", b"v1")["ETag"]
    at = head("objects/conditions")["LastModified"]
    where = {"Bucket": rp.BUCKET, "Key": "objects/conditions"}
    rp.equal(S3.get_object(**where, IfMatch=etag)["Body"].read(), b"v1", "If-Match")
    refused("PreconditionFailed", 412, S3.get_object, **where, IfMatch='"other"')
    refused("304", 304, S3.get_object, **where, IfNoneMatch=etag)
    refused("304", 304, S3.head_object, **where, IfNoneMatch=etag)
    refused("304", 304, S3.get_object, **where, IfModifiedSince=at + timedelta(hours=1))
    refused("PreconditionFailed", 412, S3.get_object, **where, IfUnmodifiedSince=at - timedelta(hours=1))
    S3.get_object(**where, IfMatch=etag, Range="bytes=0-1")


def test_conditional_writes():
    if not knows("PutObject", "IfNoneMatch"):
        return
    S3.delete_object(Bucket=rp.BUCKET, Key="objects/once")
    etag = put("objects/once", b"v1", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", 412, put, "objects/once", b"v2", IfNoneMatch="*")
    rp.equal(get("objects/once"), b"v1", "body after the refusal")
    if knows("PutObject", "IfMatch"):
        refused("PreconditionFailed", 412, put, "objects/once", b"v3", IfMatch='"other"')
        refused("NoSuchKey", 404, put, "objects/absent", b"v3", IfMatch=etag)
        put("objects/once", b"v3", IfMatch=etag)
        rp.equal(get("objects/once"), b"v3", "body")


def test_response_overrides():
    put("objects/overrides", b"x", ContentType="text/plain")
    answer = S3.get_object(
        Bucket=rp.BUCKET,
        Key="objects/overrides",
        ResponseContentType="video/mp4",
        ResponseContentDisposition='attachment; filename="video.mp4"',
        ResponseCacheControl="no-store",
        ResponseContentLanguage="fr",
        ResponseContentEncoding="identity",
        ResponseExpires=datetime(2030, 1, 1, tzinfo=timezone.utc),
    )
    rp.equal(answer["ContentType"], "video/mp4", "type")
    rp.equal(answer["ContentDisposition"], 'attachment; filename="video.mp4"', "disposition")
    rp.equal(answer["CacheControl"], "no-store", "cache control")
    rp.equal(answer["ContentLanguage"], "fr", "language")


def test_copies():
    source = {"Bucket": rp.BUCKET, "Key": "objects/copy source +%.bin"}
    etag = put(source["Key"], b"copied", ContentType="image/gif", Metadata={"a": "1"})["ETag"]
    to = {"Bucket": rp.BUCKET, "Key": "objects/copy"}
    answer = S3.copy_object(**to, CopySource=source)
    rp.equal(answer["CopyObjectResult"]["ETag"], etag, "ETag of the copy")
    rp.equal(head("objects/copy")["ContentType"], "image/gif", "type comes along")
    rp.equal(head("objects/copy")["Metadata"], {"a": "1"}, "metadata comes along")
    S3.copy_object(**to, CopySource=source, MetadataDirective="REPLACE", ContentType="image/png", Metadata={"b": "2"})
    rp.equal(head("objects/copy")["ContentType"], "image/png", "type is replaced")
    rp.equal(head("objects/copy")["Metadata"], {"b": "2"}, "metadata is replaced")
    S3.copy_object(**to, CopySource=source, CopySourceIfMatch=etag)
    refused("PreconditionFailed", 412, S3.copy_object, **to, CopySource=source, CopySourceIfNoneMatch=etag)
    refused("InvalidRequest", 400, S3.copy_object, Bucket=rp.BUCKET, Key=source["Key"], CopySource=source)
    refused("NoSuchKey", 404, S3.copy_object, **to, CopySource={"Bucket": rp.BUCKET, "Key": "objects/absent"})
    elsewhere = {"Bucket": rp.OTHER_BUCKET, "Key": "objects/absent"}
    refused("AccessDenied", 403, S3.copy_object, **to, CopySource=elsewhere)


def test_object_attributes():
    body = rp.content(5_000, "attributes")
    etag = put("objects/attributes", body)["ETag"].strip('"')
    facts = S3.get_object_attributes(
        Bucket=rp.BUCKET, Key="objects/attributes", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"]
    )
    rp.equal(facts["ETag"], etag, "ETag")
    rp.equal(facts["ObjectSize"], 5_000, "size")


def test_deletes():
    put("objects/gone")
    for _ in range(2):
        answer = S3.delete_object(Bucket=rp.BUCKET, Key="objects/gone")
        rp.equal(answer["ResponseMetadata"]["HTTPStatusCode"], 204, "deletion, also of what is gone")
    refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key="objects/gone")
    refused("404", 404, S3.head_object, Bucket=rp.BUCKET, Key="objects/gone")


def test_bulk_delete():
    keys = [f"objects/bulk/{n:03}" for n in range(50)] + ["objects/bulk/<&>'\"😀.txt", "objects/bulk/ a  b "]
    for key in keys:
        put(key)
    listed = [{"Key": key} for key in keys]
    gone = S3.delete_objects(Bucket=rp.BUCKET, Delete={"Objects": listed[:10]})
    rp.equal(sorted(d["Key"] for d in gone["Deleted"]), sorted(keys[:10]), "what was deleted")
    quiet = S3.delete_objects(Bucket=rp.BUCKET, Delete={"Objects": listed, "Quiet": True})
    rp.true("Deleted" not in quiet and "Errors" not in quiet, f"a quiet answer: {quiet}")
    rest = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="objects/bulk/")
    rp.equal(rest["KeyCount"], 0, "what is left")
    many = [{"Key": f"objects/bulk/{n}"} for n in range(1001)]
    refused("MalformedXML", 400, S3.delete_objects, Bucket=rp.BUCKET, Delete={"Objects": many})
