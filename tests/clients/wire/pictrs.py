"""What pict-rs up to 0.5.16 puts on the wire through rusty-s3: every request is signed in its query."""

import base64
import hashlib

import rp
from signing import V4, code_of, element, expect, path_of, presigned_v4

KEY = "01/8f/3a/b2/c4/d5/e6/f7/08/19/2a3b4c5d6e7f.webp"


def send(method, key=KEY, pairs=(), headers=None, body=None):
    return rp.fetch(presigned_v4(method, path_of(key), pairs), method, headers=headers, body=body)


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def test_health_check_and_one_file():
    expect(send("HEAD", None), 200, "HEAD of the bucket")
    body = rp.content(60_000, "pictrs")
    expect(send("PUT", headers={"Content-Type": "image/webp"}, body=body), 200, "PUT")
    head = expect(send("HEAD"), 200, "HEAD")
    rp.equal((head.header("content-length"), head.header("content-type")), ("60000", "image/webp"), "headers")
    back = expect(send("GET", headers={"Range": "bytes=0-"}), 206, "GET, always with a range")
    rp.same_bytes(back.body, body, "body")
    rp.equal(back.header("content-range"), "bytes 0-59999/60000", "Content-Range")
    rp.same_bytes(send("GET", headers={"Range": "bytes=100-199"}).body, body[100:200], "a range")
    expect(send("DELETE"), 204, "DELETE")
    expect(send("HEAD"), 404, "HEAD of what is gone")


def test_multipart_of_uneven_parts_and_an_empty_last():
    bodies = [rp.content(9 * rp.MIB + 17, "a"), rp.content(8 * rp.MIB + 3, "b"), b""]
    upload = element(
        expect(send("POST", pairs=[("uploads", "1")], headers={"Content-Type": "video/mp4"}), 200, "Create"), "UploadId"
    )
    etags = []
    for number, body in enumerate(bodies, 1):
        pairs = [("partNumber", str(number)), ("uploadId", upload)]
        answer = send(
            "PUT", pairs=pairs, headers={"Content-MD5": md5(body), "Content-Length": str(len(body))}, body=body
        )
        etags.append(expect(answer, 200, f"part {number}").header("ETag"))
    parts = "".join(f"<Part><ETag>{etag}</ETag><PartNumber>{n}</PartNumber></Part>" for n, etag in enumerate(etags, 1))
    xml = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    expect(send("POST", pairs=[("uploadId", upload)], body=xml), 200, "Complete")
    back = expect(send("GET", headers={"Range": "bytes=0-"}), 206, "GET")
    rp.same_bytes(back.body, b"".join(bodies), "body")
    expect(send("DELETE"), 204, "DELETE")


def test_abort():
    upload = element(expect(send("POST", pairs=[("uploads", "1")]), 200, "Create"), "UploadId")
    expect(send("PUT", pairs=[("partNumber", "1"), ("uploadId", upload)], body=b"x"), 200, "part")
    expect(send("DELETE", pairs=[("uploadId", upload)]), 204, "Abort")
    answer = send("PUT", pairs=[("partNumber", "1"), ("uploadId", upload)], body=b"x")
    expect(answer, 404, "a part after the abort", "NoSuchUpload")


def test_a_wrong_md5_of_a_part_is_refused():
    upload = element(expect(send("POST", pairs=[("uploads", "1")]), 200, "Create"), "UploadId")
    pairs = [("partNumber", "1"), ("uploadId", upload)]
    answer = send("PUT", pairs=pairs, headers={"Content-MD5": md5(b"other")}, body=b"part")
    expect(answer, 400, "a wrong MD5", "BadDigest")
    expect(send("DELETE", pairs=[("uploadId", upload)]), 204, "Abort")


def test_a_signature_counts_for_its_method_key_and_query_only():
    expect(send("PUT", "pictrs/signed", body=b"x"), 200, "PUT")
    get = presigned_v4("GET", path_of("pictrs/signed"))
    for method in ("PUT", "DELETE", "POST"):
        expect(rp.fetch(get, method, body=b"y"), 403, f"{method} by a GET's URL", "SignatureDoesNotMatch")
    expect(rp.fetch(get.replace("pictrs/signed", "pictrs/other")), 403, "another key", "SignatureDoesNotMatch")
    expect(rp.fetch(get + "&acl="), 403, "another query", "SignatureDoesNotMatch")
    expect(
        rp.fetch(get.replace("X-Amz-Expires=300", "X-Amz-Expires=9000")), 403, "another expiry", "SignatureDoesNotMatch"
    )
    wrong = presigned_v4("GET", path_of("pictrs/signed"), signer=V4(secret="wrong"))
    expect(rp.fetch(wrong), 403, "a wrong secret", "SignatureDoesNotMatch")
    expect(rp.fetch(get), 200, "the URL itself")


def test_expiry():
    signer = V4()
    late = signer.time[:8] + "T000000Z"
    if signer.time[9:15] > "001000":
        signer.time = late
        answer = rp.fetch(presigned_v4("GET", path_of("pictrs/signed"), expires=60, signer=signer))
        expect(answer, 403, "an expired URL", "AccessDenied")
    for expires in (0, -1, 604801, "x"):
        answer = rp.fetch(presigned_v4("GET", path_of("pictrs/signed"), expires=expires))
        rp.true(answer.status in (400, 403), f"expiry {expires}: {answer.status} {code_of(answer)}")
