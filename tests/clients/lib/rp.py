"""What every Python client test needs: the settings of its member, checks, plain HTTP and a runner.

The settings come from the environment (crates/rockpool/tests/it/clients.rs sets them):
RP_ENDPOINT     the S3 face, e.g. http://127.0.0.1:23278
RP_REDIRECTOR   the pool host, where the world reads
RP_BUCKET, RP_ACCESS_KEY, RP_SECRET                      a fresh member of the pool and its first bucket
RP_OTHER_BUCKET, RP_OTHER_ACCESS_KEY, RP_OTHER_SECRET    another one, which nothing of the first may reach
RP_ONLY         if set, only tests whose names contain it are run
"""

import hashlib
import http.client
import os
import random
import sys
import time
import traceback
import urllib.parse

ENDPOINT = os.environ["RP_ENDPOINT"].rstrip("/")
REDIRECTOR = os.environ["RP_REDIRECTOR"].rstrip("/")
BUCKET = os.environ["RP_BUCKET"]
ACCESS_KEY = os.environ["RP_ACCESS_KEY"]
SECRET = os.environ["RP_SECRET"]
OTHER_BUCKET = os.environ["RP_OTHER_BUCKET"]
OTHER_ACCESS_KEY = os.environ["RP_OTHER_ACCESS_KEY"]
OTHER_SECRET = os.environ["RP_OTHER_SECRET"]

KIB = 1024
MIB = 1024 * 1024

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def content(size, seed=0):
    """`size` bytes that look random and are the same for the same seed."""
    return random.Random(f"{size}/{seed}").randbytes(size)


def equal(actual, expected, what):
    """Fails unless the two are equal."""
    if actual != expected:
        raise AssertionError(f"{what}: {_short(expected)} expected, {_short(actual)} came")


def true(condition, what):
    """Fails unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def same_bytes(actual, expected, what):
    """Fails unless the two bodies are equal; shows no more of them than their hashes."""
    if actual != expected:
        raise AssertionError(
            f"{what}: {len(expected)} bytes of SHA-256 {hashlib.sha256(expected).hexdigest()[:16]} expected, "
            f"{len(actual)} of {hashlib.sha256(actual).hexdigest()[:16]} came"
        )


def _short(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


class Answer:
    """An answer of plain HTTP: `status`, `body`, and headers by name in any case."""

    def __init__(self, response, body):
        self.status = response.status
        self.body = body
        self._headers = response.headers

    def header(self, name):
        """The header's value, or None."""
        return self._headers.get(name)


def fetch(url, method="GET", headers=None, body=None):
    """One request without redirects followed and without headers of its own beyond Host and Content-Length."""
    parts = urllib.parse.urlsplit(url)
    opener = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = opener(parts.hostname, parts.port, timeout=60)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def browse(url, headers=None):
    """As a browser reads: follows up to five redirects."""
    for _ in range(5):
        answer = fetch(url, headers=headers)
        if answer.status not in (301, 302, 303, 307, 308):
            return answer
        url = urllib.parse.urljoin(url, answer.header("location"))
    raise AssertionError(f"too many redirects, the last to {url}")


def public_url(key, bucket=BUCKET):
    """Where the world reads an object."""
    return f"{REDIRECTOR}/{bucket}/{urllib.parse.quote(key)}"


def run(namespace):
    """Runs each `test_*` of a namespace in its order, prints a line for each, and ends the process."""
    only = os.environ.get("RP_ONLY", "")
    tests = [(n, t) for n, t in namespace.items() if n.startswith("test_") and callable(t) and only in n]
    failed = []
    for name, test in tests:
        began = time.monotonic()
        try:
            test()
        except Exception:  # the runner's whole job is to tell of any failure
            failed.append(name)
            print(f"FAILED {name}")
            traceback.print_exc(file=sys.stdout)
        else:
            print(f"ok {name} ({time.monotonic() - began:.2f} s)")
        sys.stdout.flush()
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}")
    sys.exit(1 if failed or not tests else 0)
