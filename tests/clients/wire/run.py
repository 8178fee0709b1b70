"""Runs what the clients that are not to be had on Debian put on the wire."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

import akkoma
import flysystem
import friendica
import gotosocial
import mastodon
import pictrs
import rp

rp.run(
    {
        f"test_{module.__name__}_{name[5:]}": test
        for module in (mastodon, gotosocial, pictrs, friendica, akkoma, flysystem)
        for name, test in vars(module).items()
        if name.startswith("test_")
    }
)
