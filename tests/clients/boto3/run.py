"""Runs everything that this directory does with boto3."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import botocore

import access
import checksums
import fediverse
import keys
import listing
import multipart
import objects
import rp
import virtual_host

print(f"botocore {botocore.__version__} against {rp.ENDPOINT}")
rp.run(
    {
        f"test_{module.__name__}_{name[5:]}": test
        for module in (objects, multipart, listing, keys, access, checksums, fediverse, virtual_host)
        for name, test in vars(module).items()
        if name.startswith("test_")
    }
)
