// The threads of the core: a pool of std::thread, made when first needed.
//
// run(n, work) calls work(0) .. work(n - 1) once each, work(0) on the calling thread,
// and returns when all are done; the first exception is thrown again. Which part does
// what is for the caller to fix, so that results do not depend on n. A call while the
// pool is busy (another Python thread, or a nested call), or where the system has no
// more threads, runs all parts on the calling thread.
//
// Fork-safe on POSIX: an idle pool is joined before a fork and made anew after it.
#pragma once

#include <cstdint>
#include <memory>

#include "fcnn/types.hpp"

namespace fcnn {

// A reference to something callable, which must outlive it: no allocation, one call.
class PartWork {
 public:
  template <class F>
  explicit PartWork(const F& f)
      : object_(std::addressof(f)), call_([](const void* object, int part) {
          (*static_cast<const F*>(object))(part);
        }) {}
  void operator()(int part) const { call_(object_, part); }

 private:
  const void* object_;
  void (*call_)(const void*, int);
};

class ThreadTeam {
 public:
  template <class F>
  static void run(int n, const F& work) {
    n == 1 ? work(0) : run_parts(n, PartWork(work));
  }

  // What was really shared out, for tests: calls that used other threads, and the parts
  // that these did.
  struct Statistics {
    std::int64_t runs, parts;
  };
  static Statistics statistics();

 private:
  static void run_parts(int n, const PartWork& work);
};

// The number of threads that calls use unless told otherwise: FCNN_NUM_THREADS, else
// OMP_NUM_THREADS, else the cores that this process may use (affinity, cgroup quota).
int default_threads();
int num_threads();
void set_num_threads(int n);

// The threads to use out of n for so many multiply-adds: one where sharing them out
// costs more than it saves. Of a step of training on so many samples; of a call by
// itself.
int threads_for_step(double multiply_adds, Index samples, int n);
int threads_for_call(double multiply_adds, int n);

// For tests: whether even the smallest work is shared out; returns what was before.
bool set_always_split(bool split);

}  // namespace fcnn
