"""What Pixelfed and Mbin put on the wire through aws-sdk-php and Flysystem, beyond what other clients do."""

import rp
from signing import element, expect, path_of, send_v4


def put(key, acl="public-read"):
    expect(
        send_v4("PUT", path_of(key), headers={"x-amz-acl": acl, "Content-Type": "image/jpeg"}, body=b"photo"),
        200,
        "PUT",
    )


def test_looks_whether_a_directory_exists():
    put("public/m/_v2/1/a/photo.jpg")
    for prefix, found in [("public/m/", "1"), ("public/n/", "0")]:
        pairs = [("delimiter", "/"), ("list-type", "2"), ("max-keys", "1"), ("prefix", prefix)]
        rp.equal(element(expect(send_v4("GET", path_of(), pairs), 200, "listing"), "KeyCount"), found, prefix)


def test_moves_a_file_with_its_visibility():
    """Reads the source's ACL, copies with it, deletes the source."""
    for acl, status in [("public-read", 200), ("private", 403)]:
        put("fly/from.jpg", acl)
        grants = expect(send_v4("GET", path_of("fly/from.jpg"), [("acl", "")]), 200, "GetObjectAcl").body
        rp.equal(b"/global/AllUsers" in grants, acl == "public-read", f"grants of {acl}")
        headers = {
            "x-amz-copy-source": f"/{rp.BUCKET}/fly/from.jpg",
            "x-amz-acl": acl,
            "x-amz-metadata-directive": "COPY",
        }
        expect(send_v4("PUT", path_of("fly/to.jpg"), headers=headers), 200, "CopyObject")
        expect(send_v4("DELETE", path_of("fly/from.jpg")), 204, "DELETE")
        answer = rp.browse(rp.public_url("fly/to.jpg"))
        rp.equal(answer.status, status, f"status for the world of {acl}")


def test_remote_media_is_looked_at_by_head_across_the_redirect():
    put("fly/remote.jpg")
    url = rp.public_url("fly/remote.jpg")
    for _ in range(3):
        answer = rp.fetch(url, "HEAD")
        if answer.status not in (301, 302, 307, 308):
            break
        url = answer.header("location")
    rp.equal(answer.status, 200, "status")
    rp.equal(answer.header("content-length"), "5", "Content-Length")
    rp.true(answer.header("content-type"), "a Content-Type")


def test_finds_orphans_by_a_deep_listing():
    for name in ("aa/bb/1.jpg", "aa/cc/2.jpg", "ab/3.jpg"):
        put(f"deep/{name}")
    answer = expect(send_v4("GET", path_of(), [("list-type", "2"), ("prefix", "deep/")]), 200, "listing")
    keys = [key.split("</Key>")[0] for key in answer.body.decode().split("<Key>")[1:]]
    rp.equal(keys, ["deep/aa/bb/1.jpg", "deep/aa/cc/2.jpg", "deep/ab/3.jpg"], "keys, and no directories")
