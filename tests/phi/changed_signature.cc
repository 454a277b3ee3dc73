// Gives every kernel of a name one attribute more, as a Paddle release that changed it would have.
#include "paddle/phi/core/kernel_factory.h"

extern "C" __attribute__((visibility("default"))) void change_signature(const char* kernel_name) {
  for (auto& [key, kernel] : phi::KernelFactory::Instance().kernels()[kernel_name]) {
    kernel.mutable_args_def()->AppendAttribute(phi::AttributeType::INT32);
  }
}
