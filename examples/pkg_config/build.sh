#!/bin/sh
# Builds ./solve against the tree that PKG_CONFIG_PATH=…/lib/pkgconfig names; it finds the library there.
set -eu
cd "$(dirname "$0")"
${CXX:-c++} -std=c++17 -O2 solve.cc -o solve \
  $(pkg-config --cflags --libs paddlemend) -Wl,-rpath,"$(pkg-config --variable=libdir paddlemend)"
