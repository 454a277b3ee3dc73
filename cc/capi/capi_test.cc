// The C ABI: what it takes, what it refuses, what it says. Answers are tested beside the kernels.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cc/capi/error.h"
#include "cc/capi/paddlemend.h"

namespace {

using Sizes = std::vector<int64_t>;

template <typename T>
DLDataType DTypeOf();
template <>
DLDataType DTypeOf<float>() {
  return {kDLFloat, 32, 1};
}
template <>
DLDataType DTypeOf<int64_t>() {
  return {kDLInt, 64, 1};
}

/// A row-major tensor that owns its memory.
template <typename T>
class Tensor {
 public:
  Tensor(const Sizes& shape, const std::vector<T>& values) : shape_(shape), values_(values) {}

  DLTensor dl() {
    return {values_.data(),
            {kDLCPU, 0},
            static_cast<int32_t>(shape_.size()),
            DTypeOf<T>(),
            shape_.data(),
            nullptr,
            0};
  }

  const std::vector<T>& values() const { return values_; }

 private:
  Sizes shape_;
  std::vector<T> values_;
};

constexpr float kPoison = 1234.5f;

/// An expand from one float to two; a test spoils one thing about it.
class ExpandCall : public testing::Test {
 protected:
  pm_status Run() { return pm_expand(&x_, &out_, nullptr); }

  void ExpectError(pm_status code, const std::string& message) {
    EXPECT_EQ(Run(), code);
    EXPECT_EQ(std::string(pm_last_error()), message);
    EXPECT_EQ(out_tensor_.values(), std::vector<float>(2, kPoison));
  }

  Tensor<float> x_tensor_{{1}, {7.0f}};
  Tensor<float> out_tensor_{{2}, {kPoison, kPoison}};
  DLTensor x_ = x_tensor_.dl();
  DLTensor out_ = out_tensor_.dl();
};

TEST_F(ExpandCall, SucceedsWithoutAContext) {
  EXPECT_EQ(Run(), PM_OK);
  EXPECT_EQ(out_tensor_.values(), (std::vector<float>{7.0f, 7.0f}));
}

TEST_F(ExpandCall, AppliesTheByteOffset) {
  Tensor<float> three({3}, {1.0f, 2.0f, 3.0f});
  x_.data = three.dl().data;
  x_.byte_offset = 2 * sizeof(float);
  EXPECT_EQ(Run(), PM_OK);
  EXPECT_EQ(out_tensor_.values(), (std::vector<float>{3.0f, 3.0f}));
}

TEST_F(ExpandCall, TakesAnyStridesOfAnInput) {
  Tensor<float> two({2}, {1.0f, 2.0f});
  int64_t backwards = -1;
  x_ = two.dl();
  x_.strides = &backwards;
  x_.byte_offset = sizeof(float);
  EXPECT_EQ(Run(), PM_OK);
  EXPECT_EQ(out_tensor_.values(), (std::vector<float>{2.0f, 1.0f}));
}

TEST_F(ExpandCall, AnEmptyTensorNeedsNoData) {
  int64_t zero = 0;
  x_.shape = out_.shape = &zero;
  x_.data = out_.data = nullptr;
  EXPECT_EQ(Run(), PM_OK);
}

TEST_F(ExpandCall, A0DTensorNeedsNoShape) {
  x_.ndim = 0;
  x_.shape = nullptr;
  EXPECT_EQ(Run(), PM_OK);
}

TEST_F(ExpandCall, RefusesNullTensors) {
  EXPECT_EQ(pm_expand(nullptr, &out_, nullptr), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(), "expand: x is NULL");
  EXPECT_EQ(pm_expand(&x_, nullptr, nullptr), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(), "expand: out is NULL");
}

TEST_F(ExpandCall, RefusesNullDataOfATensorWithElements) {
  x_.data = nullptr;
  ExpectError(PM_INVALID_ARGUMENT, "expand: the data of x of shape [1] is NULL");
}

TEST_F(ExpandCall, RefusesANullShape) {
  x_.shape = nullptr;
  ExpectError(PM_INVALID_ARGUMENT, "expand: the shape of x is NULL");
}

TEST_F(ExpandCall, RefusesOtherDevices) {
  x_.device = {kDLCUDA, 0};
  ExpectError(PM_INVALID_ARGUMENT, "expand: x is on DLPack device type 2, expected the CPU, 1");
}

TEST_F(ExpandCall, RefusesUnknownDTypes) {
  for (const DLDataType unknown :
       {DLDataType{kDLUInt, 32, 1}, DLDataType{kDLFloat, 32, 4}, DLDataType{kDLFloat, 8, 1},
        DLDataType{kDLOpaqueHandle, 64, 1}}) {
    x_.dtype = unknown;
    EXPECT_EQ(Run(), PM_UNSUPPORTED_DTYPE);
  }
  EXPECT_EQ(
      std::string(pm_last_error()).rfind("expand: the dtype of x has DLPack code 3, 64 bits", 0),
      0u);
}

TEST_F(ExpandCall, RefusesTooManyDimensions) {
  Sizes ones(PM_MAX_NDIM + 1, 1);
  x_.ndim = PM_MAX_NDIM + 1;
  x_.shape = ones.data();
  ExpectError(PM_INVALID_ARGUMENT, "expand: x has 17 dimensions, expected 0 to 16");
}

TEST_F(ExpandCall, RefusesANegativeNumberOfDimensions) {
  x_.ndim = -1;
  ExpectError(PM_INVALID_ARGUMENT, "expand: x has -1 dimensions, expected 0 to 16");
}

TEST_F(ExpandCall, RefusesNegativeSizes) {
  int64_t negative = -3;
  x_.shape = &negative;
  ExpectError(PM_INVALID_ARGUMENT, "expand: dimension 0 of x has size -3, expected a size >= 0");
}

TEST_F(ExpandCall, RefusesSizesWhoseProductOverflows) {
  Sizes huge{int64_t{1} << 31, int64_t{1} << 31};
  x_.ndim = 2;
  x_.shape = huge.data();
  ExpectError(PM_INVALID_ARGUMENT,
              "expand: x of shape [2147483648, 2147483648] has more than 2^63 - 1 bytes");
}

TEST_F(ExpandCall, RefusesStridesThatOverflow) {
  for (const int64_t stride :
       {std::numeric_limits<int64_t>::max() / 4, std::numeric_limits<int64_t>::min()}) {
    Sizes shape{3};
    Sizes strides{stride};
    x_.shape = shape.data();
    x_.strides = strides.data();
    EXPECT_EQ(Run(), PM_INVALID_ARGUMENT);
    EXPECT_NE(std::string(pm_last_error()).find("spans more than 2^63 - 1 bytes"),
              std::string::npos);
  }
}

TEST_F(ExpandCall, RefusesMisalignedData) {
  x_.byte_offset = 1;
  ExpectError(PM_INVALID_ARGUMENT,
              "expand: the data of x is not aligned to 4 bytes, as its dtype float32 needs");
}

TEST_F(ExpandCall, RefusesAnOutputWhoseElementsShareMemory) {
  int64_t zero = 0;
  out_.strides = &zero;
  ExpectError(PM_INVALID_ARGUMENT,
              "expand: out of shape [2] and strides [0] is written but has elements that share "
              "memory");
}

TEST_F(ExpandCall, ErrorsOfTheKernelCarryTheNameOfTheOperator) {
  Tensor<float> three({3}, {1.0f, 2.0f, 3.0f});
  x_ = three.dl();
  ExpectError(PM_INVALID_ARGUMENT,
              "expand: the shape [3] of x does not broadcast to the shape [2] of out");
}

/// The shape that pm_expand_shape gives for an x of shape [2, 1].
class ExpandShapeCall : public testing::Test {
 protected:
  pm_status Run(const int64_t* target, int32_t size) {
    DLTensor x = x_.dl();
    x.data = nullptr;  // of no interest
    return pm_expand_shape(&x, target, size, shape_, &ndim_);
  }

  Tensor<float> x_{{2, 1}, {1.0f, 2.0f}};
  int64_t shape_[PM_MAX_NDIM] = {};
  int32_t ndim_ = -1;
};

TEST_F(ExpandShapeCall, WritesTheSizesAndTheirNumber) {
  const Sizes target{3, -1, 4};
  EXPECT_EQ(Run(target.data(), 3), PM_OK);
  EXPECT_EQ(Sizes(shape_, shape_ + ndim_), (Sizes{3, 2, 4}));
}

TEST_F(ExpandShapeCall, RefusesANullTarget) {
  EXPECT_EQ(Run(nullptr, 2), PM_INVALID_ARGUMENT);
  EXPECT_EQ(Run(nullptr, -1), PM_INVALID_ARGUMENT);
}

TEST_F(ExpandShapeCall, RefusesNullResults) {
  DLTensor x = x_.dl();
  const Sizes target{2, 1};
  EXPECT_EQ(pm_expand_shape(&x, target.data(), 2, nullptr, &ndim_), PM_INVALID_ARGUMENT);
  EXPECT_EQ(pm_expand_shape(&x, target.data(), 2, shape_, nullptr), PM_INVALID_ARGUMENT);
}

TEST(IndexAddCall, AddsInPlace) {
  Tensor<float> x({3}, {1.0f, 2.0f, 3.0f});
  Tensor<int64_t> index({2}, {-1, 0});
  Tensor<float> value({2}, {10.0f, 20.0f});
  DLTensor x_dl = x.dl();
  const DLTensor index_dl = index.dl();
  const DLTensor value_dl = value.dl();
  EXPECT_EQ(pm_index_add(&x_dl, &index_dl, 0, &value_dl, &x_dl, nullptr), PM_OK);
  EXPECT_EQ(x.values(), (std::vector<float>{21.0f, 2.0f, 13.0f}));
}

TEST(IndexAddCall, AnAxisOutOfRangeHasItsOwnCode) {
  Tensor<float> x({1}, {1.0f});
  Tensor<int64_t> index({1}, {0});
  DLTensor x_dl = x.dl();
  const DLTensor index_dl = index.dl();
  EXPECT_EQ(pm_index_add(&x_dl, &index_dl, 1, &x_dl, &x_dl, nullptr), PM_OUT_OF_RANGE);
  EXPECT_STREQ(pm_last_error(), "index_add: axis is 1, expected -1 <= axis < 1");
}

TEST(IndexAddGradCall, OutputsThatAreNotWantedAreNull) {
  Tensor<float> out_grad({3}, {1.0f, 2.0f, 3.0f});
  Tensor<int64_t> index({2}, {2, 0});
  Tensor<float> value_grad({2}, {kPoison, kPoison});
  const DLTensor out_grad_dl = out_grad.dl();
  const DLTensor index_dl = index.dl();
  DLTensor value_grad_dl = value_grad.dl();
  EXPECT_EQ(pm_index_add_grad(&out_grad_dl, &index_dl, 0, nullptr, &value_grad_dl, nullptr), PM_OK);
  EXPECT_EQ(value_grad.values(), (std::vector<float>{3.0f, 1.0f}));
}

/// An index_put of ones into a float of shape [2, 2] at a list of indices.
class IndexPutCall : public testing::Test {
 protected:
  pm_status Run(const DLTensor* const* indices, int32_t size) {
    const DLTensor x = x_.dl();
    const DLTensor value = one_.dl();
    DLTensor out = out_.dl();
    return pm_index_put(&x, indices, size, &value, false, &out, nullptr);
  }

  Tensor<float> x_{{2, 2}, {0.0f, 0.0f, 0.0f, 0.0f}};
  Tensor<float> one_{{}, {1.0f}};
  Tensor<float> out_{{2, 2}, std::vector<float>(4, kPoison)};
  Tensor<int64_t> index_{{1}, {1}};
};

TEST_F(IndexPutCall, TakesAListOfTensors) {
  const DLTensor index = index_.dl();
  const DLTensor* const indices[] = {&index, &index};
  EXPECT_EQ(Run(indices, 1), PM_OK);
  EXPECT_EQ(out_.values(), (std::vector<float>{0.0f, 0.0f, 1.0f, 1.0f}));
  EXPECT_EQ(Run(indices, 2), PM_OK);
  EXPECT_EQ(out_.values(), (std::vector<float>{0.0f, 0.0f, 0.0f, 1.0f}));
}

TEST_F(IndexPutCall, RefusesNullListsAndNullEntries) {
  EXPECT_EQ(Run(nullptr, 1), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(), "index_put: indices is NULL or indices_size is negative: 1");
  const DLTensor index = index_.dl();
  const DLTensor* const indices[] = {&index, nullptr};
  EXPECT_EQ(Run(indices, -1), PM_INVALID_ARGUMENT);
  EXPECT_EQ(Run(indices, 2), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(), "index_put: indices[1] is NULL");
  EXPECT_EQ(out_.values(), std::vector<float>(4, kPoison));
}

/// The view that pm_as_strided makes of six floats.
class AsStridedCall : public testing::Test {
 protected:
  AsStridedCall() {
    view_.shape = shape_;
    view_.strides = strides_;
  }

  pm_status Run(const Sizes& shape, const Sizes& stride, int64_t offset) {
    const DLTensor memory = memory_.dl();
    return pm_as_strided(&memory, shape.data(), static_cast<int32_t>(shape.size()), stride.data(),
                         static_cast<int32_t>(stride.size()), offset, &view_);
  }

  Tensor<float> memory_{{6}, {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f}};
  int64_t shape_[PM_MAX_NDIM];
  int64_t strides_[PM_MAX_NDIM];
  DLTensor view_{};
};

TEST_F(AsStridedCall, FillsAViewThatOtherFunctionsTake) {
  ASSERT_EQ(Run({2, 2}, {1, 2}, 4), PM_OK);
  EXPECT_EQ(view_.data, static_cast<float*>(memory_.dl().data) + 1);
  EXPECT_EQ(view_.device.device_type, kDLCPU);
  Tensor<float> out({2, 2}, std::vector<float>(4, kPoison));
  DLTensor out_dl = out.dl();
  ASSERT_EQ(pm_expand(&view_, &out_dl, nullptr), PM_OK);
  EXPECT_EQ(out.values(), (std::vector<float>{1.0f, 3.0f, 2.0f, 4.0f}));
}

TEST_F(AsStridedCall, AnEmptyViewHasNoData) {
  ASSERT_EQ(Run({0}, {1}, 4000), PM_OK);
  EXPECT_EQ(view_.data, nullptr);
  EXPECT_EQ(view_.ndim, 1);
}

TEST_F(AsStridedCall, LeavesTheViewAloneIfThereIsAnError) {
  EXPECT_EQ(Run({7}, {1}, 0), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(),
               "as_strided: the view of shape [7], stride [1] and offset 0 ends at byte 28, but "
               "its memory has 24 bytes");
  EXPECT_EQ(view_.data, nullptr);
}

TEST_F(AsStridedCall, RefusesAViewWithoutRoom) {
  view_.strides = nullptr;
  EXPECT_EQ(Run({1}, {1}, 0), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(), "as_strided: out, its shape or its strides are NULL");
}

TEST(ContextTest, ServesCallsAfterItsThreadsAreSet) {
  pm_context* context = nullptr;
  ASSERT_EQ(pm_context_create(&context), PM_OK);
  EXPECT_EQ(pm_context_set_num_threads(context, 3), PM_OK);
  Tensor<float> x({1}, {7.0f});
  Tensor<float> out({100000}, std::vector<float>(100000, kPoison));
  const DLTensor x_dl = x.dl();
  DLTensor out_dl = out.dl();
  EXPECT_EQ(pm_expand(&x_dl, &out_dl, context), PM_OK);
  EXPECT_EQ(out.values(), std::vector<float>(100000, 7.0f));
  pm_context_destroy(context);
}

TEST(ContextTest, TheNumberOfThreadsIsNotNegative) {
  pm_context* context = nullptr;
  ASSERT_EQ(pm_context_create(&context), PM_OK);
  EXPECT_EQ(pm_context_set_num_threads(context, -1), PM_INVALID_ARGUMENT);
  EXPECT_STREQ(pm_last_error(),
               "pm_context_set_num_threads: num_threads is -1, expected at least 1, or 0");
  EXPECT_EQ(pm_context_set_num_threads(context, 0), PM_OK);
  pm_context_destroy(context);
}

TEST(ContextTest, NullIsRefusedButMayBeDestroyed) {
  EXPECT_EQ(pm_context_create(nullptr), PM_INVALID_ARGUMENT);
  EXPECT_EQ(pm_context_set_num_threads(nullptr, 1), PM_INVALID_ARGUMENT);
  pm_context_destroy(nullptr);
}

TEST(LastErrorTest, BelongsToTheThread) {
  EXPECT_EQ(pm_context_create(nullptr), PM_INVALID_ARGUMENT);
  std::thread([] { EXPECT_STREQ(pm_last_error(), ""); }).join();
  EXPECT_STREQ(pm_last_error(), "pm_context_create: context is NULL");
}

TEST(LastErrorTest, SuccessLeavesItAlone) {
  EXPECT_EQ(pm_context_create(nullptr), PM_INVALID_ARGUMENT);
  pm_context* context = nullptr;
  EXPECT_EQ(pm_context_create(&context), PM_OK);
  pm_context_destroy(context);
  EXPECT_STREQ(pm_last_error(), "pm_context_create: context is NULL");
}

/// The code for a kernel that throws `error`.
template <typename Error>
pm_status CodeOf(const Error& error) {
  return paddlemend::capi::Guard("kernel", [&]() -> paddlemend::Status { throw error; });
}

TEST(GuardTest, NoExceptionPassesTheBoundary) {
  EXPECT_EQ(CodeOf(std::bad_alloc()), PM_OUT_OF_MEMORY);
  EXPECT_STREQ(pm_last_error(), "kernel: out of memory");
  EXPECT_EQ(CodeOf(std::runtime_error("why")), PM_INTERNAL);
  EXPECT_STREQ(pm_last_error(), "kernel: why");
  EXPECT_EQ(CodeOf(42), PM_INTERNAL);
  EXPECT_STREQ(pm_last_error(), "kernel: unknown exception");
}

TEST(GuardTest, ALongMessageIsCutOff) {
  CodeOf(std::runtime_error(std::string(10000, 'x')));
  EXPECT_EQ(std::string(pm_last_error()).rfind("kernel: xxx", 0), 0u);
}

TEST(VersionTest, TheLibraryIsThatOfTheHeader) {
  EXPECT_EQ(pm_abi_version(), PM_ABI_VERSION);
  EXPECT_STREQ(pm_version(), PM_VERSION);
}

TEST(VersionTest, TheBuildIdIsHexadecimal) {
  for (const char* at = pm_build_id(); *at != '\0'; ++at) EXPECT_TRUE(std::isxdigit(*at)) << at;
}

}  // namespace
