"""Listings of objects and buckets."""

import rp
from s3 import S3, knows, put, refused


def keys_of(answer):
    return [o["Key"] for o in answer.get("Contents", [])]


def prefixes_of(answer):
    return [p["Prefix"] for p in answer.get("CommonPrefixes", [])]


def setup_tree():
    for key in ["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "b/2", "c"]:
        put(f"list/{key}")


def test_delimiter_v1_and_v2():
    setup_tree()
    for list_objects in (S3.list_objects, S3.list_objects_v2):
        top = list_objects(Bucket=rp.BUCKET, Prefix="list/", Delimiter="/")
        rp.equal(keys_of(top), ["list/a", "list/a0", "list/c"], "keys")
        rp.equal(prefixes_of(top), ["list/a/", "list/b/"], "common prefixes")
        inner = list_objects(Bucket=rp.BUCKET, Prefix="list/a/", Delimiter="/")
        rp.equal(keys_of(inner), ["list/a/1", "list/a/2"], "keys within")
        rp.equal(prefixes_of(inner), ["list/a/b/"], "common prefixes within")
        rp.equal(keys_of(list_objects(Bucket=rp.BUCKET, Prefix="list/none")), [], "keys of an absent prefix")


def test_pages_v2():
    setup_tree()
    keys, prefixes, token, pages = [], [], {}, 0
    while True:
        page = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list/", Delimiter="/", MaxKeys=2, **token)
        keys += keys_of(page)
        prefixes += prefixes_of(page)
        pages += 1
        rp.equal(page["KeyCount"], len(keys_of(page)) + len(prefixes_of(page)), "KeyCount")
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    rp.equal((keys, prefixes), (["list/a", "list/a0", "list/c"], ["list/a/", "list/b/"]), "what the pages hold")
    rp.equal(pages, 3, "pages")


def test_pages_v1():
    setup_tree()
    found, marker = [], ""
    while True:
        page = S3.list_objects(Bucket=rp.BUCKET, Prefix="list/", Delimiter="/", MaxKeys=2, Marker=marker)
        found += keys_of(page) + prefixes_of(page)
        if not page["IsTruncated"]:
            break
        marker = page["NextMarker"]
    rp.equal(sorted(found), ["list/a", "list/a/", "list/a0", "list/b/", "list/c"], "what the pages hold")
    after = S3.list_objects(Bucket=rp.BUCKET, Prefix="list/", Marker="list/b/1")
    rp.equal(keys_of(after), ["list/b/2", "list/c"], "keys after a marker")


def test_start_after_as_mastodon_pages():
    setup_tree()
    found, last = [], "list/"
    while True:
        page = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list/", StartAfter=last, MaxKeys=3)
        if not keys_of(page):
            break
        rp.true(all(key > last for key in keys_of(page)), f"a key at or before {last}: {keys_of(page)}")
        found += keys_of(page)
        last = found[-1]
    rp.equal(len(found), 8, "keys")
    rp.equal(found, sorted(found), "order")


def test_listing_is_true_at_once():
    for n in range(30):
        key = f"list-now/{n:02}"
        put(key)
        rp.true(key in keys_of(S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list-now/")), f"{key} is listed")
        if n % 2:
            S3.delete_object(Bucket=rp.BUCKET, Key=key)
            rp.true(key not in keys_of(S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list-now/")), f"{key} is gone")


def test_entries_tell_size_etag_and_owner():
    etag = put("list-facts/one", b"12345")["ETag"]
    entry = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list-facts/", FetchOwner=True)["Contents"][0]
    rp.equal((entry["Size"], entry["ETag"], entry["StorageClass"]), (5, etag, "STANDARD"), "entry")
    rp.true(entry["Owner"]["ID"], "the entry has an owner")
    plain = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list-facts/")["Contents"][0]
    rp.true("Owner" not in plain, "an owner that was not asked for")


def test_max_keys():
    setup_tree()
    rp.equal(keys_of(S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list/", MaxKeys=0)), [], "no keys")
    one = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list/", MaxKeys=1)
    rp.equal((keys_of(one), one["IsTruncated"]), (["list/a"], True), "one key")
    rp.equal(len(keys_of(S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="list/", MaxKeys=5000))), 8, "all keys")


def test_versions_are_the_objects():
    setup_tree()
    listed = S3.list_object_versions(Bucket=rp.BUCKET, Prefix="list/", MaxKeys=3)
    rp.equal(
        [(v["Key"], v["VersionId"], v["IsLatest"]) for v in listed["Versions"]][0], ("list/a", "null", True), "version"
    )
    rp.true(listed["IsTruncated"], "the first page is not the last")
    rest = S3.list_object_versions(
        Bucket=rp.BUCKET,
        Prefix="list/",
        KeyMarker=listed["NextKeyMarker"],
        VersionIdMarker=listed.get("NextVersionIdMarker", "null"),
    )
    rp.equal(len(listed["Versions"]) + len(rest["Versions"]), 8, "versions")


def test_buckets():
    names = [b["Name"] for b in S3.list_buckets()["Buckets"]]
    rp.true(rp.BUCKET in names, f"{rp.BUCKET} is not in {names}")
    rp.true(rp.OTHER_BUCKET not in names, "another member's bucket is listed")
    S3.head_bucket(Bucket=rp.BUCKET)
    second = f"{rp.BUCKET}-second"
    S3.create_bucket(Bucket=second)
    S3.put_object(Bucket=second, Key="x", Body=b"x")
    refused("BucketNotEmpty", 409, S3.delete_bucket, Bucket=second)
    S3.delete_object(Bucket=second, Key="x")
    S3.delete_bucket(Bucket=second)
    refused("404", 404, S3.head_bucket, Bucket=second)
    refused("BucketAlreadyExists", 409, S3.create_bucket, Bucket=rp.OTHER_BUCKET)


def test_questions_that_clients_ask_at_start():
    where = {"Bucket": rp.BUCKET}
    S3.get_bucket_location(**where)
    rp.true(S3.get_bucket_versioning(**where).get("Status") != "Enabled", "versioning")
    rp.true(S3.get_bucket_acl(**where)["Owner"]["ID"], "the bucket has an owner")
    refused("NoSuchCORSConfiguration", 404, S3.get_bucket_cors, **where)
    refused("NoSuchLifecycleConfiguration", 404, S3.get_bucket_lifecycle_configuration, **where)
    refused("NoSuchBucketPolicy", 404, S3.get_bucket_policy, **where)
    refused("NoSuchTagSet", 404, S3.get_bucket_tagging, **where)
    refused("NoSuchWebsiteConfiguration", 404, S3.get_bucket_website, **where)
    refused("ObjectLockConfigurationNotFoundError", 404, S3.get_object_lock_configuration, **where)
    refused("ServerSideEncryptionConfigurationNotFoundError", 404, S3.get_bucket_encryption, **where)


def test_listing_everything_pages_past_a_thousand():
    if not knows("PutObject", "IfNoneMatch"):
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: put(f"thousand/{n:04}"), range(1005)))
    first = S3.list_objects_v2(Bucket=rp.BUCKET, Prefix="thousand/")
    rp.equal((first["KeyCount"], first["IsTruncated"]), (1000, True), "first page")
    every = [
        k
        for page in S3.get_paginator("list_objects_v2").paginate(Bucket=rp.BUCKET, Prefix="thousand/")
        for k in keys_of(page)
    ]
    rp.equal(every, [f"thousand/{n:04}" for n in range(1005)], "all pages")
