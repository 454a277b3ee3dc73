// Replacing an InferMeta function, where the wheel's refuses legal input before any kernel runs.
#pragma once

#include "cc/phi/operator_switch.h"
#include "cc/phi/symbol_hook.h"

namespace paddlemend::phi_adapter {

/// A function of the wheel and what its callers shall call instead.
struct InferMetaHook {
  void* stock;
  void* replacement;
};

template <typename Tag, auto Stock, auto Ours>
struct InferMetaRouter;

template <typename Tag, typename... Args, void (*Stock)(Args...), void (*Ours)(Args...)>
struct InferMetaRouter<Tag, Stock, Ours> {
  static void Run(Args... args) {
    if (OursRuns<Tag>()) {
      Ours(args...);
    } else {
      Stock(args...);  // our own library's calls are not redirected
    }
  }
};

/// Routes the callers of `Stock` to `Ours`. A signature that changed between Paddle versions fails
/// to compile here. `Ours` must accept -1 for sizes not known when a static program is built.
template <typename Tag, auto Stock, auto Ours>
InferMetaHook HookInferMeta() {
  return {reinterpret_cast<void*>(Stock),
          reinterpret_cast<void*>(&InferMetaRouter<Tag, Stock, Ours>::Run)};
}

}  // namespace paddlemend::phi_adapter
