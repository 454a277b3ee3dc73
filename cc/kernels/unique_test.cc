#include "cc/kernels/unique.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;
using Word = std::vector<double>;

const double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What Unique gives, as numbers: each result slice as the row-major word of its elements.
struct Found {
  std::vector<Word> slices;
  std::vector<int64_t> index;
  std::vector<int64_t> inverse;
  std::vector<int64_t> counts;
};

std::vector<int64_t> Numbers(const TestTensor& tensor, int64_t count) {
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(std::llround(tensor.Get(i).real()));
  return numbers;
}

/// The slices of `x` along the axis, of its elements for axis -1.
std::vector<Word> Slices(const TestTensor& x, int axis, int64_t count) {
  const Sizes shape = x.shape();
  int64_t inner = 1;
  for (size_t d = axis + 1; axis >= 0 && d < shape.size(); ++d) inner *= shape[d];
  const int64_t size = axis < 0 ? x.numel() : shape[axis];
  std::vector<Word> slices(count);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int64_t slice = axis < 0 ? i : i / inner % size;
    if (slice < count) slices[slice].push_back(x.Get(i).real());
  }
  return slices;
}

Found UniqueOf(const TestTensor& x, int axis = -1, DType dtype = DType::kInt64, int threads = 1,
               Strides strides = Strides::kRowMajor) {
  const int64_t n = axis < 0 ? x.numel() : x.shape()[axis];
  TestTensor out(x.dtype(), axis < 0 ? Sizes{n} : x.shape(), strides);
  TestTensor index(dtype, {n}, strides);
  TestTensor inverse(dtype, {n}, strides);
  TestTensor counts(dtype, {n}, strides);
  const MutableTensorView views[] = {index.mutable_view(), inverse.mutable_view(),
                                     counts.mutable_view()};
  const int64_t axes[] = {axis};
  int64_t count = -1;
  Context context;
  context.num_threads = threads;
  const Status status = Unique(x.view(), IntSpan{axes, axis < 0 ? 0 : 1}, out.mutable_view(),
                               &views[0], &views[1], &views[2], &count, context);
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_TRUE(out.GapsArePoison());
  return {Slices(out, axis, count), Numbers(index, count), Numbers(inverse, n),
          Numbers(counts, count)};
}

/// NaN after all numbers.
bool IsLess(const Word& a, const Word& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::isnan(a[i]) || std::isnan(b[i])) return std::isnan(b[i]);
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

bool HasNaN(const Word& word) {
  return std::any_of(word.begin(), word.end(), [](double letter) { return std::isnan(letter); });
}

/// By sorting the places of the words.
Found Reference(const std::vector<Word>& words) {
  std::vector<int64_t> order(words.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return IsLess(words[a], words[b]); });
  Found found;
  found.inverse.resize(words.size());
  for (const int64_t place : order) {
    if (found.slices.empty() || HasNaN(words[place]) || found.slices.back() != words[place]) {
      found.slices.push_back(words[place]);
      found.index.push_back(place);
      found.counts.push_back(0);
    }
    ++found.counts.back();
    found.inverse[place] = found.slices.size() - 1;
  }
  return found;
}

void ExpectSame(const Found& found, const Found& expected) {
  EXPECT_EQ(found.index, expected.index);
  EXPECT_EQ(found.inverse, expected.inverse);
  EXPECT_EQ(found.counts, expected.counts);
  ASSERT_EQ(found.slices.size(), expected.slices.size());
  for (size_t i = 0; i < found.slices.size(); ++i) {
    ASSERT_EQ(found.slices[i].size(), expected.slices[i].size());
    for (size_t j = 0; j < found.slices[i].size(); ++j) {
      const double got = found.slices[i][j];
      const double want = expected.slices[i][j];
      EXPECT_TRUE(std::isnan(want) ? std::isnan(got) : got == want) << got << " for " << want;
      EXPECT_EQ(std::signbit(got), std::signbit(want));
    }
  }
}

void ExpectRight(const TestTensor& x, int axis = -1) {
  const int64_t n = axis < 0 ? x.numel() : x.shape()[axis];
  ExpectSame(UniqueOf(x, axis), Reference(Slices(x, axis, n)));
}

class EveryRealDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(UniqueTest, EveryRealDType, testing::ValuesIn(kRealDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryRealDType, Elements) {
  std::mt19937 random(1);
  for (const Sizes& shape : {Sizes{}, Sizes{1}, Sizes{7}, Sizes{300}, Sizes{5, 70}, Sizes{6000}}) {
    ExpectRight(TestTensor::Random(GetParam(), shape, &random));
  }
}

TEST_P(EveryRealDType, SlicesAlongEveryAxis) {
  std::mt19937 random(2);
  for (const Sizes& shape : {Sizes{40}, Sizes{60, 1}, Sizes{60, 2}, Sizes{3, 60, 1}, Sizes{2, 3, 4},
                             Sizes{30, 2, 7}, Sizes{2, 1, 50}, Sizes{700, 2}}) {
    const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
    for (size_t axis = 0; axis < shape.size(); ++axis) ExpectRight(x, axis);
  }
}

TEST_P(EveryRealDType, ManyEqualSlices) {
  std::mt19937 random(3);
  for (const int64_t length : {1, 3, 20}) {
    const TestTensor few = TestTensor::Random(GetParam(), {5, length}, &random);
    TestTensor x(GetParam(), {3000, length});
    for (int64_t i = 0; i < x.numel(); ++i) {
      // Equal beginnings, too.
      const int64_t row = i / length * 7919 % 5;
      x.Set(i, few.Get(i % length + 1 == length ? row * length + i % length : i % length));
    }
    ExpectRight(x, 0);
  }
}

TEST_P(EveryRealDType, AnyStrides) {
  std::mt19937 random(4);
  const TestTensor x = TestTensor::Random(GetParam(), {30, 3}, &random);
  for (const int axis : {-1, 0, 1}) {
    const int64_t n = axis < 0 ? x.numel() : x.shape()[axis];
    const Found expected = Reference(Slices(x, axis, n));
    for (const Strides from : kAllStrides) {
      for (const Strides to : {Strides::kRowMajor, Strides::kBackwards}) {
        ExpectSame(UniqueOf(x.With(from), axis, DType::kInt32, 1, to), expected);
      }
    }
  }
}

TEST_P(EveryRealDType, OnlyWhatIsWanted) {
  std::mt19937 random(5);
  for (const int64_t n : {50, 9000}) {
    const TestTensor x = TestTensor::Random(GetParam(), {n}, &random);
    const Found expected = Reference(Slices(x, -1, n));
    for (int wanted = 0; wanted < 8; ++wanted) {
      TestTensor out(GetParam(), {n});
      TestTensor numbers[] = {TestTensor(DType::kInt32, {n}), TestTensor(DType::kInt64, {n}),
                              TestTensor(DType::kInt32, {n})};
      MutableTensorView views[3];
      const MutableTensorView* given[3] = {};
      for (int i = 0; i < 3; ++i) {
        views[i] = numbers[i].mutable_view();
        if ((wanted >> i & 1) != 0) given[i] = &views[i];
      }
      int64_t count = 0;
      ASSERT_TRUE(Unique(x.view(), IntSpan{nullptr, 0}, out.mutable_view(), given[0], given[1],
                         given[2], &count, {})
                      .ok());
      ASSERT_EQ(count, static_cast<int64_t>(expected.slices.size()));
      EXPECT_EQ(Slices(out, -1, count), expected.slices);
      if (given[0]) EXPECT_EQ(Numbers(numbers[0], count), expected.index);
      if (given[1]) EXPECT_EQ(Numbers(numbers[1], n), expected.inverse);
      if (given[2]) EXPECT_EQ(Numbers(numbers[2], count), expected.counts);
    }
  }
}

TEST_P(EveryRealDType, BitsDoNotDependOnThreads) {
  std::mt19937 random(6);
  const TestTensor x = TestTensor::Random(GetParam(), {100000, 2}, &random);
  for (const int axis : {-1, 0}) {
    const Found expected = UniqueOf(x, axis);
    for (const int threads : {2, 5}) {
      ExpectSame(UniqueOf(x, axis, DType::kInt64, threads), expected);
    }
  }
}

class EveryFloatingDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(UniqueTest, EveryFloatingDType, testing::ValuesIn(kFloatingDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryFloatingDType, SpecialValuesInFewAndManyPlaces) {
  const double values[] = {kNaN, 1, -0.0, kInfinity, -kNaN, 0, -kInfinity, 1, 0.5, -2};
  // By sorting, by a table or by hashing, as many places as there are.
  for (const int64_t n : {10, 700, 9000, 140000}) {
    TestTensor x(GetParam(), {n});
    for (int64_t i = 0; i < n; ++i) x.Set(i, values[i % (n < 1000 ? 10 : i % 97 == 0 ? 10 : 4)]);
    ExpectRight(x);
  }
}

TEST_P(EveryFloatingDType, SlicesWithNaN) {
  const TestTensor x =
      TestTensor::Of(GetParam(), {6, 2}, {kNaN, 1, kNaN, 1, 0, kNaN, -0.0, 1, 0, 1, kNaN, 0});
  ExpectRight(x, 0);
  ExpectRight(x, 1);
}

/// Values of 64 bits, through memory: a double does not hold them.
void ExpectRight(const std::vector<int64_t>& values, int threads) {
  const int64_t n = values.size();
  std::map<int64_t, std::vector<int64_t>> places;
  for (int64_t i = 0; i < n; ++i) places[values[i]].push_back(i);
  const TensorLayout layout{DType::kInt64, 1, {n}, {1}};
  std::vector<int64_t> out(n), index(n), inverse(n), counts(n);
  const MutableTensorView views[] = {
      {layout, index.data()}, {layout, inverse.data()}, {layout, counts.data()}};
  int64_t count = 0;
  Context context;
  context.num_threads = threads;
  ASSERT_TRUE(Unique(TensorView{layout, values.data()}, IntSpan{nullptr, 0},
                     MutableTensorView{layout, out.data()}, &views[0], &views[1], &views[2], &count,
                     context)
                  .ok());
  ASSERT_EQ(count, static_cast<int64_t>(places.size()));
  std::vector<int64_t> values_only(n);
  ASSERT_TRUE(Unique(TensorView{layout, values.data()}, IntSpan{nullptr, 0},
                     MutableTensorView{layout, values_only.data()}, nullptr, nullptr, nullptr,
                     &count, context)
                  .ok());
  int64_t number = 0;
  for (const auto& [value, at] : places) {
    ASSERT_EQ(out[number], value);
    ASSERT_EQ(values_only[number], value);
    ASSERT_EQ(index[number], at.front());
    ASSERT_EQ(counts[number], static_cast<int64_t>(at.size()));
    for (const int64_t place : at) ASSERT_EQ(inverse[place], number);
    ++number;
  }
}

TEST(UniqueTest, IntegersOfAllSizes) {
  std::mt19937_64 random(7);
  for (const int64_t n : {1, 600, 5000, 100000}) {
    for (const int bits : {4, 17, 24, 33, 64}) {
      std::vector<int64_t> values(n);
      for (int64_t& value : values) value = static_cast<int64_t>(random() >> (64 - bits));
      ExpectRight(values, 1);
      ExpectRight(values, 3);
      // An extreme value leaves all others in one run.
      values[0] = std::numeric_limits<int64_t>::min();
      values[n / 2] = std::numeric_limits<int64_t>::max();
      ExpectRight(values, 2);
    }
  }
}

TEST(UniqueTest, FewDistinctValuesFarApart) {
  std::mt19937_64 random(8);
  std::vector<int64_t> distinct(8000);
  for (int64_t& value : distinct) value = static_cast<int64_t>(random());
  for (const size_t count : {3u, 1000u, 8000u}) {
    std::vector<int64_t> values(80000);
    for (int64_t& value : values) value = distinct[random() % count];
    ExpectRight(values, 1);
    ExpectRight(values, 2);
  }
}

TEST(UniqueTest, NoElementAndNoSlice) {
  EXPECT_TRUE(UniqueOf(TestTensor(DType::kFloat32, {0})).slices.empty());
  EXPECT_TRUE(UniqueOf(TestTensor(DType::kFloat32, {3, 0})).inverse.empty());
  EXPECT_TRUE(UniqueOf(TestTensor(DType::kFloat32, {0, 3}), 0).slices.empty());
  EXPECT_TRUE(UniqueOf(TestTensor(DType::kFloat32, {2, 0, 3}), 1).slices.empty());
}

Status TryUnique(const TestTensor& x, const std::vector<int64_t>& axis, TestTensor* out,
                 TestTensor* index) {
  const MutableTensorView view = index->mutable_view();
  int64_t count = 0;
  return Unique(x.view(), IntSpan{axis.data(), static_cast<int64_t>(axis.size())},
                out->mutable_view(), &view, nullptr, nullptr, &count, {});
}

TEST(UniqueTest, Errors) {
  const TestTensor x(DType::kFloat32, {4, 2});
  TestTensor out(DType::kFloat32, {4, 2});
  TestTensor flat(DType::kFloat32, {8});
  TestTensor index(DType::kInt64, {4});
  TestTensor floats(DType::kFloat32, {4});
  EXPECT_TRUE(TryUnique(x, {-2}, &out, &index).ok());
  EXPECT_EQ(TryUnique(x, {2}, &out, &index).message, "axis is 2, expected -2 <= axis < 2");
  EXPECT_EQ(TryUnique(x, {0, 1}, &out, &index).message, "axis has 2 entries, expected 0 or 1");
  EXPECT_EQ(TryUnique(x, {}, &out, &index).message, "the shape of out is [4, 2], expected [8]");
  EXPECT_EQ(TryUnique(x, {}, &flat, &index).message, "the shape of index is [4], expected [8]");
  EXPECT_EQ(TryUnique(x, {0}, &out, &floats).code, StatusCode::kUnsupportedDType);
  const TestTensor scalar(DType::kFloat32, {});
  EXPECT_EQ(TryUnique(scalar, {0}, &out, &index).message, "axis is 0, but x has no dimension");
  const TestTensor complex(DType::kComplex64, {4});
  EXPECT_EQ(TryUnique(complex, {0}, &out, &index).code, StatusCode::kUnsupportedDType);
  const TestTensor nothing(DType::kFloat32, {4, 0});
  TestTensor none(DType::kFloat32, {4, 0});
  EXPECT_EQ(TryUnique(nothing, {0}, &none, &index).message,
            "the slices of x of shape [4, 0] along axis 0 have no elements");
}

}  // namespace
}  // namespace paddlemend
