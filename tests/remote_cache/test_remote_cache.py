"""A remote cache: what one checkout pushes, another at another path takes; readers cannot write."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from cache_server import READER, WRITER, CacheServer
from checkout import QUICK_BUILD, Checkout, read_build_events

PASSWORDS = {READER: "reader's password", WRITER: "writer's password"}

CC_TEST = "//cc/kernels:expand_test"
TESTS = [CC_TEST, "//cc/kernels:copysign_test", "//tests/sot:logic_test"]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[CacheServer]:
    with CacheServer(tmp_path_factory.mktemp("server"), PASSWORDS) as server:
        yield server


class Build:
    """One call of Bazel with the cache: what it printed, and what ran its actions.

    Args:
      clone: where it runs.
      server: the cache.
      user: whose password is used.
      words: a command and its words, such as ["test", "--config=cache", "//a:b"].
    """

    def __init__(self, clone: Checkout, server: CacheServer, user: str, *words: str) -> None:
        events = clone.folder.parent / f"{clone.folder.name}.json"
        command, *rest = words
        self.result = clone.bazelw(
            command,
            *QUICK_BUILD,
            *rest,
            f"--remote_cache={server.url}",
            f"--build_event_json_file={events}",
            PADDLEMEND_CACHE_URL=server.url,
            PADDLEMEND_CACHE_USER=user,
            PADDLEMEND_CACHE_PASSWORD=PASSWORDS[user],
        )
        self._events = read_build_events(events)

    @property
    def runners(self) -> dict[str, int]:
        """How many actions each strategy ran, without those that Bazel does by itself."""
        (metrics,) = (event["buildMetrics"] for event in self._events if "buildMetrics" in event)
        counts = metrics["actionSummary"]["runnerCount"]
        return {
            entry["name"]: entry["count"]
            for entry in counts
            if entry["name"] not in ("total", "internal")
        }

    @property
    def tests_from_the_cache(self) -> dict[str, bool]:
        results = [event for event in self._events if "testResult" in event]
        return {
            event["id"]["testResult"]["label"]: bool(
                event["testResult"]["executionInfo"].get("cachedRemotely")
            )
            for event in results
        }


def make_checkout(tmp_path_factory, name: str) -> Checkout:
    folder = tmp_path_factory.mktemp(name)
    return Checkout(folder / f"checkout of {name}".replace(" ", "_"), folder / "outputs")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory, server) -> Iterator[tuple[Build, str]]:
    """A checkout that builds and tests everything and pushes it; the digest of one test program."""
    with make_checkout(tmp_path_factory, "writer") as clone:
        build = Build(clone, server, WRITER, "test", "--config=cache-push", *TESTS)
        assert build.result.returncode == 0, build.result.stdout
        program = clone.folder / "bazel-bin/cc/kernels/expand_test"
        yield build, hashlib.sha256(program.read_bytes()).hexdigest()


def test_every_action_of_a_second_checkout_is_a_remote_hit(
    server, pushed, tmp_path_factory, capsys
):
    first, _ = pushed
    with make_checkout(tmp_path_factory, "reader") as clone:
        second = Build(clone, server, READER, "test", "--config=cache", *TESTS)
    assert second.result.returncode == 0, second.result.stdout
    with capsys.disabled():
        print(f"\nfirst checkout: {first.runners}; second: {second.runners}")
    assert "remote cache hit" not in first.runners
    assert second.runners == {"remote cache hit": sum(first.runners.values())}
    assert second.tests_from_the_cache == dict.fromkeys(TESTS, True)


def test_another_compiler_is_another_key(server, pushed, tmp_path_factory):
    with make_checkout(tmp_path_factory, "compiler") as clone:
        clone.environment["PADDLEMEND_COMPILER"] = "gcc 0.0"  # else bazelw asks the compiler
        build = Build(clone, server, READER, "build", "--config=cache", "@googletest//:gtest_main")
    assert build.result.returncode == 0, build.result.stdout
    assert build.runners and "remote cache hit" not in build.runners


def put(server: CacheServer, path: str, user: str) -> int:
    """The status with which the server answers a PUT."""
    pair = base64.b64encode(f"{user}:{PASSWORDS[user]}".encode()).decode()
    request = urllib.request.Request(
        f"{server.url}/{path}",
        data=b"entry",
        method="PUT",
        headers={"Authorization": f"Basic {pair}"},
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_server_refuses_what_a_reader_writes(server):
    assert put(server, "cas/by_a_writer", WRITER) == 201
    assert put(server, "cas/by_a_reader", READER) == 401
    assert {path.name for path in server.entries.rglob("by_a_*")} == {"by_a_writer"}


def test_a_reader_who_is_told_to_push_builds_and_writes_nothing(server, tmp_path_factory):
    with make_checkout(tmp_path_factory, "intruder") as clone:
        before = {path for path in server.entries.rglob("*") if path.is_file()}
        words = ["--config=cache-push", "--copt=-DNEVER_SEEN_BEFORE", "@googletest//:gtest_main"]
        build = Build(clone, server, READER, "build", *words)
        after = {path for path in server.entries.rglob("*") if path.is_file()}
    assert build.result.returncode == 0, build.result.stdout
    assert build.runners and "remote cache hit" not in build.runners
    assert after == before


def test_an_entry_that_was_altered_on_the_server_is_not_used(server, pushed, tmp_path_factory):
    _, digest = pushed
    entry = server.entries / "cas" / digest
    contents = bytearray(entry.read_bytes())
    contents[len(contents) // 2] ^= 1
    entry.write_bytes(contents)
    with make_checkout(tmp_path_factory, "careful") as clone:
        build = Build(clone, server, READER, "build", "--config=cache", CC_TEST)
        program = clone.folder / "bazel-bin/cc/kernels/expand_test"
        built = hashlib.sha256(program.read_bytes()).hexdigest()
    assert build.result.returncode == 0, build.result.stdout
    assert built == digest
    # Linked here: its objects, which nobody altered, came from the cache.
    runners = build.runners
    assert runners.pop("remote cache hit") > 50
    assert sum(runners.values()) == 1
