// fcnn._probe: which of the built CPU levels this CPU can run. Compiled without any
// instruction set flag, so that it loads everywhere.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__x86_64__) || defined(_M_X64)

#ifdef _MSC_VER
#include <intrin.h>
#else
#include <cpuid.h>
#endif

typedef struct {
  unsigned eax, ebx, ecx, edx;
} Registers;

// CPUID of one leaf; all zero where the CPU does not have that leaf.
static Registers cpuid(unsigned leaf) {
  Registers r = {0, 0, 0, 0};
#ifdef _MSC_VER
  int out[4];
  __cpuid(out, (int)(leaf & 0x80000000u));
  if ((unsigned)out[0] >= leaf) {
    __cpuidex(out, (int)leaf, 0);
    r.eax = (unsigned)out[0];
    r.ebx = (unsigned)out[1];
    r.ecx = (unsigned)out[2];
    r.edx = (unsigned)out[3];
  }
#else
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// XCR0: the register states that the operating system saves at a context switch.
static unsigned saved_states(void) {
#ifdef _MSC_VER
  return (unsigned)_xgetbv(0);
#else
  unsigned eax, edx;
  __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return eax;
#endif
}

static int has(unsigned value, unsigned bits) { return (value & bits) == bits; }

// The version of x86-64, 1 to 4, as the System V ABI for AMD64 defines them.
static int x86_64_version(void) {
  // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT
  const unsigned v2 = 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23;
  const unsigned v2_extended = 1u << 0;  // LAHF
  // FMA, MOVBE, OSXSAVE, AVX, F16C
  const unsigned v3 = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
  const unsigned v3_leaf7 = 1u << 3 | 1u << 5 | 1u << 8;  // BMI1, AVX2, BMI2
  const unsigned v3_extended = 1u << 5;                   // LZCNT
  const unsigned v3_states = 0x06;                        // XMM, YMM
  // AVX512F, DQ, CD, BW, VL
  const unsigned v4_leaf7 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  const unsigned v4_states = 0xe6;  // and the mask and ZMM registers

  const unsigned leaf1 = cpuid(1).ecx;
  const unsigned leaf7 = cpuid(7).ebx;
  const unsigned extended = cpuid(0x80000001u).ecx;
  if (!has(leaf1, v2) || !has(extended, v2_extended)) return 1;
  if (!has(leaf1, v3) || !has(leaf7, v3_leaf7) || !has(extended, v3_extended)) return 2;
  const unsigned states = saved_states();  // only with OSXSAVE, which v3 has
  if (!has(states, v3_states)) return 2;
  return has(leaf7, v4_leaf7) && has(states, v4_states) ? 4 : 3;
}

#else

// Elsewhere there is one level, which every CPU of the architecture runs.
static int x86_64_version(void) { return 0; }

#endif

typedef struct {
  const char* name;
  int x86_64_version;
} Level;

static const Level built[] = {
#define FCNN_LEVEL(name, version) {name, version},
#include "fcnn_levels.inc"
#undef FCNN_LEVEL
};

// The names of the built levels that need at most this version of x86-64.
static PyObject* level_names(int version) {
  PyObject* list = PyList_New(0);
  if (list == NULL) return NULL;
  for (size_t i = 0; i < sizeof built / sizeof *built; ++i) {
    if (built[i].x86_64_version > version) continue;
    PyObject* name = PyUnicode_FromString(built[i].name);
    const int failed = name == NULL || PyList_Append(list, name) < 0;
    Py_XDECREF(name);
    if (failed) {
      Py_DECREF(list);
      return NULL;
    }
  }
  PyObject* tuple = PyList_AsTuple(list);
  Py_DECREF(list);
  return tuple;
}

static int add_levels(PyObject* module, const char* attribute, int version) {
  PyObject* names = level_names(version);
  if (names == NULL) return -1;
  const int result = PyModule_AddObjectRef(module, attribute, names);
  Py_DECREF(names);
  return result;
}

static int execute(PyObject* module) {
  const int all = 99;
  PyObject* in_main =
      PyInterpreterState_Get() == PyInterpreterState_Main() ? Py_True : Py_False;
  if (PyModule_AddObjectRef(module, "in_main_interpreter", in_main) < 0) return -1;
  if (add_levels(module, "built", all) < 0) return -1;
  return add_levels(module, "supported", x86_64_version());
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void*)execute},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_probe",
    "built: the CPU levels of this build; supported: those that this CPU can run; "
    "in_main_interpreter: whether this is no subinterpreter.",
    0,
    NULL,
    slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__probe(void) { return PyModuleDef_Init(&definition); }
