"""The module extension behind MODULE.bazel."""

load("//third_party:repos.bzl", "repos")

def _third_party_impl(_ctx):
    repos()

third_party = module_extension(implementation = _third_party_impl)
