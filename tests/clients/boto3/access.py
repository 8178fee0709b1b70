"""Who may do what: ACLs, presigned URLs, wrong secrets, other members."""

import io
import time
import urllib.parse

import rp
from s3 import S3, client, get, put, refused

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


def world_status(key):
    """What the S3 face and the pool host answer to the world: two statuses."""
    direct = rp.fetch(f"{rp.ENDPOINT}/{rp.BUCKET}/{urllib.parse.quote(key)}").status
    return direct, rp.browse(rp.public_url(key)).status


def readers(key):
    grants = S3.get_object_acl(Bucket=rp.BUCKET, Key=key)["Grants"]
    return [g["Permission"] for g in grants if g["Grantee"].get("URI") == ALL_USERS]


def test_acl_decides_whether_the_world_reads():
    put("access/public", b"for all", ACL="public-read")
    rp.equal(world_status("access/public"), (200, 200), "public: statuses")
    rp.equal(readers("access/public"), ["READ"], "public: grants")
    put("access/private", b"for me", ACL="private")
    rp.equal(world_status("access/private"), (403, 403), "private: statuses")
    rp.equal(readers("access/private"), [], "private: grants")


def test_acl_changes_count_at_once():
    put("access/changing", b"changing", ACL="public-read")
    rp.equal(world_status("access/changing"), (200, 200), "public")
    for acl, statuses in [("private", (403, 403)), ("public-read", (200, 200)), ("authenticated-read", (403, 403))]:
        S3.put_object_acl(Bucket=rp.BUCKET, Key="access/changing", ACL=acl)
        rp.equal(world_status("access/changing"), statuses, acl)
        rp.equal(get("access/changing"), b"changing", "its member reads it")
    refused("NoSuchKey", 404, S3.put_object_acl, Bucket=rp.BUCKET, Key="access/absent", ACL="private")


def test_private_and_public_objects_of_the_same_bytes():
    body = rp.content(50_000, "both")
    put("access/both-private", body, ACL="private")
    put("access/both-public", body, ACL="public-read")
    rp.equal(world_status("access/both-private"), (403, 403), "private")
    rp.equal(world_status("access/both-public"), (200, 200), "public")
    S3.delete_object(Bucket=rp.BUCKET, Key="access/both-public")
    rp.same_bytes(get("access/both-private"), body, "private after the public one was deleted")


def test_writing_and_listing_take_a_key():
    url = f"{rp.ENDPOINT}/{rp.BUCKET}/access/anonymous"
    rp.equal(rp.fetch(url, "PUT", body=b"x").status, 403, "anonymous PUT")
    put("access/anonymous", ACL="public-read")
    rp.equal(rp.fetch(url, "DELETE").status, 403, "anonymous DELETE")
    rp.equal(rp.fetch(f"{rp.ENDPOINT}/{rp.BUCKET}?list-type=2").status, 403, "anonymous listing")
    rp.equal(rp.fetch(f"{rp.ENDPOINT}/").status, 403, "anonymous ListBuckets")
    rp.equal(get("access/anonymous"), b"x", "body")


def test_wrong_credentials():
    put("access/credentials", ACL="private")
    where = {"Bucket": rp.BUCKET, "Key": "access/credentials"}
    for version in ("s3v4", "s3"):
        wrong = client(secret="not the secret", signature_version=version)
        refused("SignatureDoesNotMatch", 403, wrong.get_object, **where)
        refused("SignatureDoesNotMatch", 403, wrong.put_object, **where, Body=b"y")
        unknown = client(key="AKIAUNKNOWN", signature_version=version)
        refused("InvalidAccessKeyId", 403, unknown.get_object, **where)
    rp.equal(get("access/credentials"), b"x", "body")


def test_members_are_walled_off():
    other = client(rp.OTHER_ACCESS_KEY, rp.OTHER_SECRET)
    put("access/wall", b"mine", ACL="private")
    where = {"Bucket": rp.BUCKET, "Key": "access/wall"}
    refused("AccessDenied", 403, other.get_object, **where)
    refused("403", 403, other.head_object, **where)
    refused("AccessDenied", 403, other.put_object, **where, Body=b"theirs")
    refused("AccessDenied", 403, other.delete_object, **where)
    refused("AccessDenied", 403, other.put_object_acl, **where, ACL="public-read")
    refused("AccessDenied", 403, other.get_object_acl, **where)
    refused("AccessDenied", 403, other.list_objects_v2, Bucket=rp.BUCKET)
    refused("AccessDenied", 403, other.list_multipart_uploads, Bucket=rp.BUCKET)
    refused("AccessDenied", 403, other.delete_bucket, Bucket=rp.BUCKET)
    refused("AccessDenied", 403, other.delete_objects, Bucket=rp.BUCKET, Delete={"Objects": [{"Key": "access/wall"}]})
    upload = S3.create_multipart_upload(**where)["UploadId"]
    part = {"UploadId": upload, "PartNumber": 1, "Body": b"x"}
    refused("AccessDenied", 403, other.upload_part, **where, **part)
    refused("NoSuchUpload", 404, other.upload_part, Bucket=rp.OTHER_BUCKET, Key="access/wall", **part)
    S3.abort_multipart_upload(**where, UploadId=upload)
    rp.equal(get("access/wall"), b"mine", "body")


def test_absent_things():
    refused("NoSuchBucket", 404, S3.get_object, Bucket="no-such-bucket-anywhere", Key="x")
    refused("NoSuchBucket", 404, S3.list_objects_v2, Bucket="no-such-bucket-anywhere")
    error = refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key="access/absent")
    rp.equal(error.response["Error"].get("Resource"), f"/{rp.BUCKET}/access/absent", "the resource in the error")
    rp.true(error.response["ResponseMetadata"].get("RequestId"), "the error has a request id")


def test_presigned_by_each_signature():
    body = rp.content(30_000, "presigned")
    for name, config in [("default", {}), ("s3v4", {"signature_version": "s3v4"}), ("s3", {"signature_version": "s3"})]:
        signer, key = client(**config), f"access/presigned-{name} ü+.bin"
        url = signer.generate_presigned_url(
            "put_object", Params={"Bucket": rp.BUCKET, "Key": key, "ContentType": "image/png"}, ExpiresIn=60
        )
        answer = rp.fetch(url, "PUT", headers={"Content-Type": "image/png"}, body=body)
        rp.equal(answer.status, 200, f"{name}: PUT {answer.body[:300]}")
        S3.put_object_acl(Bucket=rp.BUCKET, Key=key, ACL="private")
        params = {
            "Bucket": rp.BUCKET,
            "Key": key,
            "ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%BC.bin",
            "ResponseContentType": "audio/flac",
        }
        url = signer.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
        answer = rp.fetch(url)
        rp.equal(answer.status, 200, f"{name}: GET {answer.body[:300]}")
        rp.same_bytes(answer.body, body, f"{name}: body")
        rp.equal(answer.header("content-type"), "audio/flac", f"{name}: type")
        rp.equal(answer.header("content-disposition"), params["ResponseContentDisposition"], f"{name}: disposition")
        rp.equal(rp.fetch(url, headers={"Range": "bytes=10-19"}).body, body[10:20], f"{name}: range")
        rp.equal(rp.fetch(url, "PUT", body=b"x").status, 403, f"{name}: PUT by a GET's URL")
        rp.equal(rp.fetch(url.replace("presigned-", "presigned2-")).status, 403, f"{name}: another key")


def test_presigned_expiry():
    put("access/expiry", ACL="private")
    params = {"Bucket": rp.BUCKET, "Key": "access/expiry"}
    short = [
        client(**c).generate_presigned_url("get_object", Params=params, ExpiresIn=1)
        for c in ({}, {"signature_version": "s3v4"})
    ]
    time.sleep(2.5)
    for url in short:
        rp.equal(rp.fetch(url).status, 403, "an expired URL")
    eight_days = client(signature_version="s3v4").generate_presigned_url(
        "get_object", Params=params, ExpiresIn=8 * 86400
    )
    rp.true(rp.fetch(eight_days).status in (400, 403), "a URL for eight days")


def test_headers_that_were_not_signed_do_not_count():
    url = client(signature_version="s3v4").generate_presigned_url(
        "put_object", Params={"Bucket": rp.BUCKET, "Key": "access/unsigned-header"}
    )
    answer = rp.fetch(url, "PUT", headers={"x-amz-acl": "public-read"}, body=b"x")
    rp.equal(answer.status, 403, "an ACL that was not signed")
    put("access/secret", b"secret", ACL="private")
    answer = rp.fetch(url, "PUT", headers={"x-amz-copy-source": f"{rp.BUCKET}/access/secret"}, body=b"")
    rp.equal(answer.status, 403, "a copy source that was not signed")
    refused("NoSuchKey", 404, S3.get_object, Bucket=rp.BUCKET, Key="access/unsigned-header")


def test_presigned_post_form():
    form = S3.generate_presigned_post(
        rp.BUCKET,
        "access/form/${filename}",
        Fields={"acl": "public-read", "Content-Type": "image/png", "success_action_status": "201"},
        Conditions=[
            ["starts-with", "$key", "access/form/"],
            {"acl": "public-read"},
            {"Content-Type": "image/png"},
            {"success_action_status": "201"},
            ["content-length-range", 1, 100_000],
        ],
    )
    rp.equal(post_form(form, rp.PNG).status, 201, "a form that fits its policy")
    rp.equal(get("access/form/picture.png"), rp.PNG, "body")
    rp.equal(post_form(form, b"x" * 100_001).status, 400, "a file beyond the policy's limit")
    form["fields"]["acl"] = "private"
    rp.equal(post_form(form, rp.PNG).status, 403, "a field against the policy")


def post_form(form, body):
    """Sends a browser's multipart/form-data."""
    boundary, data = "----rockpool", io.BytesIO()
    for name, value in form["fields"].items():
        data.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="picture.png"\r\n'
    data.write(f"{head}Content-Type: image/png\r\n\r\n".encode() + body + f"\r\n--{boundary}--\r\n".encode())
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return rp.fetch(form["url"], "POST", headers=headers, body=data.getvalue())


def test_any_region_will_do():
    for region in ("us-east-1", "auto", "garage", "eu-central-1", "moon-2"):
        for version in ("s3v4", "s3"):
            client(region=region, signature_version=version).put_object(
                Bucket=rp.BUCKET, Key=f"access/{region}", Body=b"x"
            )


def test_tags_are_kept():
    put("access/tags")
    where = {"Bucket": rp.BUCKET, "Key": "access/tags"}
    tags = [{"Key": "colour", "Value": "blue + green/2"}, {"Key": "size", "Value": "xl"}]
    S3.put_object_tagging(**where, Tagging={"TagSet": tags})
    rp.equal(sorted(S3.get_object_tagging(**where)["TagSet"], key=lambda tag: tag["Key"]), tags, "tags")
    S3.delete_object_tagging(**where)
    rp.equal(S3.get_object_tagging(**where)["TagSet"], [], "tags after their deletion")
    put("access/tags", Tagging="a=1&b=two%20words")
    rp.equal(len(S3.get_object_tagging(**where)["TagSet"]), 2, "tags that came with the object")
