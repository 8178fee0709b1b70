"""Signatures of versions 4 and 2, written from Amazon's documents, for clients that are not to be had on Debian.

Version 4: "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference, with its pages on the header,
the query and on chunks; version 2: "Signing and authenticating REST requests".
"""

import base64
import datetime
import hashlib
import hmac
import urllib.parse

import rp

HOST = urllib.parse.urlsplit(rp.ENDPOINT).netloc
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def quoted(text, keep="-._~"):
    """Percent-encodes all but the unreserved characters."""
    return urllib.parse.quote(text, safe=keep)


def path_of(key=None, bucket=rp.BUCKET):
    """The path of a bucket, with a slash, or of a key in it."""
    return f"/{quoted(bucket)}/" + (quoted(key, "/-._~") if key is not None else "")


def query_of(pairs):
    """A query of pairs in their given order."""
    return "&".join(f"{quoted(k)}={quoted(v)}" for k, v in pairs)


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class V4:
    """A signer for one request: its time, scope and key."""

    def __init__(self, region="us-east-1", secret=rp.SECRET, key=rp.ACCESS_KEY):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.time = now.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.time[:8]}/{region}/s3/aws4_request"
        self.credential = f"{key}/{self.scope}"
        signing = f"AWS4{secret}".encode()
        for part in self.scope.split("/"):
            signing = _hmac(signing, part)
        self.signing_key = signing

    def signature(self, method, path, pairs, headers, payload_hash):
        """The signature of a request, and the names of the signed headers."""
        low = sorted((k.lower(), " ".join(v.split())) for k, v in headers.items())
        names = ";".join(k for k, _ in low)
        query = "&".join(f"{k}={v}" for k, v in sorted((quoted(k), quoted(v)) for k, v in pairs))
        lines = [method, path, query]
        lines += [f"{k}:{v}" for k, v in low] + ["", names, payload_hash]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", self.time, self.scope, digest])
        return _hmac(self.signing_key, text).hex(), names

    def chunk_signature(self, previous, data):
        """The signature of a chunk after that of the one before it."""
        text = ["AWS4-HMAC-SHA256-PAYLOAD", self.time, self.scope, previous, EMPTY_SHA256]
        return _hmac(self.signing_key, "\n".join(text + [hashlib.sha256(data).hexdigest()])).hex()

    def trailer_signature(self, previous, trailer):
        """The signature of a trailer, given as `name:value\\n`, after the last chunk's."""
        digest = hashlib.sha256(trailer.encode()).hexdigest()
        text = ["AWS4-HMAC-SHA256-TRAILER", self.time, self.scope, previous, digest]
        return _hmac(self.signing_key, "\n".join(text)).hex()


def signed_headers(signer, method, path, pairs, headers, payload_hash):
    """The headers of a request that is signed in its Authorization header; its signature."""
    headers = {"Host": HOST, "X-Amz-Date": signer.time, "X-Amz-Content-Sha256": payload_hash} | headers
    signature, names = signer.signature(method, path, pairs, headers, payload_hash)
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers, signature


def send_v4(method, path, pairs=(), headers=None, body=b"", payload_hash=None, region="us-east-1"):
    """Sends a request that is signed in its header."""
    signer = V4(region)
    payload_hash = payload_hash or hashlib.sha256(body).hexdigest()
    signed, _ = signed_headers(signer, method, path, pairs, headers or {}, payload_hash)
    return rp.fetch(url_of(path, pairs), method, headers=signed, body=body)


def url_of(path, pairs=()):
    """The address of a path at the S3 face."""
    return rp.ENDPOINT + path + (f"?{query_of(pairs)}" if pairs else "")


def presigned_v4(method, path, pairs=(), expires=300, signer=None):
    """The URL of a request that is signed in its query, with only the host among its signed headers."""
    signer = signer or V4()
    pairs = list(pairs) + [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", signer.credential),
        ("X-Amz-Date", signer.time),
        ("X-Amz-Expires", str(expires)),
        ("X-Amz-SignedHeaders", "host"),
    ]
    signature, _ = signer.signature(method, path, pairs, {"Host": HOST}, "UNSIGNED-PAYLOAD")
    return url_of(path, pairs + [("X-Amz-Signature", signature)])


# The sub-resources and overrides that version 2 signs.
V2_SIGNED = {"acl", "delete", "location", "partNumber", "response-content-type", "uploadId", "uploads"}


def send_v2(method, path, pairs=(), headers=None, body=b"", secret=rp.SECRET):
    """Sends a request with a signature of version 2 in its header."""
    headers = {"Date": datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")} | (
        headers or {}
    )
    low = {k.lower(): v for k, v in headers.items()}
    amz = "".join(f"{k}:{v}\n" for k, v in sorted(low.items()) if k.startswith("x-amz-"))
    signed = "&".join(k if v == "" else f"{k}={v}" for k, v in sorted(pairs) if k in V2_SIGNED)
    text = "\n".join([method, low.get("content-md5", ""), low.get("content-type", ""), low["date"], amz + path])
    text += f"?{signed}" if signed else ""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    headers["Authorization"] = f"AWS {rp.ACCESS_KEY}:{base64.b64encode(digest).decode()}"
    return rp.fetch(url_of(path, pairs), method, headers=headers, body=body)


def code_of(answer):
    """S3's error code in an answer, or an empty text."""
    text = answer.body.decode()
    return text.split("<Code>")[1].split("</Code>")[0] if "<Code>" in text else ""


def expect(answer, status, what, code=None):
    """Fails unless the answer has that status and, if given, that error code. Gives the answer."""
    got = f"{answer.status} {answer.body[:400]!r}"
    rp.true(answer.status == status, f"{what}: status {status} expected, {got} came")
    if code:
        rp.equal(code_of(answer), code, f"{what}: error code")
    return answer


def element(answer, name):
    """The text of the first element of that name in an answer's XML."""
    text = answer.body.decode()
    rp.true(f"<{name}>" in text, f"no <{name}> in {text[:400]}")
    return text.split(f"<{name}>")[1].split(f"</{name}>")[0]
