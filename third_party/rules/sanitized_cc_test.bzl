"""sanitized_cc_test: a C++ test and, in CI, the same under the sanitizers."""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//third_party/rules:configured_test.bzl", "configured_test")

def sanitized_cc_test(name, sanitizers = [["asan", "ubsan"]], **kwargs):
    """Declares `name`, and `name_asan_ubsan` … for --config=ci.

    Args:
      name: of the cc_test.
      sanitizers: of asan, ubsan, tsan: what runs together. Each list compiles everything once more.
      **kwargs: handed to cc_test.
    """
    cc_test(
        name = name,
        size = "small",
        linkstatic = True,  # symbols are hidden, so a shared library would not have them
        **kwargs
    )
    for together in sanitizers:
        configured_test(
            name = "_".join([name] + together),
            size = "medium",
            timeout = "long",  # on a machine that is busy with other tests
            sanitizers = together,
            tags = ["ci"],
            test = ":" + name,
        )
