#include "cc/kernels/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace paddlemend {
namespace {

constexpr int kMaxThreads = 256;

/// How long a thread that waits for another one looks out before it sleeps. Waking it up costs some
/// thirty microseconds, which is as much as many a kernel takes, and milliseconds where a virtual
/// processor that has slept waits for a real one; the kernels of a model follow each other faster
/// than this.
constexpr std::chrono::microseconds kLookOut{1000};
/// Between two looks at the clock. A pause takes from ten to a hundred and forty cycles: their
/// number says nothing about the time.
constexpr int kPausesInARow = 16;

thread_local bool in_parallel_region = false;

inline void PauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Waits for `condition` for as long as is cheaper than to sleep.
template <typename Condition>
void SpinUntil(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + kLookOut;
  do {
    for (int i = 0; i < kPausesInARow; ++i) {
      if (condition()) return;
      PauseCpu();
    }
  } while (std::chrono::steady_clock::now() < end);
}

/// One ParallelFor. The items are split evenly among the threads, so that a thread meets the same
/// items in the next call of the same size, in its cache. A thread that is done with its part
/// takes chunks of the others' parts.
class Job {
 public:
  Job(int threads, int64_t n, int64_t chunk, internal::RangeFunction function, const void* closure)
      : threads_(threads), n_(n), chunk_(chunk), function_(function), closure_(closure) {
    for (int part = 0; part < threads; ++part) next_[part].value = Begin(part);
  }

  void Work(int thread) {
    in_parallel_region = true;
    try {
      for (int i = 0; i < threads_; ++i) WorkOnPart((thread + i) % threads_);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
    in_parallel_region = false;
  }

  int threads() const { return threads_; }

  void RethrowError() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct alignas(64) Counter {
    std::atomic<int64_t> value;
  };

  int64_t Begin(int part) const {
    const int64_t share = n_ / threads_;
    return part * share + std::min<int64_t>(part, n_ % threads_);
  }

  void WorkOnPart(int part) {
    const int64_t end = Begin(part + 1);
    while (!failed_.load(std::memory_order_relaxed)) {
      const int64_t begin = next_[part].value.fetch_add(chunk_, std::memory_order_relaxed);
      if (begin >= end) break;
      function_(closure_, begin, std::min(begin + chunk_, end));
    }
  }

  const int threads_;
  const int64_t n_;
  const int64_t chunk_;
  const internal::RangeFunction function_;
  const void* const closure_;
  Counter next_[kMaxThreads];
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;  // written by the thread that set failed_
};

/// Detached workers that wait for a job. Runs one job at a time. Never destroyed: workers may
/// outlive the static objects of the process.
class Pool {
 public:
  /// Returns false, having done nothing, if another caller's job is running.
  bool TryRun(Job* job) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner.owns_lock()) return false;
    StartWorkers(job->threads() - 1);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      number_.fetch_add(1, std::memory_order_relaxed);
    }
    job_available_.notify_all();
    job->Work(0);
    std::unique_lock<std::mutex> lock(mutex_);
    // Workers that did not wake up in time find no job: nobody waits for them.
    job_ = nullptr;
    if (active_.load(std::memory_order_relaxed) != 0) {
      lock.unlock();
      SpinUntil([this] { return active_.load(std::memory_order_relaxed) == 0; });
      lock.lock();
    }
    worker_left_.wait(lock, [this] { return active_.load(std::memory_order_relaxed) == 0; });
    return true;
  }

 private:
  void StartWorkers(int wanted) {
    try {
      for (; workers_ < wanted; ++workers_) {
        std::thread(&Pool::WorkerLoop, this, workers_ + 1).detach();
      }
    } catch (const std::system_error&) {
      // The system refuses more threads: those that run, and the caller, do the work.
    }
  }

  void WorkerLoop(int thread) {
    int64_t seen = 0;
    for (;;) {
      SpinUntil([&] { return number_.load(std::memory_order_relaxed) != seen; });
      std::unique_lock<std::mutex> lock(mutex_);
      job_available_.wait(lock, [&] { return number_.load(std::memory_order_relaxed) != seen; });
      seen = number_.load(std::memory_order_relaxed);
      Job* const job = job_;
      if (job == nullptr || thread >= job->threads()) continue;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->Work(thread);
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_relaxed) == 1) worker_left_.notify_one();
    }
  }

  std::mutex owner_;  // held by the caller whose job runs
  int workers_ = 0;   // guarded by owner_

  std::mutex mutex_;  // guards what follows; the atomics may be read without
  std::condition_variable job_available_;
  std::condition_variable worker_left_;
  std::atomic<int64_t> number_{0};  // of jobs so far
  Job* job_ = nullptr;
  std::atomic<int> active_{0};  // workers at the job
};

std::atomic<Pool*> current_pool{nullptr};

/// The child of a fork has none of the workers, and any lock may be held by a thread that is gone:
/// it starts again with a new pool and leaves the old one where it is.
void ForgetPoolInChild() { current_pool.store(nullptr); }

Pool* GetPool() {
  Pool* pool = current_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return pool;
  static std::atomic<bool> registered{false};
  if (!registered.exchange(true)) pthread_atfork(nullptr, nullptr, &ForgetPoolInChild);
  Pool* const created = new Pool();
  if (current_pool.compare_exchange_strong(pool, created)) return created;
  delete created;
  return pool;
}

int PositiveFromEnvironment(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return 0;
  // OMP_NUM_THREADS may be a list for nested levels ("4,2"): the first number counts.
  const long value = std::strtol(text, nullptr, 10);
  return value > 0 ? static_cast<int>(std::min<long>(value, kMaxThreads)) : 0;
}

int CpusOfThisProcess() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

int DefaultNumThreads() {
  // An atomic, not a static initialised on first use: a fork during such an initialisation would
  // leave its guard locked in the child.
  static std::atomic<int> cached{0};
  int threads = cached.load(std::memory_order_relaxed);
  if (threads == 0) {
    threads = PositiveFromEnvironment("PADDLEMEND_NUM_THREADS");
    if (threads == 0) threads = PositiveFromEnvironment("OMP_NUM_THREADS");
    if (threads == 0) threads = CpusOfThisProcess();
    cached.store(threads, std::memory_order_relaxed);
  }
  return threads;
}

namespace internal {

bool InParallelRegion() { return in_parallel_region; }

void RunOnPool(int threads, int64_t n, int64_t chunk, RangeFunction function, const void* closure) {
  Job job(std::min(threads, kMaxThreads), n, chunk, function, closure);
  // The caller of another job has the pool: this caller's own thread is as good.
  if (!GetPool()->TryRun(&job)) job.Work(0);
  job.RethrowError();
}

}  // namespace internal
}  // namespace paddlemend
