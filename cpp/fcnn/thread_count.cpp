// How many threads: the environment, the cores, and the size of the work.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "fcnn/thread_team.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace fcnn {

namespace {

// A positive whole number from the environment (of "4,2" the first), or 0.
int from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (!text) return 0;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  const bool whole = end != text && (*end == '\0' || *end == ',');
  return whole && value > 0 && value <= 1024 ? static_cast<int>(value) : 0;
}

// The first line of a file that begins so, without that beginning.
std::string line_after(const char* file, const std::string& beginning) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.compare(0, beginning.size(), beginning) == 0)
      return line.substr(beginning.size());
  return {};
}

// Cores' worth of time that a group allows (cpu.max of version 2), or infinity.
double quota_of(const std::string& group) {
  std::string quota;
  double period = 0;
  std::ifstream("/sys/fs/cgroup" + group + "/cpu.max") >> quota >> period;
  const double limit = std::strtod(quota.c_str(), nullptr);  // of "max" 0
  return limit > 0 && period > 0 ? limit / period
                                 : std::numeric_limits<double>::infinity();
}

// The same by version 1, for the root that a container sees.
double quota_of_version_1() {
  double limit = 0, period = 0;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> limit;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  return limit > 0 && period > 0 ? limit / period
                                 : std::numeric_limits<double>::infinity();
}

// Cores' worth of time that this process's group and those around it allow, or 0.
int from_cgroup() {
  double quota = std::min(quota_of(""), quota_of_version_1());
  std::string group = line_after("/proc/self/cgroup", "0::");  // such as /a/b
  for (; group.size() > 1 && group[0] == '/'; group.resize(group.rfind('/')))
    quota = std::min(quota, quota_of(group));
  return std::isinf(quota) ? 0 : std::max(1, static_cast<int>(std::lround(quota)));
}

int cores() {
  int n = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) n = CPU_COUNT(&set);
#endif
  if (const int quota = from_cgroup()) n = std::min(n, quota);
  return std::max(n, 1);
}

std::atomic<int> chosen{0};
std::atomic<bool> always{false};

// Measured (docs/performance.md). A step's phases begin and end together, which takes
// some microseconds; and what one core has updated of the parameters the others must
// fetch from it, which takes as long as some ten samples, so that the fewer samples a
// part has, the more work it must have on each.
constexpr double kSamplesTimesWork = 16e6;
constexpr Index kSamplesOfPart = 16;

// By itself, unlike in a step among many, work must first wake threads that sleep.
constexpr double kWorkOfLonePart = 4e6;

int between_1_and(int n, double parts) {
  return static_cast<int>(std::clamp(parts, 1.0, static_cast<double>(std::max(n, 1))));
}

}  // namespace

int default_threads() {
  if (const int n = from_environment("FCNN_NUM_THREADS")) return n;
  if (const int n = from_environment("OMP_NUM_THREADS")) return n;
  return cores();
}

int num_threads() {
  if (chosen.load() == 0) chosen.store(default_threads());
  return chosen.load();
}

void set_num_threads(int n) { chosen.store(n); }

int threads_for_step(double multiply_adds, Index samples, int n) {
  if (always.load()) return n;
  const auto count = static_cast<double>(samples);
  // (multiply_adds / parts) (samples / parts) >= kSamplesTimesWork
  const double parts = std::sqrt(multiply_adds * count / kSamplesTimesWork);
  return between_1_and(n, std::min(parts, count / double{kSamplesOfPart}));
}

int threads_for_call(double multiply_adds, int n) {
  return always.load() ? n : between_1_and(n, multiply_adds / kWorkOfLonePart);
}

bool set_always_split(bool split) { return always.exchange(split); }

}  // namespace fcnn
