"""What Friendica puts on the wire through akeeba/s3: signatures of version 2 in the header, private objects."""

import base64
import hashlib

import rp
from signing import element, expect, path_of, send_v2

KEY = "ab/cd/ef0123456789abcdef0123456789abcdef"


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def test_settings_are_saved():
    """The bucket has to be in ListBuckets, and a listing of version 1 has to work."""
    answer = expect(send_v2("GET", "/"), 200, "ListBuckets")
    rp.true(f"<Name>{rp.BUCKET}</Name>" in answer.body.decode(), "the bucket is listed")
    answer = expect(send_v2("GET", path_of(), [("max-keys", "2")]), 200, "ListObjects")
    rp.equal(element(answer, "Name"), rp.BUCKET, "the listing's bucket")


def test_a_picture_is_kept_read_and_deleted():
    body = rp.content(70_000, "friendica")
    headers = {"Content-MD5": md5(body), "Content-Type": "application/octet-stream", "x-amz-acl": "private"}
    expect(send_v2("PUT", path_of(KEY), headers=headers, body=body), 200, "PUT")
    rp.same_bytes(expect(send_v2("GET", path_of(KEY)), 200, "GET").body, body, "body")
    rp.equal(rp.browse(rp.public_url(KEY)).status, 403, "what the world reads of a private object")
    for _ in range(2):
        expect(send_v2("DELETE", path_of(KEY)), 204, "DELETE, also of what is gone")
    expect(send_v2("GET", path_of(KEY)), 404, "GET of what is gone", "NoSuchKey")


def test_refusals():
    body = b"picture"
    answer = send_v2("PUT", path_of("friendica/x"), headers={"Content-MD5": md5(b"other")}, body=body)
    expect(answer, 400, "a wrong MD5", "BadDigest")
    expect(
        send_v2("PUT", path_of("friendica/x"), body=body, secret="wrong"),
        403,
        "a wrong secret",
        "SignatureDoesNotMatch",
    )
    old = {"Date": "Mon, 05 Oct 2015 10:00:00 GMT"}
    expect(send_v2("PUT", path_of("friendica/x"), headers=old, body=body), 403, "an old date", "RequestTimeTooSkewed")
    expect(send_v2("GET", path_of("friendica/x")), 404, "after all of these", "NoSuchKey")


def test_x_amz_date_stands_for_the_date():
    import datetime

    now = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer = send_v2("PUT", path_of("friendica/dated"), headers={"Date": "", "x-amz-date": now}, body=b"x")
    expect(answer, 200, "PUT")
