// The floating-point state of every entry and of every worker thread: rounding to
// nearest, subnormal numbers taken and given as zero. A decaying moment would otherwise
// stay subnormal for ever, at a hundred cycles an operation. The caller's state is put
// back at the end. This is the one file that asks for the instruction set.
#pragma once

#include <cstdint>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace fcnn {

class FloatState {
 public:
  FloatState() noexcept : FloatState(kWanted) {}
  ~FloatState() { set(saved_); }
  FloatState(const FloatState&) = delete;
  FloatState& operator=(const FloatState&) = delete;

  // The state that a process begins with: for Python's own arithmetic.
  static FloatState by_default() noexcept { return FloatState(kDefault); }

  // f() under the caller's state: for code of others that is called from within.
  template <class F>
  auto as_caller(F f) const {
    struct Restore {
      ~Restore() { set(kWanted); }
    };
    const Restore restore;
    set(saved_);
    return f();
  }

 private:
#if defined(__SSE2__) || defined(_M_X64)
  // MXCSR: all exceptions masked (0x1f80), flush to zero (1 << 15), subnormals are zero
  // (1 << 6), rounding bits 13 and 14 zero: to nearest.
  using Word = unsigned int;
  static constexpr Word kDefault = 0x1f80u, kWanted = kDefault | 0x8000u | 0x0040u;
  static Word get() noexcept { return _mm_getcsr(); }
  static void set(Word word) noexcept { _mm_setcsr(word); }
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
  // FPCR: flush to zero (1 << 24), rounding bits 22 and 23 zero: to nearest.
  using Word = std::uint64_t;
  static constexpr Word kDefault = 0, kWanted = Word{1} << 24;
  static Word get() noexcept {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void set(Word word) noexcept { asm volatile("msr fpcr, %0" : : "r"(word)); }
#else
  using Word = int;
  static constexpr Word kDefault = 0, kWanted = 0;
  static Word get() noexcept { return 0; }
  static void set(Word) noexcept {}
#endif
  explicit FloatState(Word word) noexcept : saved_(get()) { set(word); }
  Word saved_;
};

}  // namespace fcnn
