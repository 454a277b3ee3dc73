// The C ABI as its callers see it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cc/capi/paddlemend.h"

namespace {

/// A DLTensor and what its pointers point to.
struct Tensor {
  std::vector<int64_t> shape;
  DLTensor dl{};

  Tensor(void* data, std::vector<int64_t> sizes, uint8_t code = kDLFloat, uint8_t bits = 32)
      : shape(sizes) {
    dl.data = data;
    dl.device = {kDLCPU, 0};
    dl.ndim = static_cast<int32_t>(shape.size());
    dl.dtype = {code, bits, 1};
    dl.shape = shape.data();
  }
  Tensor(const Tensor&) = delete;
};

void ExpectError(pm_status status, pm_status expected, const std::string& part) {
  EXPECT_EQ(status, expected);
  EXPECT_NE(std::string(pm_last_error()).find(part), std::string::npos) << pm_last_error();
}

class CapiTest : public testing::Test {
 protected:
  float x_data_[3] = {1, 2, 3};
  float out_data_[6] = {-1, -1, -1, -1, -1, -1};
  Tensor x_{x_data_, {1, 3}};
  Tensor out_{out_data_, {2, 3}};
};

TEST_F(CapiTest, NullStridesMeanRowMajor) {
  ASSERT_EQ(pm_expand(&x_.dl, &out_.dl, nullptr), PM_OK);
  EXPECT_EQ(std::vector<float>(out_data_, out_data_ + 6), std::vector<float>({1, 2, 3, 1, 2, 3}));
}

TEST_F(CapiTest, ByteOffsetAndStridesAreApplied) {
  int64_t strides[] = {0, -1};
  x_.dl.strides = strides;
  x_.dl.byte_offset = 2 * sizeof(float);
  ASSERT_EQ(pm_expand(&x_.dl, &out_.dl, nullptr), PM_OK);
  EXPECT_EQ(out_data_[0], 3);
  EXPECT_EQ(out_data_[5], 1);
}

TEST_F(CapiTest, NullArgumentsAreNamed) {
  ExpectError(pm_expand(nullptr, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "expand: x is NULL");
  ExpectError(pm_expand(&x_.dl, nullptr, nullptr), PM_INVALID_ARGUMENT, "out is NULL");
}

TEST_F(CapiTest, NullDataIsLegalForAnEmptyTensorOnly) {
  x_.dl.data = nullptr;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "data of x");
  Tensor empty(nullptr, {0, 3});
  EXPECT_EQ(pm_expand(&empty.dl, &empty.dl, nullptr), PM_OK);
}

TEST_F(CapiTest, OtherDevicesAreRefused) {
  x_.dl.device = {kDLCUDA, 0};
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "x is on DLPack device");
}

TEST_F(CapiTest, UnknownDTypesAndVectorsAreRefused) {
  x_.dl.dtype = {kDLFloat, 8, 1};
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_UNSUPPORTED_DTYPE, "8 bits");
  x_.dl.dtype = {kDLFloat, 32, 4};
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_UNSUPPORTED_DTYPE, "4 lanes");
}

TEST_F(CapiTest, TooManyOrNegativeDimensionsAreRefused) {
  x_.dl.ndim = -1;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "-1 dimensions");
  Tensor deep(x_data_, std::vector<int64_t>(PM_MAX_NDIM + 1, 1));
  ExpectError(pm_expand(&deep.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "17 dimensions");
}

TEST_F(CapiTest, SizesThatAreNegativeOrOverflowAreRefused) {
  x_.shape[0] = -1;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "size -1");
  Tensor huge(x_data_, {int64_t{1} << 40, int64_t{1} << 40});
  ExpectError(pm_expand(&x_.dl, &huge.dl, nullptr), PM_INVALID_ARGUMENT, "size -1");
  x_.shape[0] = 1;
  ExpectError(pm_expand(&x_.dl, &huge.dl, nullptr), PM_INVALID_ARGUMENT, "2^63");
}

TEST_F(CapiTest, StridesThatOverflowAreRefused) {
  int64_t strides[] = {INT64_MAX / 2, INT64_MIN};
  x_.dl.strides = strides;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "spans more");
}

TEST_F(CapiTest, MisalignedDataIsRefused) {
  x_.dl.byte_offset = 2;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "aligned to 4");
}

TEST_F(CapiTest, AnOutputWithElementsThatShareMemoryIsRefused) {
  int64_t strides[] = {0, 1};
  out_.dl.strides = strides;
  ExpectError(pm_expand(&x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT, "share memory");
}

TEST_F(CapiTest, ShapeFunctionsNeedNoDataAndNoCpu) {
  x_.dl.data = nullptr;
  x_.dl.device = {kDLCUDA, 0};
  const int64_t target[] = {4, 2, -1};
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = -1;
  ASSERT_EQ(pm_expand_shape(&x_.dl, target, 3, shape, &ndim), PM_OK);
  EXPECT_EQ(std::vector<int64_t>(shape, shape + ndim), std::vector<int64_t>({4, 2, 3}));
  ExpectError(pm_expand_shape(&x_.dl, nullptr, 1, shape, &ndim), PM_INVALID_ARGUMENT, "shape");
  ExpectError(pm_expand_shape(&x_.dl, target, 3, shape, nullptr), PM_INVALID_ARGUMENT, "out");
}

TEST_F(CapiTest, OptionalOutputsMayBeNull) {
  int64_t index_data[] = {0};
  Tensor index(index_data, {1}, kDLInt, 64);
  EXPECT_EQ(pm_index_add_grad(&out_.dl, &index.dl, 0, nullptr, nullptr, nullptr), PM_OK);
  ASSERT_EQ(pm_index_add_grad(&out_.dl, &index.dl, 0, nullptr, &x_.dl, nullptr), PM_OK);
  EXPECT_EQ(x_data_[2], -1);
}

TEST_F(CapiTest, KernelErrorsKeepTheirKind) {
  int64_t index_data[] = {5};
  Tensor index(index_data, {1}, kDLInt, 64);
  ExpectError(pm_index_add(&out_.dl, &index.dl, 7, &x_.dl, &out_.dl, nullptr), PM_OUT_OF_RANGE,
              "index_add: axis is 7");
  ExpectError(pm_index_add(&out_.dl, &index.dl, 0, &x_.dl, &out_.dl, nullptr), PM_INVALID_ARGUMENT,
              "index[0] is 5");
  ExpectError(pm_index_add(&out_.dl, &x_.dl, 0, &x_.dl, &out_.dl, nullptr), PM_UNSUPPORTED_DTYPE,
              "index");
}

TEST(ContextTest, TakesAPositiveNumberOfThreadsOrZero) {
  pm_context* context = nullptr;
  ASSERT_EQ(pm_context_create(&context), PM_OK);
  EXPECT_EQ(pm_context_set_num_threads(context, 3), PM_OK);
  EXPECT_EQ(pm_context_set_num_threads(context, 0), PM_OK);
  ExpectError(pm_context_set_num_threads(context, -1), PM_INVALID_ARGUMENT, "num_threads is -1");
  pm_context_destroy(context);
  pm_context_destroy(nullptr);
  ExpectError(pm_context_create(nullptr), PM_INVALID_ARGUMENT, "NULL");
  ExpectError(pm_context_set_num_threads(nullptr, 1), PM_INVALID_ARGUMENT, "NULL");
}

TEST(VersionTest, TheLibraryHasThoseOfItsHeader) {
  EXPECT_EQ(pm_abi_version(), PM_ABI_VERSION);
  EXPECT_STREQ(pm_version(), PM_VERSION);
  EXPECT_NE(pm_build_id(), nullptr);
}

}  // namespace
