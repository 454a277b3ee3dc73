#include "cc/kernels/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__SANITIZE_THREAD__)
// The tests below start threads in a child of fork, which TSan refuses by default.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() {
  return "die_after_fork=0";
}
#endif

namespace paddlemend {
namespace {

const Context kFourThreads{4};

/// Adds 1 to each of `n` counters by a ParallelFor and returns them.
std::vector<int> CountVisits(const Context& context, int64_t n, int64_t grain) {
  std::vector<int> visits(n);
  ParallelFor(context, n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++visits[i];
  });
  return visits;
}

bool EachVisitedOnce(const Context& context, int64_t n, int64_t grain) {
  return CountVisits(context, n, grain) == std::vector<int>(n, 1);
}

/// Runs `function` in a child of fork and returns whether it returned true within a minute.
template <typename Function>
bool SucceedsInChild(const Function& function) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // a deadlock ends the child
    _exit(function() ? 0 : 1);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ParallelForTest, VisitsEachItemOnce) {
  for (const int threads : {1, 2, 3, 4, 7}) {
    for (const int64_t n : {1, 2, 5, 16, 97, 1000, 10007}) {
      for (const int64_t grain : {1, 3, 100}) {
        EXPECT_TRUE(EachVisitedOnce(Context{threads}, n, grain)) << threads << " " << n;
      }
    }
  }
}

TEST(ParallelForTest, DoesNotCallTheFunctionForNoItems) {
  EXPECT_TRUE(CountVisits(kFourThreads, 0, 1).empty());
}

TEST(ParallelForTest, MoreThreadsThanThePoolHoldsAreNoError) {
  EXPECT_TRUE(EachVisitedOnce(Context{100000}, 1000000, 1));
}

TEST(ParallelForTest, WorkOfOneGrainStaysInTheCallingThread) {
  std::thread::id worker;
  int calls = 0;
  ParallelFor(kFourThreads, 100, 100, [&](int64_t begin, int64_t end) {
    worker = std::this_thread::get_id();
    calls += end - begin == 100;
  });
  EXPECT_EQ(worker, std::this_thread::get_id());
  EXPECT_EQ(calls, 1);
}

TEST(ParallelForTest, SeveralThreadsTakePart) {
  // Two items that wait for each other can only end in two threads.
  std::atomic<int> arrived{0};
  ParallelFor(Context{2}, 2, 1, [&](int64_t, int64_t) {
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived.load(), 2);
}

TEST(ParallelForTest, ANestedLoopRunsInTheThreadThatReachesIt) {
  std::vector<int> sums(64);
  std::atomic<int> strangers{0};
  ParallelFor(kFourThreads, 64, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::thread::id outer = std::this_thread::get_id();
      ParallelFor(kFourThreads, 100, 1, [&, i](int64_t first, int64_t last) {
        if (std::this_thread::get_id() != outer) ++strangers;
        for (int64_t j = first; j < last; ++j) sums[i] += static_cast<int>(j);
      });
    }
  });
  EXPECT_EQ(sums, std::vector<int>(64, 4950));
  EXPECT_EQ(strangers.load(), 0);
}

TEST(ParallelForTest, RethrowsAnExceptionOfTheFunction) {
  const auto fail = [](int64_t, int64_t) { throw std::runtime_error("of the function"); };
  EXPECT_THROW(ParallelFor(kFourThreads, 1000, 1, fail), std::runtime_error);
  EXPECT_THROW(ParallelFor(Context{1}, 1000, 1, fail), std::runtime_error);
}

TEST(ParallelForTest, WorksAfterAnException) {
  const auto fail = [](int64_t, int64_t) { throw std::runtime_error("of the function"); };
  EXPECT_THROW(ParallelFor(kFourThreads, 1000, 1, fail), std::runtime_error);
  EXPECT_TRUE(EachVisitedOnce(kFourThreads, 1000, 1));
}

TEST(ParallelForTest, CallersInSeveralThreadsDoNotDisturbEachOther) {
  std::atomic<int> failures{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&failures, caller] {
      for (int call = 0; call < 100; ++call) {
        if (!EachVisitedOnce(Context{2 + caller % 3}, 1000 + call, 10)) ++failures;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures.load(), 0);
}

TEST(ParallelForTest, WhatTheWorkersWroteIsThereWhenItReturns) {
  for (int call = 0; call < 300; ++call) {
    std::vector<int64_t> squares(64);
    ParallelFor(kFourThreads, 64, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) squares[i] = i * i;
    });
    ASSERT_EQ(std::accumulate(squares.begin(), squares.end(), int64_t{0}), 85344);
  }
}

TEST(ForkTest, TheChildOfAProcessWithWorkersHasItsOwn) {
  ASSERT_TRUE(EachVisitedOnce(kFourThreads, 1000, 1));
  EXPECT_TRUE(SucceedsInChild([] { return EachVisitedOnce(kFourThreads, 1000, 1); }));
}

TEST(ForkTest, TheParentGoesOn) {
  ASSERT_TRUE(EachVisitedOnce(kFourThreads, 1000, 1));
  ASSERT_TRUE(SucceedsInChild([] { return true; }));
  EXPECT_TRUE(EachVisitedOnce(kFourThreads, 1000, 1));
}

// TSan gives the threads of such a child numbers that the parent's threads had, and stops there.
#if !defined(__SANITIZE_THREAD__)
TEST(ForkTest, AForkDuringAnotherThreadsLoopLeavesNoLockBehind) {
  std::atomic<bool> stop{false};
  std::thread busy([&stop] {
    while (!stop.load()) CountVisits(kFourThreads, 1000, 1);
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(SucceedsInChild([] { return EachVisitedOnce(kFourThreads, 1000, 1); }));
  }
  stop.store(true);
  busy.join();
}
#endif

/// What DefaultNumThreads() gives in a new process with these two variables (null: not set).
void ExpectDefault(const char* own, const char* openmp, int expected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own: the number is cached
  const auto set = [](const char* name, const char* value) {
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  };
  EXPECT_EXIT(
      {
        set("PADDLEMEND_NUM_THREADS", own);
        set("OMP_NUM_THREADS", openmp);
        _exit(DefaultNumThreads());
      },
      testing::ExitedWithCode(expected), "");
}

TEST(DefaultNumThreadsDeathTest, OurVariableComesFirst) { ExpectDefault("3", "5", 3); }

TEST(DefaultNumThreadsDeathTest, ThenThatOfOpenMP) { ExpectDefault(nullptr, "5", 5); }

TEST(DefaultNumThreadsDeathTest, OfAListForNestedLevelsTheFirstCounts) {
  ExpectDefault(nullptr, "6,2", 6);
}

TEST(DefaultNumThreadsDeathTest, WhatIsNoPositiveNumberIsPassedOver) {
  ExpectDefault("0", "5", 5);
  ExpectDefault("-4", "5", 5);
  ExpectDefault("many", "5", 5);
}

TEST(DefaultNumThreadsTest, IsPositive) { EXPECT_GE(DefaultNumThreads(), 1); }

}  // namespace
}  // namespace paddlemend
