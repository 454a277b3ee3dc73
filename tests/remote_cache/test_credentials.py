"""Who is told the user and the password of the remote cache."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

HELPER = "third_party/remote_cache/credentials.py"


def ask(uri: str, **environment: str) -> dict:
    printed = subprocess.run(
        [sys.executable, HELPER, "get"],
        input=json.dumps({"uri": uri}),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return json.loads(printed)["headers"]


USER = {"PADDLEMEND_CACHE_USER": "ci", "PADDLEMEND_CACHE_PASSWORD": "p:1"}


def test_the_cache_is_told_both():
    (header,) = ask("http://127.0.0.1:8980/cas/0", **USER)["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "ci:p:1"


def test_another_server_is_told_nothing():
    assert ask("https://127.0.0.1:8980/cas/0", **USER) == {}
    assert ask("http://127.0.0.1:8980.example.com/cas/0", **USER) == {}


def test_the_environment_says_which_server_is_the_cache():
    server = {"PADDLEMEND_CACHE_URL": "https://cache.example.com/paddlemend"}
    assert ask("https://cache.example.com/paddlemend/ac/0", **USER, **server)
    assert ask("http://127.0.0.1:8980/ac/0", **USER, **server) == {}


def test_without_a_user_nothing_is_sent():
    assert ask("http://127.0.0.1:8980/cas/0") == {}
