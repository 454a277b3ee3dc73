// Which of an operator's two implementations runs: ours or the one of the wheel.
#pragma once

#include <atomic>

namespace paddlemend::phi_adapter {

/// True while ours runs. Process-wide, because Paddle's executors run kernels on their own threads.
using OperatorSwitch = std::atomic<bool>;

/// The switch of the operator that `Tag` names.
template <typename Tag>
OperatorSwitch& SwitchOf() {
  static OperatorSwitch enabled{false};
  return enabled;
}

/// Number of `stock()` blocks that are open; while there is one, every operator runs as in the
/// wheel.
inline std::atomic<int>& StockDepth() {
  static std::atomic<int> depth{0};
  return depth;
}

template <typename Tag>
bool OursRuns() {
  return SwitchOf<Tag>().load(std::memory_order_relaxed) &&
         StockDepth().load(std::memory_order_relaxed) == 0;
}

}  // namespace paddlemend::phi_adapter
