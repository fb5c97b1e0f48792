// Network32 and Network64.
#include <pybind11/stl.h>

#include <limits>

#include "call.hpp"
#include "fcnn/engine.hpp"
#include "fcnn/initializers.hpp"
#include "fcnn/predict.hpp"
#include "fcnn/targets.hpp"
#include "fcnn/thread_team.hpp"
#include "plain_call.hpp"
#include "register.hpp"
#include "samples.hpp"

namespace fcnn::bindings {

namespace {

template <class T>
NetworkHandle<T> make_network(std::vector<Index> sizes,
                              const std::vector<std::string>& activations,
                              const std::vector<bool>& bias) {
  if (sizes.size() < 2 || activations.size() != sizes.size() - 1 ||
      bias.size() != sizes.size() - 1)
    throw py::value_error("expected L + 1 sizes, L activations and L bias flags");
  for (const Index size : sizes)
    if (size < 1) throw py::value_error("sizes must be at least 1");
  const FloatState float_state;
  return {std::make_shared<Network<T>>(std::move(sizes), activations, bias)};
}

template <class T>
py::array parameters(NetworkHandle<T>& self) {
  Network<T>& network = *self.network;
  return py::array_t<T>({network.n_parameters()}, network.theta(), py::cast(&self));
}

template <class T>
void initialize_layer(NetworkHandle<T>& self, Index layer, const std::string& name,
                      std::uint64_t seed) {
  self.guard->check();
  if (layer < 1 || layer > self.network->depth())
    throw py::index_error("layers are 1 to " + std::to_string(self.network->depth()));
  const auto weight = self.network->weight(layer);
  call(
      *self.guard,
      [&](Interrupt& interrupt) {
        initialize<T>(weight, name, seed, layer, interrupt);
      },
      weight.size() > 100'000);
}

template <class T>
void predict_table(NetworkHandle<T>& self, const Table& x, T* out, int n_threads) {
  Network<T>& network = *self.network;
  // for so little work giving up the GIL costs more than it gives
  const bool release =
      static_cast<double>(network.n_parameters()) * static_cast<double>(x.rows) > 100e3;
  call(
      *self.guard,
      [&](Interrupt& interrupt) { predict(network, x, out, n_threads, interrupt); },
      release);
}

template <class T>
void predict_rows(NetworkHandle<T>& self, const py::object& x, py::array& out,
                  int n_threads) {
  Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, nullptr, false, {}, {});
  T* to = writable<T>(out, samples.count, network.n_out(), "out");
  predict_table(self, samples.x, to, n_threads);
}

// The same for arrays that need no conversion, or None where they do.
template <class T>
py::object predict_plain(NetworkHandle<T>& self, py::handle x, py::handle out) {
  Network<T>& network = *self.network;
  constexpr Index any = std::numeric_limits<Index>::max();
  auto call = plain_call<T>(x.ptr(), out.is_none() ? nullptr : out.ptr(),
                            network.n_in(), network.n_out(), any);
  const auto bytes = [](Index numbers) { return numbers * Index{sizeof(T)}; };
  if (!call.rows || overlap(reinterpret_cast<const char*>(call.out),
                            bytes(call.rows * network.n_out()),
                            reinterpret_cast<const char*>(network.theta()),
                            bytes(network.n_parameters())))
    return py::none();
  predict_table(self, plain_table(call.x, call.rows, network.n_in()), call.out,
                num_threads());
  return call.result;
}

// a[0]: rows first..last of x as the network sees them.
template <class T>
void copy_inputs(const Network<T>& network, const Table& x, Index first, Index last,
                 T* to) {
  const Index n_in = network.n_in();
  Vector<T> column(Strips<T>::padded(n_in));
  const Strips<T> strips(column.data(), n_in, 1);
  for (Index i = first; i < last; ++i) {
    read_row(network.standardizer().inputs, x, i, strips, 0);
    from_strips(strips, 0, 1, to + i * n_in, n_in);
  }
}

template <class T>
py::tuple forward_rows(NetworkHandle<T>& self, const py::object& x, int n_threads) {
  Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, nullptr, false, {}, {});
  std::vector<py::array_t<T>> z, a;
  a.push_back(new_array<T>(samples.count, network.n_in()));
  for (const auto& layer : network.layers()) {
    z.push_back(new_array<T>(samples.count, layer.n_out));
    a.push_back(new_array<T>(samples.count, layer.n_out));
  }
  T* input = a[0].mutable_data();
  call(*self.guard, [&](Interrupt& interrupt) {
    Engine<T> engine(network, samples.count, false);
    engine.load(network.theta());
    engine.forward_only(
        samples, n_threads, interrupt, [&](Index first, const Batch<T>& chunk) {
          for (std::size_t l = 1; l < a.size(); ++l) {
            copy_rows(chunk.z(static_cast<Index>(l)), first, z[l - 1]);
            copy_rows(chunk.a(static_cast<Index>(l)), first, a[l]);
          }
          copy_inputs(network, samples.x, first, first + chunk.size(), input);
        });
  });
  return py::make_tuple(z, a);
}

// What the calls with a loss and a gradient have in common.
struct LossCall {
  const py::object& x;
  const py::array& y;
  bool labels;
  const std::string& loss;
  const std::optional<Weights64>& weight;
  double l1, l2;
  int n_threads;
};

template <class T>
double run_gradient(NetworkHandle<T>& self, const LossCall& c, py::array_t<T>& gradient,
                    const Observer<T>& observer) {
  Network<T>& network = *self.network;
  const Samples samples = samples_of(network, c.x, &c.y, c.labels, c.weight, {});
  const Loss<T> loss = as_core([&] { return find_loss<T>(c.loss, network.output()); });
  const double sum_weight =
      as_core([&] { return sum_of_weights(samples, 0, samples.count); });
  if (!(sum_weight > 0))
    throw py::value_error("the sample weights must not sum to zero");
  gradient = py::array_t<T>(network.n_parameters());
  T* flat = gradient.mutable_data();
  return call(*self.guard, [&](Interrupt& interrupt) {
    Engine<T> engine(network, samples.count, true);
    engine.load(network.theta());
    const double c_value =
        engine.run({samples, 0, samples.count, sum_weight, loss, Penalties{c.l1, c.l2},
                    c.n_threads, true, observer},
                   interrupt);
    engine.layout().unpack(engine.gradient(), flat);
    return c_value;
  });
}

template <class T>
py::tuple backprop(NetworkHandle<T>& self, const py::object& x, const py::array& y,
                   bool labels, const std::string& loss,
                   const std::optional<Weights64>& weight, double l1, double l2,
                   int n_threads) {
  Network<T>& network = *self.network;
  const Table table = table_of(x, "X");
  std::vector<py::array_t<T>> z, a, delta;
  a.push_back(new_array<T>(table.rows, network.n_in()));
  for (const auto& layer : network.layers()) {
    z.push_back(new_array<T>(table.rows, layer.n_out));
    a.push_back(new_array<T>(table.rows, layer.n_out));
    delta.push_back(new_array<T>(table.rows, layer.n_out));
  }
  T* input = a[0].mutable_data();
  const Observer<T> copy = [&](Index first, const Batch<T>& chunk) {
    for (std::size_t l = 1; l < a.size(); ++l) {
      copy_rows(chunk.z(static_cast<Index>(l)), first, z[l - 1]);
      copy_rows(chunk.a(static_cast<Index>(l)), first, a[l]);
      copy_rows(chunk.delta(static_cast<Index>(l)), first, delta[l - 1]);
    }
    copy_inputs(network, table, first, first + chunk.size(), input);
  };
  py::array_t<T> gradient;
  const double c = run_gradient(
      self, LossCall{x, y, labels, loss, weight, l1, l2, n_threads}, gradient, copy);
  return py::make_tuple(c, z, a, delta, gradient);
}

template <class T>
py::tuple loss_and_gradient(NetworkHandle<T>& self, const py::object& x,
                            const py::array& y, bool labels, const std::string& loss,
                            const std::optional<Weights64>& weight, double l1,
                            double l2, int n_threads) {
  py::array_t<T> gradient;
  const double c = run_gradient(
      self, LossCall{x, y, labels, loss, weight, l1, l2, n_threads}, gradient, {});
  return py::make_tuple(c, gradient);
}

template <class T>
double evaluate(NetworkHandle<T>& self, const py::object& x, const py::array& y,
                bool labels, const std::string& loss_name,
                const std::optional<Weights64>& weight,
                const std::optional<Rows64>& rows, std::optional<py::array>& out,
                int n_threads) {
  Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, &y, labels, weight, rows);
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  const double sum_weight =
      as_core([&] { return sum_of_weights(samples, 0, samples.count); });
  if (!(sum_weight > 0))
    throw py::value_error("the sample weights must not sum to zero");
  const Index n_out = network.n_out();
  T* outputs = out ? writable<T>(*out, samples.count, n_out, "out") : nullptr;
  return call(*self.guard, [&](Interrupt& interrupt) {
    Engine<T> engine(network, samples.count, false);
    engine.load(network.theta());
    const Observer<T> keep_outputs = [&](Index first, const Batch<T>& chunk) {
      if (outputs)
        from_strips(chunk.a(network.depth()), 0, chunk.size(), outputs + first * n_out,
                    n_out);
      if (outputs)
        undo(network.standardizer().targets, outputs + first * n_out, chunk.size());
    };
    return engine.run({samples, 0, samples.count, sum_weight, loss, Penalties(),
                       n_threads, false, keep_outputs},
                      interrupt);
  });
}

template <class T>
void check_target_rows(NetworkHandle<T>& self, const py::array& y, bool labels,
                       const std::string& loss) {
  const Table table = table_of(y, "y");
  const LossEntry entry =
      as_core([&] { return find_loss<T>(loss, self.network->output()).entry; });
  call(*self.guard, [&](Interrupt& interrupt) {
    check_targets(table, labels, self.network->n_out(), entry, interrupt);
  });
}

// Each of n_in numbers, or of n_out; empty: as they are.
template <class T>
void set_standardizer(NetworkHandle<T>& self, std::vector<double> mean,
                      std::vector<double> scale, std::vector<double> target_mean,
                      std::vector<double> target_scale) {
  self.guard->check();
  const Network<T>& network = *self.network;
  const auto fits = [](const auto& m, const auto& s, Index n) {
    return m.size() == s.size() && (m.empty() || static_cast<Index>(m.size()) == n);
  };
  if (!fits(mean, scale, network.n_in()) ||
      !fits(target_mean, target_scale, network.n_out()))
    throw py::value_error("expected n_in means and scales, n_out of the targets");
  const FloatState float_state;
  self.network->set_standardizer({{std::move(mean), std::move(scale)},
                                  {std::move(target_mean), std::move(target_scale)}});
}

template <class T>
void register_network(py::module_& m, const char* name) {
  using namespace py::literals;
  using Handle = NetworkHandle<T>;
  py::class_<Handle>(m, name)
      .def(py::init(&make_network<T>), "sizes"_a, "activations"_a, "bias"_a)
      .def_property_readonly("parameters", &parameters<T>)
      .def(
          "set_noise",
          [](Handle& self, std::vector<double> dropout, double input_noise) {
            self.guard->check();
            if (static_cast<Index>(dropout.size()) != self.network->depth())
              throw py::value_error("expected a rate for each of the layers 0..L-1");
            self.network->set_noise(std::move(dropout), input_noise);
          },
          "dropout"_a, "input_noise"_a)
      .def("set_standardizer", &set_standardizer<T>, "mean"_a, "scale"_a,
           "target_mean"_a, "target_scale"_a)
      .def("initialize", &initialize_layer<T>, "layer"_a, "name"_a, "seed"_a)
      .def("predict", &predict_rows<T>, "X"_a, "out"_a, "n_threads"_a)
      .def("predict_plain", &predict_plain<T>, "X"_a, "out"_a)
      .def("forward", &forward_rows<T>, "X"_a, "n_threads"_a)
      .def("backprop", &backprop<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a,
           "sample_weight"_a, "l1"_a, "l2"_a, "n_threads"_a)
      .def("loss_and_gradient", &loss_and_gradient<T>, "X"_a, "Y"_a, "labels"_a,
           "loss"_a, "sample_weight"_a, "l1"_a, "l2"_a, "n_threads"_a)
      .def("evaluate", &evaluate<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a,
           "sample_weight"_a, "rows"_a, "out"_a, "n_threads"_a)
      .def("check_targets", &check_target_rows<T>, "Y"_a, "labels"_a, "loss"_a)
      .def("begin_training",
           [](Handle& self) { return std::make_unique<Training>(self.guard); })
      .def("reading",
           [](Handle& self) { return std::make_unique<ReadingBlock>(self.guard); })
      .def("check_idle", [](Handle& self) { self.guard->check(); });
}

}  // namespace

void register_networks(py::module_& m) {
  py::class_<Training>(m, "Training").def("end", &Training::end);
  py::class_<ReadingBlock>(m, "Reading")
      .def("__enter__", &ReadingBlock::enter)
      .def("__exit__", &ReadingBlock::exit);
  register_network<float>(m, "Network32");
  register_network<double>(m, "Network64");
}

}  // namespace fcnn::bindings
