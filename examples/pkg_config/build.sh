#!/bin/sh
# Builds ./solve against the tree that PKG_CONFIG_PATH=…/lib/pkgconfig names; it finds the library there.
set -eu
cd "$(dirname "$0")"
flags=$(pkg-config --cflags --libs paddlemend)
libdir=$(pkg-config --libs-only-L paddlemend)
# eval, because pkg-config prints for a shell: a space in a path has a backslash before it.
eval "${CXX:-c++} -std=c++17 -O2 solve.cc -o solve $flags -Wl,-rpath,${libdir#-L}"
