// Predictor32 and Predictor64: callables p(x) and p(x, out) for the least overhead.
// They are plain Python types with vectorcall; arguments of the right form are
// recognized by looking at the arrays' own fields, everything else goes to a function
// in Python, which checks and converts it.

#include <structmember.h>

#include <utility>
#include <vector>

#include "arrays.hpp"
#include "call.hpp"
#include "fcnn/predict.hpp"
#include "plain_call.hpp"
#include "register.hpp"

namespace fcnn::bindings {

namespace {

// Scratch that a call takes from the stack; beyond, from the thread's own memory.
constexpr Index kStackNumbers = 2048;

// Work for which the GIL is given up.
constexpr double kWorthReleasing = 500e3;

template <class T>
struct PredictorObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Predictor<T>* predictor;
  Index most_rows;
  PyObject* fallback;  // fallback(predictor, x, out) for all that is not plain
};

template <class T>
void run(const PredictorObject<T>& self, const T* x, Index rows, T* out,
         Interrupt* interrupt) {
  const Predictor<T>& predictor = *self.predictor;
  const Table input = plain_table(x, rows, predictor.n_in());
  const Index numbers = predictor.scratch(rows);
  if (numbers <= kStackNumbers) {
    alignas(64) T scratch[kStackNumbers];
    predictor.run(input, 0, rows, out, scratch, 0, interrupt);
    return;
  }
  thread_local std::vector<T> kept;
  std::vector<T> scratch = std::exchange(kept, {});  // a signal's handler may call too
  if (scratch.size() < static_cast<std::size_t>(numbers))
    scratch.resize(static_cast<std::size_t>(numbers));
  predictor.run(input, 0, rows, out, scratch.data(), 0, interrupt);
  kept = std::move(scratch);
}

// Runs if both arrays are plain and fit each other; null without an error if not.
template <class T>
PyObject* call_plain(const PredictorObject<T>& self, PyObject* x, PyObject* out) {
  const Predictor<T>& predictor = *self.predictor;
  auto call =
      plain_call<T>(x, out, predictor.n_in(), predictor.n_out(), self.most_rows);
  if (!call.rows) return nullptr;
  if (predictor.multiply_adds() * static_cast<double>(call.rows) < kWorthReleasing) {
    const FloatState float_state;
    run(self, call.x, call.rows, call.out, nullptr);
  } else {
    interruptible(
        [&](Interrupt& interrupt) {
          run(self, call.x, call.rows, call.out, &interrupt);
        },
        true);
  }
  return call.result.release().ptr();
}

// The same for arrays that the core has to convert: out (rows, n_out) of x, checked.
template <class T>
void call_converting(const py::handle& predictor, const py::object& x, py::array& out) {
  const auto& self = *reinterpret_cast<PredictorObject<T>*>(predictor.ptr());
  const Table input = table_of(x, "x");
  if (input.columns != self.predictor->n_in())
    throw py::value_error("x does not have the network's columns");
  T* to = writable<T>(out, input.rows, self.predictor->n_out(), "out");
  interruptible(
      [&](Interrupt& interrupt) {
        Vector<T> scratch(self.predictor->scratch(input.rows));
        self.predictor->run(input, 0, input.rows, to, scratch.data(), 0, &interrupt);
      },
      true);
}

// Not noexcept: while the interpreter ends, Python (until 3.14) ends the thread of the
// fallback by unwinding its stack, through this frame.
template <class T>
PyObject* vectorcall(PyObject* object, PyObject* const* args, std::size_t n_flagged,
                     PyObject* names) {
  const auto& self = *reinterpret_cast<PredictorObject<T>*>(object);
  const Py_ssize_t n = PyVectorcall_NARGS(n_flagged);
  const Py_ssize_t n_named = names ? PyTuple_GET_SIZE(names) : 0;
  const bool out_named = n_named == 1 && PyUnicode_CompareWithASCIIString(
                                             PyTuple_GET_ITEM(names, 0), "out") == 0;
  if (n < 1 || n + n_named > 2 || (n_named > 0 && !out_named)) {
    PyErr_SetString(PyExc_TypeError, "expected p(x) or p(x, out)");
    return nullptr;
  }
  PyObject* out = n + n_named == 2 && args[1] != Py_None ? args[1] : nullptr;
  try {
    if (PyObject* result = call_plain(self, args[0], out)) return result;
    return PyObject_CallFunctionObjArgs(self.fallback, object, args[0],
                                        out ? out : Py_None, nullptr);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

template <class T>
void deallocate(PyObject* object) {
  auto* self = reinterpret_cast<PredictorObject<T>*>(object);
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  delete self->predictor;
  Py_XDECREF(self->fallback);
  type->tp_free(object);
  Py_DECREF(type);
}

template <class T>
int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(reinterpret_cast<PredictorObject<T>*>(object)->fallback);
  return 0;
}

template <class T>
py::object make_type(const char* name) {
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(PredictorObject<T>, vectorcall),
       READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr}};
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate<T>)},
      {Py_tp_traverse, reinterpret_cast<void*>(traverse<T>)},
      {Py_tp_members, members},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_doc, const_cast<char*>("A network's predictions: p(x) or p(x, out).")},
      {0, nullptr}};
  static PyType_Spec spec = {name, sizeof(PredictorObject<T>), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
                                 Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                             slots};
  auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  return type;
}

template <class T>
py::object make_predictor(const py::object& type, NetworkHandle<T>& network,
                          Index most_rows, const py::function& fallback) {
  const Guard::Reading reading(*network.guard);
  auto predictor = std::make_unique<Predictor<T>>(*network.network,
                                                  Predictor<T>::Parameters::copied);
  auto* type_object = reinterpret_cast<PyTypeObject*>(type.ptr());
  auto* self =
      reinterpret_cast<PredictorObject<T>*>(type_object->tp_alloc(type_object, 0));
  if (!self) throw py::error_already_set();
  self->vectorcall = vectorcall<T>;
  self->predictor = predictor.release();
  self->most_rows = most_rows;
  self->fallback = fallback.inc_ref().ptr();
  return py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(self));
}

template <class T>
void register_predictor(py::module_& m, const char* name, const char* full_name) {
  using namespace py::literals;
  const py::object type = make_type<T>(full_name);
  m.attr(name) = type;
  m.def(
      "predict_converting",
      [type](const py::handle& predictor, const py::object& x, py::array& out) {
        if (!py::isinstance(predictor, type)) throw py::reference_cast_error();
        call_converting<T>(predictor, x, out);
      },
      "predictor"_a, "X"_a, "out"_a);
  m.def(
      "make_predictor",
      [type](NetworkHandle<T>& network, Index most_rows, const py::function& fallback) {
        return make_predictor<T>(type, network, most_rows, fallback);
      },
      "network"_a, "n_rows"_a, "fallback"_a);
}

}  // namespace

void register_predictors(py::module_& m) {
  register_predictor<float>(m, "Predictor32", "fcnn._core.Predictor32");
  register_predictor<double>(m, "Predictor64", "fcnn._core.Predictor64");
}

}  // namespace fcnn::bindings
