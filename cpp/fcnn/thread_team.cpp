#include "fcnn/thread_team.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fcnn/float_state.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace fcnn {

namespace {

std::atomic<std::int64_t> runs{0}, parts{0};

class Pool {
 public:
  ~Pool() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  // False, and nothing done, where the system has no more threads.
  bool run(int n, const PartWork& work) {
    {
      std::lock_guard lock(mutex_);
      if (!grow(static_cast<std::size_t>(n) - 1)) return false;
      work_ = &work;
      n_ = n;
      error_ = nullptr;
      pending_.store(n - 1);
      round_.fetch_add(1);
    }
    wake_.notify_all();
    attempt(work, 0);
    if (forked_) {
      if (error_) std::rethrow_exception(error_);
      throw std::runtime_error(
          "a signal's handler has forked within this call, whose "
          "other threads the child does not have");
    }
    for (int spin = 0; spin < kSpins && pending_.load() != 0; ++spin) pause();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return pending_.load() == 0; });
    if (error_) std::rethrow_exception(error_);
    return true;
  }

  // In the child of a fork that part 0 of a run has made (a signal's handler may):
  // nobody does the other parts, and who holds the lock is the parent's.
  void lose_threads() { forked_ = true; }

 private:
  bool grow(std::size_t count) {
    try {
      while (workers_.size() < count) {
        const int part = static_cast<int>(workers_.size()) + 1;
        workers_.emplace_back([this, part, now = round_.load()] { serve(part, now); });
      }
    } catch (const std::exception&) {  // of memory for a stack there may be too little
      return false;
    }
    return true;
  }

  // Some tens of microseconds: the phases of a step follow each other that closely, and
  // a sleeping thread takes longer to wake. A core that is wanted elsewhere is given
  // away.
  static constexpr int kSpins = 100;

  static void pause() { std::this_thread::yield(); }

  void serve(int part, std::uint64_t seen) {
    const FloatState float_state;
    for (;;) {
      for (int spin = 0; spin < kSpins && round_.load() == seen; ++spin) pause();
      const PartWork* work = nullptr;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stop_ || round_.load() != seen; });
        if (stop_) return;
        seen = round_.load();
        if (part >= n_) continue;
        work = work_;
      }
      attempt(*work, part);
      if (pending_.fetch_sub(1) == 1) {
        std::lock_guard lock(mutex_);  // the caller is either before its wait or in it
        done_.notify_one();
      }
    }
  }

  void attempt(const PartWork& work, int part) {
    try {
      work(part);
    } catch (...) {
      std::unique_lock lock(mutex_, std::defer_lock);
      if (!forked_) lock.lock();
      if (!error_) error_ = std::current_exception();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<int> pending_{0};
  const PartWork* work_ = nullptr;
  int n_ = 0;
  std::exception_ptr error_;
  bool stop_ = false, forked_ = false;
};

// The pool and who uses it. Never destroyed: at the process's exit its threads sleep.
struct Shared {
  std::mutex in_use;
  std::atomic<std::thread::id> owner{};
  std::unique_ptr<Pool> pool;

  bool owned() const { return owner.load() == std::this_thread::get_id(); }
};

// Takes the pool for one thread until the end of the block; false where it is taken.
class Use {
 public:
  explicit Use(Shared& team) : team_(team), lock_(team.in_use, std::defer_lock) {
    if (team_.owned() || !lock_.try_lock()) return;
    team_.owner.store(std::this_thread::get_id());
  }
  ~Use() {
    if (lock_) team_.owner.store(std::thread::id());
  }
  explicit operator bool() const { return lock_.owns_lock(); }

 private:
  Shared& team_;
  std::unique_lock<std::mutex> lock_;
};

std::atomic<Shared*> team{nullptr};

// The child of a fork has none of the threads. So an idle pool is brought to an end
// before a fork, and the next run makes a new one, in parent and child. A pool in use
// is left alone (waiting for it could wait for ever: the run may need the GIL, which
// the forking thread holds); the child leaves it behind and begins with another. Where
// the forking thread itself is within a run, that run ends in the child with an error.
thread_local bool locked_for_fork = false;

void before_fork() {
  Shared& mine = *team;
  locked_for_fork = !mine.owned() && mine.in_use.try_lock();
  if (locked_for_fork) mine.pool.reset();
}

void after_fork_in_parent() {
  if (locked_for_fork) team.load()->in_use.unlock();
}

void after_fork_in_child() {
  if (locked_for_fork) {
    team.load()->in_use.unlock();
  } else {
    if (team.load()->owned()) team.load()->pool->lose_threads();
    team = new Shared;
  }
}

Shared& shared() {
  static const bool registered = [] {
    team = new Shared;
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
#endif
    return true;
  }();
  static_cast<void>(registered);
  return *team;
}

}  // namespace

void ThreadTeam::run_parts(int n, const PartWork& work) {
  if (n > 1) {
    Shared& mine = shared();
    if (const Use use(mine); use) {
      if (!mine.pool) mine.pool = std::make_unique<Pool>();
      if (mine.pool->run(n, work)) {
        runs.fetch_add(1);
        parts.fetch_add(n - 1);
        return;
      }
    }
  }
  for (int part = 0; part < n; ++part) work(part);
}

ThreadTeam::Statistics ThreadTeam::statistics() { return {runs.load(), parts.load()}; }

}  // namespace fcnn
