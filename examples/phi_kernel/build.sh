#!/bin/sh
# Builds ./index_sample_kernel.so: build.sh DIST PADDLE, the installed tree and the folder of the Paddle package.
set -eu
dist=$(realpath "${1:?build.sh DIST PADDLE: DIST is the tree that ./bazelw build //cc:dist makes}")
paddle=$(realpath "${2:?build.sh DIST PADDLE: PADDLE is the folder of the installed package}")
cd "$(dirname "$0")"
${CXX:-c++} -std=c++17 -O2 -fPIC -shared index_sample_kernel.cc -o index_sample_kernel.so \
  -I"$dist/include" -I"$paddle/include" -I"$paddle/include/third_party" \
  "$dist/lib/libpaddlemend.so" "$paddle/libs/libphi_core.so" "$paddle/libs/libcommon.so" \
  -Wl,-rpath,"$dist/lib"
