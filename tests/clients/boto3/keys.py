"""Keys with every odd character: written, read, listed, presigned and deleted."""

import urllib.parse

import rp
from s3 import S3, get, put, refused

ODD = [
    "keys/plain.txt",
    "keys/a b  c.txt",
    "keys/plus+plus",
    "keys/%41 is not A",
    "keys/%2F",
    "keys/100%",
    "keys/!'()*",
    "keys/a&b=c?d#e;f:g@h$i,j",
    'keys/<xml>&"quotes"</xml>',
    "keys/..",
    "keys/../up",
    "keys/a/../../b",
    "keys/./dot",
    "keys//double//slash",
    "keys/folder/",
    "keys/backslash\\back",
    "keys/[brackets]{braces}|^`~",
    "keys/ümläut",
    "keys/u\u0308 combining",
    "keys/日本語.png",
    "keys/emoji 😀👩‍👩‍👧.webp",
    "keys/tab\tnewline\nreturn\r",
    "keys/\x01\x1f\x7f",
    "keys/\u2028\ufffd\U0010fffd",
    "keys/-rf",
]
SHORT = ["/", "//", "/leading", "..", ".", "*", "+", " ", "%", "?", "#", "\x01"]


def test_odd_keys_are_written_read_and_deleted():
    for key in ODD + SHORT:
        try:
            body = b"body of " + key.encode()
            put(key, body)
            rp.equal(get(key), body, "body")
        except Exception as error:
            raise AssertionError(f"key {key!r}: {error}") from error
    for key in ODD + SHORT:
        rp.equal(get(key), b"body of " + key.encode(), f"{key!r} after the others were written")
    for key in SHORT:
        S3.delete_object(Bucket=rp.BUCKET, Key=key)
        refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key=key)


def test_odd_keys_are_listed_in_the_order_of_their_bytes():
    for key in ODD:
        put(key)
    expected = sorted(ODD, key=lambda key: key.encode())
    for list_objects in (S3.list_objects, S3.list_objects_v2):
        answer = list_objects(Bucket=rp.BUCKET, Prefix="keys/")
        rp.equal([o["Key"] for o in answer["Contents"]], expected, "keys")
    paged = []
    for page in S3.get_paginator("list_objects_v2").paginate(
        Bucket=rp.BUCKET, Prefix="keys/", PaginationConfig={"PageSize": 3}
    ):
        paged += [o["Key"] for o in page["Contents"]]
    rp.equal(paged, expected, "keys by pages")


def test_odd_keys_are_deleted_in_bulk():
    for key in ODD:
        put(key)
    plain = [key for key in ODD if key.isprintable()]
    gone = S3.delete_objects(Bucket=rp.BUCKET, Delete={"Objects": [{"Key": key} for key in plain]})
    rp.equal(sorted(d["Key"] for d in gone["Deleted"]), sorted(plain), "what was deleted")
    for key in set(ODD) - set(plain):
        S3.delete_object(Bucket=rp.BUCKET, Key=key)
    rp.equal(S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="keys/")["KeyCount"], 0, "what is left")


def test_odd_keys_are_public_where_the_world_reads():
    for key in ["keys/a b+c.txt", "keys/日本語 😀.png", "keys/%41", "keys/!'()*,;=:@&$"]:
        put(key, b"public " + key.encode(), ACL="public-read")
        answer = rp.browse(rp.public_url(key))
        rp.equal(answer.status, 200, f"{key!r}: status")
        rp.equal(answer.body, b"public " + key.encode(), f"{key!r}: body")


def test_odd_keys_are_presigned():
    for key in ["keys/a b+c.txt", "keys/日本語 😀.png", "keys/%41", "keys//x/../y"]:
        put(key, b"presigned", ACL="private")
        url = S3.generate_presigned_url("get_object", Params={"Bucket": rp.BUCKET, "Key": key})
        rp.equal(rp.fetch(url).body, b"presigned", f"{key!r} by {urllib.parse.urlsplit(url).path}")


def test_key_length():
    longest = "k" * 1024
    put(longest)
    rp.equal(get(longest), b"x", "body of the longest key")
    S3.delete_object(Bucket=rp.BUCKET, Key=longest)
    refused("KeyTooLongError", 400, put, longest + "k")
    wide = "ü" * 512
    put(wide)
    S3.delete_object(Bucket=rp.BUCKET, Key=wide)
    refused("KeyTooLongError", 400, put, wide + "k")
