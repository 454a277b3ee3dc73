// Reading a parameter's type off a function of the wheel, where it differs between versions.
#pragma once

#include <tuple>

namespace paddlemend::phi_adapter {

template <size_t kIndex, typename Function>
struct ParameterOf;

template <size_t kIndex, typename Result, typename... Args>
struct ParameterOf<kIndex, Result(Args...)> {
  using type = std::tuple_element_t<kIndex, std::tuple<Args...>>;
};

/// The type of parameter number `kIndex` of the function type `Function`.
template <size_t kIndex, typename Function>
using Parameter = typename ParameterOf<kIndex, Function>::type;

}  // namespace paddlemend::phi_adapter
