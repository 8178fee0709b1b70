"""What GoToSocial puts on the wire through minio-go: over plain HTTP every body comes in signed chunks."""

import base64
import hashlib
import urllib.parse
import zlib

import rp
from signing import V4, code_of, element, expect, path_of, send_v4, signed_headers, url_of

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KEY = "01F8MH1H7YV1Z7D2C8K2730QBF/attachment/original/01F8MH6NEM8D7527KZAECTCR76.jpg"


def put_chunks(key, body, pairs=(), chunk=64 * rp.KIB, spoil=None, decoded=None, more=None):
    """A PUT in signed chunks. `spoil` may change the list of framed chunks before it is sent."""
    signer, path = V4(), path_of(key)
    headers = {
        "Content-Type": "image/jpeg",
        "X-Amz-Decoded-Content-Length": str(len(body) if decoded is None else decoded),
    }
    headers, previous = signed_headers(signer, "PUT", path, pairs, headers | (more or {}), SIGNED)
    framed = []
    for data in [body[at : at + chunk] for at in range(0, len(body), chunk)] + [b""]:
        previous = signer.chunk_signature(previous, data)
        framed.append(f"{len(data):x};chunk-signature={previous}\r\n".encode() + data + b"\r\n")
    if spoil:
        spoil(framed)
    return rp.fetch(url_of(path, pairs), "PUT", headers=headers, body=b"".join(framed))


def put_trailer(key, body, payload_hash, value=None, spoil=b""):
    """A PUT with a CRC32 in its trailer, in signed or unsigned chunks."""
    signer, path = V4(), path_of(key)
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": str(len(body)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    headers, previous = signed_headers(signer, "PUT", path, (), headers, payload_hash)
    crc = value or base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    framed = b""
    for data in (body, b"") if body else (b"",):
        previous = signer.chunk_signature(previous, data)
        mark = f";chunk-signature={previous}" if payload_hash == SIGNED_TRAILER else ""
        framed += f"{len(data):x}{mark}\r\n".encode() + data + (b"\r\n" if data else b"")
    framed += f"x-amz-checksum-crc32:{crc}\r\n".encode()
    if payload_hash == SIGNED_TRAILER:
        mark = signer.trailer_signature(previous, f"x-amz-checksum-crc32:{crc}\n")
        framed += f"x-amz-trailer-signature:{mark}\r\n".encode()
    return rp.fetch(url_of(path), "PUT", headers=headers, body=framed + b"\r\n" + spoil)


def get(key, **more):
    return send_v4("GET", path_of(key), **more)


def test_start():
    """Asks for the location with us-east-1, looks for the bucket, puts and deletes its zero-byte probe."""
    answer = expect(send_v4("GET", path_of(), [("location", "")]), 200, "GetBucketLocation")
    rp.true(b"LocationConstraint" in answer.body, "a location")
    expect(send_v4("HEAD", path_of(), region="garage"), 200, "HeadBucket")
    expect(put_chunks("gotosocial-csp-probe", b""), 200, "the probe")
    expect(send_v4("DELETE", path_of("gotosocial-csp-probe")), 204, "its deletion")


def test_every_file_is_a_multipart_upload():
    for size in (1, 3_000, 65_536, 200_000, 5 * rp.MIB + 1):
        body = rp.content(size, "gts")
        pairs = [("uploads", "")]
        answer = expect(send_v4("POST", path_of(KEY), pairs, {"Content-Type": "image/jpeg"}), 200, "Create")
        upload, etags = element(answer, "UploadId"), []
        for number, at in enumerate(range(0, size, 5 * rp.MIB), 1):
            part = put_chunks(KEY, body[at : at + 5 * rp.MIB], [("partNumber", str(number)), ("uploadId", upload)])
            etags.append(expect(part, 200, "UploadPart").header("ETag"))
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e in enumerate(etags, 1))
        xml = f'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{parts}</CompleteMultipartUpload>'
        done = send_v4("POST", path_of(KEY), [("uploadId", upload)], body=xml.encode())
        expect(done, 200, "Complete")
        rp.true(b"<Error>" not in done.body, "an error in a 200")
        back = expect(get(KEY), 200, "GET")
        rp.same_bytes(back.body, body, f"{size} bytes")
        rp.equal(back.header("content-type"), "image/jpeg", "type")


def test_deletes_after_a_look():
    expect(put_chunks("gts/to-delete", b"x"), 200, "PUT")
    expect(send_v4("HEAD", path_of("gts/to-delete")), 200, "HEAD")
    expect(send_v4("DELETE", path_of("gts/to-delete")), 204, "DELETE")
    expect(send_v4("HEAD", path_of("gts/to-delete")), 404, "HEAD of what is gone")
    expect(get("gts/to-delete"), 404, "GET of what is gone", "NoSuchKey")


def test_lists_with_every_parameter_there():
    for name in ("a b", "c+d", "ü"):
        expect(put_chunks(f"gts-list/{name}", b"x"), 200, "PUT")
    found, token = [], ""
    while True:
        pairs = [("continuation-token", token)] if token else []
        pairs += [
            ("delimiter", ""),
            ("encoding-type", "url"),
            ("fetch-owner", "true"),
            ("list-type", "2"),
            ("max-keys", "2"),
            ("prefix", "gts-list/"),
        ]
        page = expect(send_v4("GET", path_of(), pairs), 200, "listing")
        found += [key.split("</Key>")[0] for key in page.body.decode().split("<Key>")[1:]]
        if element(page, "IsTruncated") == "false":
            break
        token = element(page, "NextContinuationToken")
    rp.equal([urllib.parse.unquote_plus(key) for key in found], ["gts-list/a b", "gts-list/c+d", "gts-list/ü"], "keys")
    rp.true("gts-list/c%2Bd" in found, f"a plus sign in URL encoding: {found}")


def test_a_chunk_that_was_tampered_with_stores_nothing():
    body = rp.content(200_000, "tampered")

    def flip(at):
        def spoil(framed):
            middle = len(framed[at]) // 2
            framed[at] = framed[at][:middle] + bytes([framed[at][middle] ^ 1]) + framed[at][middle + 1 :]

        return spoil

    for at in (0, 1, 3):
        expect(put_chunks("gts/tampered", body, spoil=flip(at)), 403, f"chunk {at}", "SignatureDoesNotMatch")
    expect(put_chunks("gts/tampered", body, spoil=lambda f: f.insert(1, f.pop(0))), 403, "swapped chunks")
    wrong = put_chunks("gts/tampered", body, spoil=lambda f: f.pop())
    rp.true(wrong.status == 400, f"no last chunk: {wrong.status} {code_of(wrong)}")
    wrong = put_chunks("gts/tampered", body, decoded=len(body) - 1)
    rp.true(wrong.status == 400, f"another length: {wrong.status} {code_of(wrong)}")
    expect(get("gts/tampered"), 404, "after all of these", "NoSuchKey")


def test_framing_that_makes_no_sense_stores_nothing():
    for framed in (
        b"zz;chunk-signature=0\r\n",
        b"5\r\nhello\r\n",
        b"ffffffffffffffffff;chunk-signature=0\r\n",
        b"\r\n\r\n",
    ):
        answer = put_chunks("gts/framing", b"hello", spoil=lambda f: f.__setitem__(slice(None), [framed]))
        rp.true(answer.status in (400, 403), f"{framed!r}: {answer.status} {code_of(answer)}")
    expect(get("gts/framing"), 404, "after all of these", "NoSuchKey")


def test_trailers_signed_and_not():
    body = rp.content(150_000, "trailer")
    for payload_hash in (SIGNED_TRAILER, UNSIGNED_TRAILER):
        key = f"gts/{payload_hash}"
        for data in (body, b""):
            expect(put_trailer(key, data, payload_hash), 200, payload_hash)
            back = get(key, headers={"x-amz-checksum-mode": "ENABLED"})
            rp.same_bytes(back.body, data, payload_hash)
            rp.equal(back.header("content-encoding"), None, "content encoding")
            crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
            rp.equal(back.header("x-amz-checksum-crc32"), crc, "checksum")
        wrong = put_trailer(f"{key}-wrong", body, payload_hash, value="AAAAAA==")
        expect(wrong, 400, "a wrong checksum", "BadDigest")
        expect(get(f"{key}-wrong"), 404, "after a wrong checksum", "NoSuchKey")


def test_the_hash_of_the_whole_body_is_checked():
    wrong = hashlib.sha256(b"other").hexdigest()
    answer = send_v4("PUT", path_of("gts/hash"), body=b"body", payload_hash=wrong)
    expect(answer, 400, "a wrong hash", "XAmzContentSHA256Mismatch")
    expect(send_v4("PUT", path_of("gts/hash"), body=b"body", payload_hash="UNSIGNED-PAYLOAD"), 200, "an unsigned body")
    answer = send_v4("PUT", path_of("gts/hash"), body=b"body", payload_hash="nonsense")
    rp.true(answer.status in (400, 403), f"a hash of nonsense: {answer.status}")
