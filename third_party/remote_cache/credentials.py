#!/usr/bin/env python3
"""Bazel's credential helper: the user and the password of the remote cache, out of the environment.

    credentials.py get < {"uri": "http://127.0.0.1:8980/ac/..."}

They are PADDLEMEND_CACHE_USER and PADDLEMEND_CACHE_PASSWORD, and go to PADDLEMEND_CACHE_URL
(default: the address of cache_server.py) alone: Bazel asks for every server that it fetches from.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8980"


def headers(uri: str) -> dict[str, list[str]]:
    """The headers for a request to `uri`; none for another server, and where no user is given."""
    server = urlsplit(os.environ.get("PADDLEMEND_CACHE_URL") or DEFAULT_URL)
    asked = urlsplit(uri)
    user = os.environ.get("PADDLEMEND_CACHE_USER")
    if not user or (asked.scheme, asked.netloc) != (server.scheme, server.netloc):
        return {}
    pair = f"{user}:{os.environ.get('PADDLEMEND_CACHE_PASSWORD', '')}"
    return {"Authorization": ["Basic " + base64.b64encode(pair.encode()).decode()]}


def main() -> None:
    if sys.argv[1:] != ["get"]:
        sys.exit(f"credentials.py: the arguments are {sys.argv[1:]}; expected 'get'")
    print(json.dumps({"headers": headers(json.load(sys.stdin)["uri"])}))


if __name__ == "__main__":
    main()
