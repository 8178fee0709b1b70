"""Buckets addressed by host name, as older PeerTube, Pixelfed, Mbin and pict-rs do unless told otherwise.

The node serves s3.pool.example; that name and those below it are made to stand for its address.
"""

import io
import socket
import urllib.parse

import boto3
from botocore.config import Config

import rp
from s3 import refused

DOMAIN = "s3.pool.example"
ENDPOINT = urllib.parse.urlsplit(rp.ENDPOINT)

_resolve = socket.getaddrinfo


def _resolve_pool(host, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve(ENDPOINT.hostname if name and name.endswith(DOMAIN) else host, *args, **kwargs)


socket.getaddrinfo = _resolve_pool


def client(version="s3v4"):
    return boto3.client(
        "s3",
        endpoint_url=f"{ENDPOINT.scheme}://{DOMAIN}:{ENDPOINT.port}",
        aws_access_key_id=rp.ACCESS_KEY,
        aws_secret_access_key=rp.SECRET,
        region_name="us-east-1",
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}, retries={"total_max_attempts": 1}),
    )


def test_objects_and_listings():
    for version in ("s3v4", "s3"):
        pool = client(version)
        for key in ("virtual/plain.png", "virtual/../ü +%41", "/leading"):
            url = pool.generate_presigned_url("get_object", Params={"Bucket": rp.BUCKET, "Key": key})
            rp.equal(urllib.parse.urlsplit(url).hostname, f"{rp.BUCKET}.{DOMAIN}", "host")
            pool.put_object(Bucket=rp.BUCKET, Key=key, Body=key.encode(), ACL="private")
            rp.equal(pool.get_object(Bucket=rp.BUCKET, Key=key)["Body"].read(), key.encode(), "body")
            rp.equal(rp.fetch(url).body, key.encode(), f"{version}: presigned {key!r}")
        listed = pool.list_objects_v2(Bucket=rp.BUCKET, Prefix="virtual/")["Contents"]
        rp.equal([o["Key"] for o in listed], ["virtual/../ü +%41", "virtual/plain.png"], "keys")
        rp.true(rp.BUCKET in [b["Name"] for b in pool.list_buckets()["Buckets"]], "the bucket is listed")
        pool.delete_object(Bucket=rp.BUCKET, Key="/leading")


def test_multipart_and_copy():
    pool, body = client(), rp.content(9 * rp.MIB, "virtual")
    pool.upload_fileobj(io.BytesIO(body), rp.BUCKET, "virtual/large")
    pool.copy_object(Bucket=rp.BUCKET, Key="virtual/copy", CopySource={"Bucket": rp.BUCKET, "Key": "virtual/large"})
    rp.same_bytes(pool.get_object(Bucket=rp.BUCKET, Key="virtual/copy")["Body"].read(), body, "body")


def test_refusals():
    refused("NoSuchKey", 404, client().get_object, Bucket=rp.BUCKET, Key="virtual/absent")
    refused("AccessDenied", 403, client().list_objects_v2, Bucket=rp.OTHER_BUCKET)
    refused("NoSuchBucket", 404, client().list_objects_v2, Bucket="no-such-bucket-anywhere")
