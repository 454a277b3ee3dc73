// What a caller may choose about how an operator runs.
#pragma once

namespace paddlemend {

struct Context {
  /// Threads to use; 0 means DefaultNumThreads(). Results never depend on it.
  int num_threads = 0;
};

}  // namespace paddlemend
