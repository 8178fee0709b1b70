"""Every digest that a client may declare."""

import base64
import hashlib
import zlib

import rp
from s3 import BEFORE_1_36, S3, client, get, put, refused

WRONG_CODES = ("BadDigest", "InvalidRequest")


def b64(data):
    return base64.b64encode(data).decode()


def declared(body):
    """The digests of a body by the name of boto3's parameter."""
    digests = {
        "ChecksumCRC32": zlib.crc32(body).to_bytes(4, "big"),
        "ChecksumSHA1": hashlib.sha1(body).digest(),
        "ChecksumSHA256": hashlib.sha256(body).digest(),
    }
    if not BEFORE_1_36:
        import xxhash
        from awscrt import checksums

        digests |= {
            "ChecksumCRC32C": checksums.crc32c(body).to_bytes(4, "big"),
            "ChecksumCRC64NVME": checksums.crc64nvme(body).to_bytes(8, "big"),
            "ChecksumSHA512": hashlib.sha512(body).digest(),
            "ChecksumMD5": hashlib.md5(body).digest(),
            "ChecksumXXHASH64": xxhash.xxh64(body).digest(),
            "ChecksumXXHASH3": xxhash.xxh3_64(body).digest(),
            "ChecksumXXHASH128": xxhash.xxh3_128(body).digest(),
        }
    return {name: b64(digest) for name, digest in digests.items()}


def test_a_right_digest_is_kept_and_given_back():
    body = rp.content(70_000, "checksums")
    for name, value in declared(body).items():
        key = f"checksums/{name}"
        put(key, body, **{name: value})
        facts = S3.head_object(Bucket=rp.BUCKET, Key=key, ChecksumMode="ENABLED")
        rp.equal(facts.get(name), value, f"{name} of HEAD")
        rp.same_bytes(get(key, ChecksumMode="ENABLED"), body, name)
        parts = S3.get_object_attributes(Bucket=rp.BUCKET, Key=key, ObjectAttributes=["Checksum"])
        rp.equal(parts["Checksum"].get(name), value, f"{name} of the attributes")


def test_a_wrong_digest_stores_nothing():
    body = rp.content(70_000, "checksums")
    for name, value in declared(b"other bytes").items():
        refused("BadDigest", 400, put, "checksums/wrong", body, **{name: value})
        refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key="checksums/wrong")
    refused("BadDigest", 400, put, "checksums/wrong", body, ContentMD5=b64(hashlib.md5(b"other").digest()))
    refused("InvalidDigest", 400, put, "checksums/wrong", body, ContentMD5="nonsense")
    refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key="checksums/wrong")


def test_boto3_computes_each_algorithm():
    body = rp.content(40_000, "algorithm")
    algorithms = ["CRC32", "SHA1", "SHA256"] + ([] if BEFORE_1_36 else ["CRC32C", "CRC64NVME"])
    for algorithm in algorithms:
        answer = put(f"checksums/by-{algorithm}", body, ChecksumAlgorithm=algorithm)
        rp.true(answer.get(f"Checksum{algorithm}"), f"{algorithm} is in the answer")
        rp.same_bytes(get(f"checksums/by-{algorithm}", ChecksumMode="ENABLED"), body, algorithm)


def test_multipart_checksums():
    algorithms = ["CRC32", "SHA256"] + ([] if BEFORE_1_36 else ["CRC32C", "CRC64NVME"])
    for algorithm in algorithms:
        key = f"checksums/multipart-{algorithm}"
        where = {"Bucket": rp.BUCKET, "Key": key}
        upload = S3.create_multipart_upload(**where, ChecksumAlgorithm=algorithm)["UploadId"]
        parts = []
        for number in (1, 2, 3):
            sent = S3.upload_part(
                **where, UploadId=upload, PartNumber=number, Body=rp.content(9_000, number), ChecksumAlgorithm=algorithm
            )
            name = f"Checksum{algorithm}"
            rp.true(sent.get(name), f"{name} is in the answer to a part")
            parts.append({"PartNumber": number, "ETag": sent["ETag"], name: sent[name]})
        done = S3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
        rp.true(done.get(f"Checksum{algorithm}"), f"{algorithm} is in the answer to Complete: {done}")
        rp.same_bytes(get(key, ChecksumMode="ENABLED"), b"".join(rp.content(9_000, n) for n in (1, 2, 3)), algorithm)


def test_only_when_required():
    if BEFORE_1_36:
        return
    plain = client(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    plain.put_object(Bucket=rp.BUCKET, Key="checksums/plain", Body=b"plain")
    gone = plain.delete_objects(Bucket=rp.BUCKET, Delete={"Objects": [{"Key": "checksums/plain"}]})
    rp.equal([d["Key"] for d in gone["Deleted"]], ["checksums/plain"], "what was deleted")


def test_declared_and_signed_hash_of_the_body():
    signed = client(s3={"payload_signing_enabled": True}, signature_version="s3v4")
    signed.put_object(Bucket=rp.BUCKET, Key="checksums/signed", Body=b"signed body")
    rp.equal(get("checksums/signed"), b"signed body", "body")
