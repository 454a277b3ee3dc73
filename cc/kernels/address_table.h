// Numbering addresses that are few and far between.
#pragma once

#include <cstdint>
#include <vector>

namespace paddlemend {

/// A hash table from addresses, >= 0, to the order in which they came: 0, 1, 2, ...
class AddressTable {
 public:
  /// Room for `capacity` addresses.
  explicit AddressTable(int64_t capacity) {
    while ((int64_t{1} << bits_) < 2 * capacity) ++bits_;
    entries_.resize(int64_t{1} << bits_, Entry{-1, -1});
  }

  int64_t size() const { return size_; }

  /// The number of the address, a new one if it is new.
  int64_t Insert(int64_t address) {
    Entry& entry = entries_[Locate(address)];
    if (entry.address < 0) entry = {address, size_++};
    return entry.number;
  }

  /// The number of the address, or -1.
  int64_t Find(int64_t address) const { return entries_[Locate(address)].number; }

 private:
  struct Entry {
    int64_t address;
    int64_t number;
  };

  /// Where the address is, or where it belongs.
  uint64_t Locate(int64_t address) const {
    const uint64_t mask = entries_.size() - 1;
    // Fibonacci hashing: the upper bits of the product depend on all bits of the address.
    uint64_t at = static_cast<uint64_t>(address) * 0x9e3779b97f4a7c15u >> (64 - bits_);
    while (entries_[at].address >= 0 && entries_[at].address != address) at = (at + 1) & mask;
    return at;
  }

  int bits_ = 1;
  int64_t size_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace paddlemend
