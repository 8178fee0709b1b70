"""Multipart uploads: by hand and through the transfer manager."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

from boto3.s3.transfer import TransferConfig

import rp
from s3 import S3, get, head, put, refused

TRANSFER = TransferConfig(multipart_threshold=8 * rp.MIB, multipart_chunksize=8 * rp.MIB, max_concurrency=10)


def start(key, **more):
    return S3.create_multipart_upload(Bucket=rp.BUCKET, Key=key, **more)["UploadId"]


def send(key, upload, number, body):
    return S3.upload_part(Bucket=rp.BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]


def finish(key, upload, etags, **more):
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in etags]
    return S3.complete_multipart_upload(
        Bucket=rp.BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **more
    )


def multipart_etag(bodies):
    digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
    return f'"{digest}-{len(bodies)}"'


def test_transfer_manager_with_threads():
    body = rp.content(12 * rp.MIB)
    S3.upload_fileobj(
        io.BytesIO(body),
        rp.BUCKET,
        "multipart/transfer.mp4",
        ExtraArgs={"ContentType": "video/mp4", "ACL": "public-read", "CacheControl": "max-age=86400"},
        Config=TRANSFER,
    )
    facts = head("multipart/transfer.mp4")
    rp.equal(facts["ETag"], multipart_etag([body[: 8 * rp.MIB], body[8 * rp.MIB :]]), "ETag")
    rp.equal(facts["ContentType"], "video/mp4", "type")
    rp.equal(facts["CacheControl"], "max-age=86400", "cache control")
    back = io.BytesIO()
    S3.download_fileobj(rp.BUCKET, "multipart/transfer.mp4", back, Config=TRANSFER)
    rp.same_bytes(back.getvalue(), body, "body by ranges")
    rp.same_bytes(get("multipart/transfer.mp4"), body, "body at once")


def test_tiny_parts_out_of_order_and_sent_again():
    key = "multipart/tiny"
    upload = start(key, ContentType="text/plain", Metadata={"kept": "yes"})
    bodies = [b"a" * 10, b"b", b"c" * 3000, b""]
    send(key, upload, 3, b"was wrong")
    etags = {n: send(key, upload, n, bodies[n - 1]) for n in (4, 2, 3, 1)}
    listed = S3.list_parts(Bucket=rp.BUCKET, Key=key, UploadId=upload)["Parts"]
    rp.equal([(p["PartNumber"], p["Size"]) for p in listed], [(1, 10), (2, 1), (3, 3000), (4, 0)], "parts")
    rp.equal(finish(key, upload, sorted(etags.items()))["ETag"], multipart_etag(bodies), "ETag")
    rp.same_bytes(get(key), b"".join(bodies), "body")
    rp.equal(head(key)["Metadata"], {"kept": "yes"}, "metadata")


def test_parts_in_parallel():
    key = "multipart/parallel"
    bodies = [rp.content(300_000, n) for n in range(12)]
    upload = start(key)
    with ThreadPoolExecutor(8) as threads:
        sent = threads.map(lambda n: (n, send(key, upload, n, bodies[n - 1])), range(len(bodies), 0, -1))
    finish(key, upload, sorted(sent))
    rp.same_bytes(get(key), b"".join(bodies), "body")


def test_part_numbers_may_have_gaps_and_parts_be_left_out():
    key = "multipart/gaps"
    upload = start(key)
    etags = [(n, send(key, upload, n, f"part {n}".encode())) for n in (2, 7, 10000)]
    send(key, upload, 5, b"left out")
    finish(key, upload, etags)
    rp.equal(get(key), b"part 2part 7part 10000", "body")


def test_refusals():
    key = "multipart/refused"
    upload = start(key)
    etag = send(key, upload, 1, b"one")
    second = send(key, upload, 2, b"two")
    refused("InvalidPart", 400, finish, key, upload, [(1, '"00000000000000000000000000000000"')])
    refused("InvalidPart", 400, finish, key, upload, [(1, etag), (3, second)])
    refused("InvalidPartOrder", 400, finish, key, upload, [(2, second), (1, etag)])
    refused("InvalidArgument", 400, send, key, upload, 10001, b"x")
    refused("NoSuchUpload", 404, send, key, "0" * 32, 1, b"x")
    finish(key, upload, [(1, etag), (2, second)])
    refused("NoSuchUpload", 404, S3.list_parts, Bucket=rp.BUCKET, Key=key, UploadId=upload)


def test_abort():
    key = "multipart/aborted"
    upload = start(key)
    send(key, upload, 1, rp.content(100_000))
    S3.abort_multipart_upload(Bucket=rp.BUCKET, Key=key, UploadId=upload)
    refused("NoSuchUpload", 404, send, key, upload, 2, b"x")
    refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key=key)


def test_uploads_are_listed():
    keys = [f"multipart/listed/{n}" for n in range(5)]
    uploads = {key: start(key) for key in keys}
    first = S3.list_multipart_uploads(Bucket=rp.BUCKET, Prefix="multipart/listed/", MaxUploads=3)
    rp.true(first["IsTruncated"], "the first page is not the last")
    rest = S3.list_multipart_uploads(
        Bucket=rp.BUCKET,
        Prefix="multipart/listed/",
        KeyMarker=first["NextKeyMarker"],
        UploadIdMarker=first["NextUploadIdMarker"],
    )
    found = {u["Key"]: u["UploadId"] for u in first["Uploads"] + rest["Uploads"]}
    rp.equal(found, uploads, "uploads")
    for key, upload in uploads.items():
        S3.abort_multipart_upload(Bucket=rp.BUCKET, Key=key, UploadId=upload)
    left = S3.list_multipart_uploads(Bucket=rp.BUCKET, Prefix="multipart/listed/")
    rp.equal(left.get("Uploads", []), [], "uploads after they were aborted")


def test_uploads_of_one_key_do_not_meet():
    key = "multipart/twice"
    first, second = start(key), start(key)
    a, b = send(key, first, 1, b"first"), send(key, second, 1, b"second")
    finish(key, second, [(1, b)])
    rp.equal(get(key), b"second", "body")
    finish(key, first, [(1, a)])
    rp.equal(get(key), b"first", "body")


def test_part_copy():
    source = {"Bucket": rp.BUCKET, "Key": "multipart/copy-source"}
    body = rp.content(400_000, "copy")
    put(source["Key"], body)
    key = "multipart/copied"
    upload = start(key)
    etags = []
    for number, span in enumerate(["bytes=0-199999", "bytes=200000-399999"], 1):
        part = S3.upload_part_copy(
            Bucket=rp.BUCKET, Key=key, UploadId=upload, PartNumber=number, CopySource=source, CopySourceRange=span
        )
        etags.append((number, part["CopyPartResult"]["ETag"]))
    finish(key, upload, etags)
    rp.same_bytes(get(key), body, "body")


def test_head_of_a_part():
    put("multipart/whole", b"not in parts")
    rp.equal(head("multipart/whole", PartNumber=1)["ContentLength"], 12, "length of the only part")
