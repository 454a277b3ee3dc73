"""sanitized_cc_test: a C++ test and, in CI, the same under the sanitizers."""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//third_party/rules:configured_test.bzl", "configured_test")

def sanitized_cc_test(name, sanitizers = ["asan", "ubsan"], **kwargs):
    """Declares `name`, and `name_asan` … for --config=ci.

    Args:
      name: of the cc_test.
      sanitizers: which of asan, ubsan, tsan.
      **kwargs: handed to cc_test.
    """
    cc_test(
        name = name,
        size = "small",
        linkstatic = True,  # symbols are hidden, so a shared library would not have them
        **kwargs
    )
    for sanitizer in sanitizers:
        configured_test(
            name = "%s_%s" % (name, sanitizer),
            size = "medium",
            sanitizer = sanitizer,
            tags = ["ci"],
            test = ":" + name,
        )
