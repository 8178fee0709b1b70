"""Runs the functional tests that come in minio-py's source package, and some of our own with its client.

What is skipped is what a pool does not have; each has its reason, and each is looked at: if a skipped test
passes, the run fails, so that the list stays true.
"""

import importlib.util
import io
import os
import sys
import types
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import rp
from minio import Minio
from minio.commonconfig import REPLACE, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

VERSIONS = "objects have one version, the null version: versioning cannot be turned on"
SKIPPED = {
    "test_stat_object_version": VERSIONS,
    "test_get_object_version": VERSIONS,
    "test_fget_object_version": VERSIONS,
    "test_list_object_v1_versions": VERSIONS,
    "test_list_object_versions": VERSIONS,
    "test_presigned_get_object_version": VERSIONS,
    "test_remove_object_version": VERSIONS,
    "test_remove_object_versions": VERSIONS,
    "test_set_get_bucket_versioning": VERSIONS,
    "test_set_bucket_policy_readonly": "there are no bucket policies: ACLs decide",
    "test_set_bucket_policy_readwrite": "there are no bucket policies: ACLs decide",
    "test_presigned_get_object_range": "it expects 200 of a range, for which S3 has 206; the package does not run it either",
    "test_select_object_content": "there are no queries over objects",
    "test_upload_snowball_objects": "archives are stored as archives, not unpacked",
    "test_upload_snowball_objects_with_staging": "archives are stored as archives, not unpacked",
}

address = urllib.parse.urlsplit(rp.ENDPOINT)
CLIENT = Minio(address.netloc, rp.ACCESS_KEY, rp.SECRET, secure=address.scheme == "https")


def functional_tests():
    """The module of the source package, with its client and files made."""
    path = os.path.join(ROOT, "target", "tools", "minio-py", "tests", "functional", "tests.py")
    spec = importlib.util.spec_from_file_location("functional", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._client = CLIENT
    module._is_aws = False
    module._test_file = "datafile-1-MB"
    module._large_file = "datafile-11-MB"
    for name, size in [(module._test_file, rp.MIB), (module._large_file, 11 * rp.MIB)]:
        with open(name, "wb") as file:
            file.write(rp.content(size))
    return module


def as_test(function):
    """A functional test as one of ours; NotImplemented is a failure here."""
    return lambda: function({"name": function.__name__, "status": "PASS"})


def as_skipped(function, reason):
    """A test that must fail, and for a reason that S3 has a word for."""

    def test():
        try:
            function({"name": function.__name__, "status": "PASS"})
        except Exception as error:  # what is skipped may fail in any way
            print(f"   skipped, as {reason}: {type(error).__name__} {error}"[:200])
            remove_leftovers()
            return
        raise AssertionError(f"{function.__name__} passes: take it off the list of skipped ones")

    return test


def remove_leftovers():
    """Removes the buckets that a failed test left, so that the member's limit of buckets is not reached."""
    for bucket in CLIENT.list_buckets():
        if bucket.name == rp.BUCKET:
            continue
        for entry in CLIENT.list_objects(bucket.name, recursive=True):
            CLIENT.remove_object(bucket.name, entry.object_name)
        CLIENT.remove_bucket(bucket.name)


def test_put_stat_get_copy_remove():
    body = rp.content(100_000, "minio")
    CLIENT.put_object(rp.BUCKET, "own/a b.png", io.BytesIO(body), len(body), "image/png", metadata={"Note": "kept"})
    stat = CLIENT.stat_object(rp.BUCKET, "own/a b.png")
    rp.equal((stat.size, stat.content_type), (100_000, "image/png"), "stat")
    rp.equal(stat.metadata.get("x-amz-meta-note"), "kept", "metadata")
    CLIENT.copy_object(
        rp.BUCKET, "own/copy", CopySource(rp.BUCKET, "own/a b.png"), metadata={"Other": "1"}, metadata_directive=REPLACE
    )
    rp.same_bytes(CLIENT.get_object(rp.BUCKET, "own/copy").read(), body, "copy")
    errors = list(CLIENT.remove_objects(rp.BUCKET, [DeleteObject("own/a b.png"), DeleteObject("own/copy")]))
    rp.equal(errors, [], "errors")
    rp.equal([o.object_name for o in CLIENT.list_objects(rp.BUCKET, "own/", recursive=True)], [], "what is left")


def test_stream_of_unknown_length():
    body = rp.content(11 * rp.MIB, "unknown")
    CLIENT.put_object(rp.BUCKET, "own/stream", io.BytesIO(body), -1, part_size=5 * rp.MIB)
    rp.same_bytes(CLIENT.get_object(rp.BUCKET, "own/stream").read(), body, "body")
    rp.same_bytes(
        CLIENT.get_object(rp.BUCKET, "own/stream", offset=6_000_000, length=10).read(),
        body[6_000_000:6_000_010],
        "range",
    )


def test_location_is_asked_for():
    rp.true(isinstance(CLIENT._get_region(rp.BUCKET), str), "a region")
    rp.true(CLIENT.bucket_exists(rp.BUCKET), "the bucket exists")
    rp.true(not CLIENT.bucket_exists("no-such-bucket-anywhere"), "an absent bucket exists")


def test_prefix_listing():
    for name in ("x/1", "x/2", "x/y/3", "z"):
        CLIENT.put_object(rp.BUCKET, f"tree/{name}", io.BytesIO(b"x"), 1)
    rp.equal([o.object_name for o in CLIENT.list_objects(rp.BUCKET, "tree/")], ["tree/z", "tree/x/"], "top")
    for v1 in (False, True):
        found = CLIENT.list_objects(rp.BUCKET, "tree/x/", recursive=True, use_api_v1=v1)
        rp.equal([o.object_name for o in found], ["tree/x/1", "tree/x/2", "tree/x/y/3"], "all")


def test_refusals():
    try:
        CLIENT.stat_object(rp.BUCKET, "own/absent")
    except S3Error as error:
        rp.equal(error.code, "NoSuchKey", "error code")
    else:
        raise AssertionError("an absent object has a stat")


def main():
    """Runs ours, then the package's in its order."""
    module = functional_tests()
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name, function in vars(module).items():
        if not name.startswith("test_") or not isinstance(function, types.FunctionType):
            continue
        reason = SKIPPED.get(name)
        tests[f"test_functional{name[4:]}"] = as_skipped(function, reason) if reason else as_test(function)
    rp.run(tests)


if __name__ == "__main__":
    main()
