"""Prints boto3_requests.json: requests and forms as boto3 signs them at a fixed time. Needs boto3 from PyPI.

    python3 boto3_requests.py > boto3_requests.json
"""
import base64
import datetime
import json
import types
import urllib.parse

import boto3
import botocore.auth
from botocore.config import Config

NOW = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.timezone.utc)
HTTP_DATE = "Mon, 23 Nov 2026 09:00:00 GMT"
BUCKET = "some-bucket"
KEYS = [
    "plain.png",
    "a b+c&d=e;f?g#h%i%2Fj.png",
    "!'()*~:@$,[]{}|\\^`\"<>",
    "/leading//double/../dots/./",
    "ünïcode/🦀/日本語.webp",
    "%41%zz",
    "\x07control",
]

botocore.auth.get_current_datetime = lambda: NOW.replace(tzinfo=None)
botocore.auth.formatdate = lambda *args, **kwargs: HTTP_DATE
botocore.auth.time = types.SimpleNamespace(time=NOW.timestamp)

UNSIGNED = ["host", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request"]

requests = []


class Sent(BaseException):
    """Thrown in place of sending; no Exception, which boto3 would catch and try again."""



def client(scheme, version, style, region="us-east-1"):
    return boto3.client(
        "s3",
        endpoint_url=f"{scheme}://s3.example:23278",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region_name=region,
        config=Config(signature_version=version, s3={"addressing_style": style}),
    )


def note(name, method, url, headers, body=None, content=None):
    url = urllib.parse.urlsplit(url)
    # What changes from run to run is not signed.
    headers = [[key, value] for key, value in headers if key.lower() not in UNSIGNED]
    requests.append(
        {
            "name": name,
            "method": method,
            "target": url.path + ("?" + url.query if url.query else ""),
            "headers": [["Host", url.netloc]] + headers,
            "virtual_host": url.netloc.startswith(BUCKET + "."),
            "body": body and base64.b64encode(body).decode(),
            "content": content and base64.b64encode(content).decode(),
        }
    )


def capture(name, s3, content, call):
    def send(request, **_):
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        headers = [
            (key, value.decode() if isinstance(value, bytes) else str(value))
            for key, value in request.headers.items()
        ]
        wanted = content is not None and "STREAMING" in str(headers)
        note(name, request.method, request.url, headers, *((body, content) if wanted else ()))
        raise Sent

    s3.meta.events.register("before-send.s3", send, unique_id="capture")
    try:
        call(s3)
    except Sent:
        pass
    s3.meta.events.unregister("before-send.s3", unique_id="capture")


def operations(label, s3, keys):
    def take(name, call, content=None):
        capture(f"{label}: {name}", s3, content, call)

    picture = b"not quite a picture"
    for key in keys:
        take(f"put {key!r}", lambda c: c.put_object(
            Bucket=BUCKET, Key=key, Body=picture, ACL="public-read", ContentType="image/png",
            CacheControl="public,  max-age=31536000", Metadata={"note": "two  spaces", "other": "x"}), picture)
        take(f"get {key!r}", lambda c: c.get_object(Bucket=BUCKET, Key=key, Range="bytes=0-9"))
    take("list", lambda c: c.list_objects_v2(Bucket=BUCKET, Prefix="a b+c/ü&=", Delimiter="/", MaxKeys=3))
    take("delete many", lambda c: c.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}]}))
    take("copy", lambda c: c.copy_object(Bucket=BUCKET, Key="to", CopySource={"Bucket": BUCKET, "Key": "a +ü"}))
    take("create upload", lambda c: c.create_multipart_upload(Bucket=BUCKET, Key="m p"))
    take("part", lambda c: c.upload_part(Bucket=BUCKET, Key="m p", UploadId="a+/=", PartNumber=3, Body=picture), picture)
    take("read the ACL", lambda c: c.get_object_acl(Bucket=BUCKET, Key="a"))
    take("list buckets", lambda c: c.list_buckets())


def presigned(label, s3, keys):
    def url(name, operation, method, headers=(), **params):
        signed = s3.generate_presigned_url(operation, {"Bucket": BUCKET, **params}, ExpiresIn=3600)
        note(f"{label}: presigned {name}", method, signed, headers)

    for key in keys:
        url(f"get {key!r}", "get_object", "GET", Key=key,
            ResponseContentDisposition="attachment; filename=\"a b+c.png\"", ResponseContentType="image/png")
    url("put", "put_object", "PUT", Key="up load")
    url("delete", "delete_object", "DELETE", Key="gone")
    if "v2" in label:
        url("put with an ACL in the query", "put_object", "PUT", Key="a", ACL="public-read", ContentType="image/png")
        url("put with an ACL in headers", "put_object", "PUT",
            headers=[("x-amz-acl", "public-read")], Key="a", ACL="public-read")


operations("v4 http path", client("http", "s3v4", "path"), KEYS)
operations("v4 https path", client("https", "s3v4", "path", "auto"), KEYS[1:2])
operations("v4 http virtual", client("http", "s3v4", "virtual"), KEYS[:1])
operations("v2 http path", client("http", "s3", "path"), KEYS)
operations("v2 https virtual", client("https", "s3", "virtual"), KEYS[1:2])
presigned("v4 path", client("https", "s3v4", "path"), KEYS)
presigned("v4 virtual", client("https", "s3v4", "virtual"), KEYS[1:2])
presigned("v2 path", client("https", "s3", "path"), KEYS)
presigned("v2 virtual", client("https", "s3", "virtual"), KEYS[1:2])

forms = []
for version in ("s3v4", "s3"):
    post = client("https", version, "path").generate_presigned_post(
        BUCKET,
        "user/${filename}",
        Fields={"acl": "public-read"},
        Conditions=[{"acl": "public-read"}, ["content-length-range", 1, 1000]],
    )
    forms.append({"name": version, "fields": list(post["fields"].items())})

    # boto3 takes the real time for when the policy expires.
    policy = json.loads(base64.b64decode(post["fields"]["policy"]))
    forms[-1]["expires"] = policy["expiration"]

lines = lambda items: ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
print(f'{{"requests": [\n{lines(requests)}\n],\n"forms": [\n{lines(forms)}\n]}}')
