"""What Mastodon 4.6 puts on the wire through an aws-sdk-s3 newer than Debian's: CRC32 in the place of MD5."""

import base64
import zlib

import rp
from signing import element, expect, path_of, send_v4

PART = 5 * rp.MIB


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def checked(body, more=None):
    """The headers of a body that comes with its CRC32."""
    declared = {"x-amz-sdk-checksum-algorithm": "CRC32", "x-amz-checksum-crc32": crc32(body)}
    return declared | {"amz-sdk-invocation-id": "5a2b", "x-amz-user-agent": "aws-sdk-ruby3"} | (more or {})


def upload(key, bodies):
    """A multipart upload that declares CRC32s throughout; the answer to its completion."""
    path = path_of(key)
    headers = {"x-amz-checksum-algorithm": "CRC32", "x-amz-acl": "public-read", "Content-Type": "video/mp4"}
    upload_id = element(expect(send_v4("POST", path, [("uploads", "")], headers), 200, "Create"), "UploadId")
    parts = ""
    for number, body in enumerate(bodies, 1):
        pairs = [("partNumber", str(number)), ("uploadId", upload_id)]
        sent = expect(send_v4("PUT", path, pairs, checked(body), body, "UNSIGNED-PAYLOAD"), 200, "UploadPart")
        rp.equal(sent.header("x-amz-checksum-crc32"), crc32(body), "checksum of the part")
        parts += f"<Part><ETag>{sent.header('ETag')}</ETag><ChecksumCRC32>{crc32(body)}</ChecksumCRC32>"
        parts += f"<PartNumber>{number}</PartNumber></Part>"
    xml = f'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{parts}</CompleteMultipartUpload>'
    size = {"x-amz-mp-object-size": str(sum(map(len, bodies)))}
    return expect(send_v4("POST", path, [("uploadId", upload_id)], size, xml.encode()), 200, "Complete")


def test_saves_with_crc32():
    body = rp.content(60_000, "mastodon")
    for payload_hash in (None, "UNSIGNED-PAYLOAD"):
        headers = checked(body, {"x-amz-acl": "public-read", "Cache-Control": "public, max-age=315576000, immutable"})
        expect(send_v4("PUT", path_of("m46/one.png"), (), headers, body, payload_hash), 200, "PUT")
        rp.same_bytes(rp.browse(rp.public_url("m46/one.png")).body, body, "what the world reads")
    wrong = send_v4("PUT", path_of("m46/wrong.png"), (), checked(b"other"), body)
    expect(wrong, 400, "a wrong CRC32", "BadDigest")
    expect(send_v4("GET", path_of("m46/wrong.png")), 404, "after it", "NoSuchKey")


def test_downloads_what_it_uploaded_in_parts():
    bodies = [rp.content(PART, n) for n in range(2)] + [b"the end"]
    body, key = b"".join(bodies), "m46/video.mp4"
    upload(key, bodies)
    head = expect(send_v4("HEAD", path_of(key), [("partNumber", "1")]), 206, "HEAD of part 1")
    rp.equal(head.header("content-length"), str(PART), "length of part 1")
    etag = send_v4("HEAD", path_of(key)).header("ETag")
    for start in range(0, len(body), PART):
        end = min(start + PART, len(body)) - 1
        wanted = {"If-Match": etag, "Range": f"bytes={start}-{end}", "x-amz-checksum-mode": "ENABLED"}
        part = expect(send_v4("GET", path_of(key), headers=wanted), 206, "a range")
        rp.equal(part.header("content-range"), f"bytes {start}-{end}/{len(body)}", "Content-Range")
        rp.same_bytes(part.body, body[start : end + 1], "body")
    other = {"If-Match": '"other"', "Range": "bytes=0-9"}
    expect(send_v4("GET", path_of(key), headers=other), 412, "If-Match of another object", "PreconditionFailed")


def test_another_size_than_declared_is_not_completed():
    path = path_of("m46/short.mp4")
    upload_id = element(send_v4("POST", path, [("uploads", "")]), "UploadId")
    sent = send_v4("PUT", path, [("partNumber", "1"), ("uploadId", upload_id)], body=b"part")
    xml = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{sent.header('ETag')}</ETag></Part></CompleteMultipartUpload>"
    answer = send_v4("POST", path, [("uploadId", upload_id)], {"x-amz-mp-object-size": "5"}, xml.encode())
    rp.true(answer.status == 400, f"another size: {answer.status} {answer.body[:200]!r}")
    expect(send_v4("DELETE", path, [("uploadId", upload_id)]), 204, "Abort")


def test_acl_and_bulk_deletes_take_either_digest():
    for name in ("a", "b"):
        expect(send_v4("PUT", path_of(f"m46/bulk/{name}"), body=b"x"), 200, "PUT")
    acl = checked(b"", {"x-amz-acl": "private"})
    expect(send_v4("PUT", path_of("m46/bulk/a"), [("acl", "")], acl), 200, "PutObjectAcl")
    rp.equal(rp.browse(rp.public_url("m46/bulk/a")).status, 403, "status for the world")
    objects = "".join(f"<Object><Key>m46/bulk/{name}</Key></Object>" for name in ("a", "b", "absent"))
    xml = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
    wrong = send_v4("POST", path_of(), [("delete", "")], checked(b"other"), xml)
    expect(wrong, 400, "a wrong CRC32", "BadDigest")
    answer = expect(send_v4("POST", path_of(), [("delete", "")], checked(xml), xml), 200, "DeleteObjects")
    rp.true(b"<Error>" not in answer.body and b"<Deleted>" not in answer.body, f"a quiet answer: {answer.body}")
    expect(send_v4("HEAD", path_of("m46/bulk/b")), 404, "HEAD of what was deleted")
