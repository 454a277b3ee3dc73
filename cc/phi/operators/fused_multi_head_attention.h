// fused_multi_head_attention, which has no PHI kernel: its Python function runs other operators.
// Here is its switch alone.
#pragma once

#include "cc/phi/operator_registry.h"

namespace paddlemend::phi_adapter::fused_multi_head_attention {

struct FusedMultiHeadAttention {};

inline const Registrar<FusedMultiHeadAttention> registrar("fused_multi_head_attention", {}, {});

}  // namespace paddlemend::phi_adapter::fused_multi_head_attention
