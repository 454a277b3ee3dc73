// The positions of an index list, sorted by the index they hold.
#pragma once

#include <cstdint>
#include <vector>

namespace paddlemend {

/// For each destination d in [0, size): the positions i with indices[i] == d, in ascending order
/// (a counting sort; the layout is that of compressed sparse rows).
class SlicesByDestination {
 public:
  template <typename Number>
  SlicesByDestination(const Number* indices, int64_t count, int64_t size)
      : starts_(size + 1), positions_(count + 1) {
    for (int64_t i = 0; i < count; ++i) ++starts_[indices[i]];
    int64_t total = 0;
    for (int64_t& entry : starts_) entry = total += entry;
    // Entry d is where destination d ends. Filling in from the back leaves where it starts.
    for (int64_t i = count - 1; i >= 0; --i) positions_[--starts_[indices[i]]] = i;
  }

  /// One entry past the last position of all may be read: a valid position, to prefetch.
  const int64_t* begin(int64_t destination) const {
    return positions_.data() + starts_[destination];
  }
  const int64_t* end(int64_t destination) const { return begin(destination + 1); }

 private:
  std::vector<int64_t> starts_;
  std::vector<int64_t> positions_;
};

}  // namespace paddlemend
