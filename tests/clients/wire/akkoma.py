"""What Akkoma and Pleroma put on the wire through ex_aws: a multipart upload for every file, however small."""

import rp
from signing import element, expect, path_of, send_v4

KEY = "6a8b1c9e0d3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f901234567.png"


def send(method, key=KEY, pairs=(), headers=None, body=b""):
    """As ex_aws: Content-Length is among the signed headers."""
    return send_v4(method, path_of(key), pairs, {"Content-Length": str(len(body))} | (headers or {}), body)


def upload(key, bodies, headers):
    """Create with `?uploads=1`, each part, and a Complete without a namespace and with plain quotes."""
    created = expect(send("POST", key, [("uploads", "1")], headers), 200, "Create")
    upload_id, etags = element(created, "UploadId"), []
    for number, body in enumerate(bodies, 1):
        pairs = [("partNumber", str(number)), ("uploadId", upload_id)]
        etags.append(expect(send("PUT", key, pairs, body=body), 200, "UploadPart").header("ETag"))
    parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in enumerate(etags, 1))
    xml = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    return expect(send("POST", key, [("uploadId", upload_id)], body=xml), 200, "Complete")


def test_a_tiny_file():
    for body in (b"x", rp.PNG, rp.content(9_000, "akkoma")):
        upload(KEY, [body], {"Content-Type": "image/png", "x-amz-acl": "public-read"})
        back = rp.browse(rp.public_url(KEY))
        rp.equal(back.status, 200, "status for the world")
        rp.same_bytes(back.body, body, "what the world reads")
    head = expect(send_v4("HEAD", path_of(KEY)), 200, "HEAD")
    rp.equal(head.header("content-type"), "image/png", "type")


def test_a_large_file():
    bodies = [rp.content(5 * rp.MIB, n) for n in range(2)] + [b"the rest"]
    upload("large file+ü.mp4", bodies, {"Content-Type": "video/mp4", "x-amz-acl": "public-read"})
    back = rp.browse(rp.public_url("large file+ü.mp4"), headers={"Range": "bytes=5242870-5242889"})
    rp.equal(back.status, 206, "status for the world")
    rp.same_bytes(back.body, bodies[0][-10:] + bodies[1][:10], "a range across two parts")


def test_without_streaming():
    headers = {"Content-Type": "image/png", "x-amz-acl": "public-read"}
    expect(send("PUT", "plain.png", headers=headers, body=rp.PNG), 200, "PUT")
    rp.same_bytes(rp.browse(rp.public_url("plain.png")).body, rp.PNG, "what the world reads")


def test_deletion_answers_204_also_for_what_is_gone():
    upload(KEY, [b"x"], {"Content-Type": "image/png"})
    for _ in range(2):
        expect(send("DELETE"), 204, "DELETE")
    rp.equal(rp.browse(rp.public_url(KEY)).status, 404, "status for the world")


def test_nothing_is_answered_by_a_redirect():
    for key in ("", None):
        answer = send_v4("GET", path_of(key), [("list-type", "2")])
        rp.true(answer.status == 200, f"status {answer.status}")
