#include "cc/kernels/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace paddlemend {
namespace {

constexpr Context kFourThreads{4};

/// How often each item of [0, n) was visited.
std::vector<int> CountVisits(const Context& context, int64_t n, int64_t grain) {
  std::vector<std::atomic<int>> visits(n);
  ParallelFor(context, n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++visits[i];
  });
  return std::vector<int>(visits.begin(), visits.end());
}

TEST(ParallelForTest, VisitsEveryItemOnceForAnySizeAndNumberOfThreads) {
  for (const int threads : {1, 2, 3, 7, 300}) {
    for (const int64_t n : {0, 1, 2, 63, 64, 1000, 4099}) {
      for (const int64_t grain : {1, 10, 5000}) {
        EXPECT_EQ(CountVisits(Context{threads}, n, grain), std::vector<int>(n, 1));
      }
    }
  }
}

TEST(ParallelForTest, WorkOfOneGrainStaysInTheCallingThread) {
  const auto caller = std::this_thread::get_id();
  ParallelFor(kFourThreads, 100, 100,
              [&](int64_t, int64_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(ParallelForTest, SeveralThreadsTakePart) {
  std::atomic<int> inside{0};
  ParallelFor(Context{2}, 2, 1, [&](int64_t begin, int64_t end) {
    inside += static_cast<int>(end - begin);
    // Both parts are entered at once: neither call could return otherwise.
    while (inside < 2) std::this_thread::yield();
  });
  EXPECT_EQ(inside, 2);
}

TEST(ParallelForTest, NestedCallsRunInTheThreadTheyAreMadeFrom) {
  std::atomic<int64_t> total{0};
  ParallelFor(kFourThreads, 16, 1, [&](int64_t begin, int64_t end) {
    const auto outer = std::this_thread::get_id();
    ParallelFor(kFourThreads, 100 * (end - begin), 1, [&](int64_t first, int64_t last) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      total += last - first;
    });
  });
  EXPECT_EQ(total, 1600);
}

TEST(ParallelForTest, AnExceptionReachesTheCallerAndThePoolWorksOn) {
  const auto fail = [](int64_t begin, int64_t) {
    if (begin > 50) throw std::runtime_error("item");
  };
  EXPECT_THROW(ParallelFor(kFourThreads, 100, 1, fail), std::runtime_error);
  EXPECT_EQ(CountVisits(kFourThreads, 1000, 1), std::vector<int>(1000, 1));
}

TEST(ParallelForTest, CallersInManyThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> callers;
  std::atomic<int> good{0};
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        good += CountVisits(kFourThreads, 500, 1) == std::vector<int>(500, 1);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 8 * 50);
}

/// Whether a child that forks now can use ParallelFor and ends well within the alarm's time.
bool ChildWorks() {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    const bool good = CountVisits(kFourThreads, 2000, 1) == std::vector<int>(2000, 1);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ParallelForTest, AChildForkedAfterThePoolStartedHasAPoolOfItsOwn) {
  CountVisits(kFourThreads, 2000, 1);
  EXPECT_TRUE(ChildWorks());
  EXPECT_EQ(CountVisits(kFourThreads, 2000, 1), std::vector<int>(2000, 1));
}

TEST(ParallelForTest, AChildForkedWhileThePoolIsBusyDoesNotHang) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) CountVisits(kFourThreads, 2000, 1);
  });
  for (int repeat = 0; repeat < 10; ++repeat) EXPECT_TRUE(ChildWorks());
  stop = true;
  busy.join();
}

TEST(DefaultNumThreadsTest, IsPositive) { EXPECT_GE(DefaultNumThreads(), 1); }

}  // namespace
}  // namespace paddlemend
