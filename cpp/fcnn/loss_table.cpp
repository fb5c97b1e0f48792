#include "fcnn/loss_table.hpp"

#include <algorithm>
#include <sstream>

#include "fcnn/errors.hpp"
#include "fcnn/softmax.hpp"

namespace fcnn {

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in >> std::ws, word, ',');) words.push_back(word);
  return words;
}

template <class L>
LossEntry entry_of() {
  LossEntry entry;
  entry.name = L::name;
  entry.has_parameter = L::has_parameter;
  entry.parameter = L::parameter;
  entry.outputs = split(L::outputs);
  entry.natural_output = L::natural_output;
  entry.is_natural_loss = L::is_natural_loss;
  entry.target_low = L::target_low;
  entry.target_high = L::target_high;
  entry.smoothed = L::smoothed;
  return entry;
}

template <class... Ls>
std::vector<LossEntry> entries_of(TypeList<Ls...>) {
  return {entry_of<Ls>()...};
}

std::vector<NameEntry> name_entries() {
  return {loss_entries().begin(), loss_entries().end()};
}

NamedParameter parse_loss(const std::string& text) {
  return parse_name(text, name_entries(), "loss");
}

const LossEntry& entry_named(const std::string& name) {
  return *std::find_if(loss_entries().begin(), loss_entries().end(),
                       [&](const LossEntry& e) { return e.name == name; });
}

// The factor of each output's term: 1 / K for the losses that are means.
template <class L, class T>
T factor(Index outputs) {
  return L::mean ? T(1) / static_cast<T>(outputs) : T(1);
}

// C = factor sum_k term(a_k, y_k); delta_k = dC/da_k, or in the natural pair dC/dz_k =
// factor (a_k - y_k); times w_i / sum w, here and nowhere else.
template <class L, bool Natural, class T>
void evaluate(const LossBatch<T>& batch, T parameter) {
  const T f = factor<L, T>(batch.a.features);
  for (Index j = batch.first; j < batch.last; ++j) {
    const T *zj = batch.z.column(0, j), *aj = batch.a.column(0, j);
    const T* yj = batch.y.column(0, j);
    const Pack<T> scale(batch.weight[j] * f);
    Pack<T> total(T(0));
    for_each_pack(batch.a, [&](Index at, Pack<T> mask) {
      const Pack<T> a = Pack<T>::load(aj + at), y = Pack<T>::load(yj + at);
      Pack<T> term, derivative;
      if constexpr (Natural) {
        term = L::natural_term(Pack<T>::load(zj + at), a, y);
        derivative = a - y;
      } else {
        term = L::term(a, y, parameter);
        derivative = L::derivative(a, y, parameter);
      }
      total = total + (mask & term);
      if (batch.delta.data)
        (mask & (derivative * scale)).store(batch.delta.column(0, j) + at);
    });
    batch.value[j] = sum(total, batch.a.features) * f;
  }
}

// sum_k y_k of sample j.
template <class T>
T sum_of_targets(const LossBatch<T>& batch, Index j) {
  Pack<T> targets(T(0));
  for_each_pack(batch.y, [&](Index at, Pack<T> mask) {
    targets = targets + (mask & Pack<T>::load(batch.y.column(0, j) + at));
  });
  return sum(targets, batch.y.features);
}

// Softmax and cross-entropy: C = sum_k y_k (log sum_i e^z_i - z_k),
// delta_k = (sum_i y_i) a_k - y_k; times w_i / sum w.
template <class T>
void natural_cross_entropy(const LossBatch<T>& batch, T) {
  for (Index j = batch.first; j < batch.last; ++j) {
    const T *zj = batch.z.column(0, j), *aj = batch.a.column(0, j);
    const T* yj = batch.y.column(0, j);
    const LogSumExp<T> lse(batch.z, j);
    const Pack<T> maximum(lse.maximum), log_sum = log(Pack<T>(lse.sum));
    const Pack<T> zero(T(0));
    Pack<T> total = zero;
    for_each_pack(batch.a, [&](Index at, Pack<T> mask) {
      const Pack<T> y = mask & Pack<T>::load(yj + at);
      const Pack<T> z = mask & Pack<T>::load(zj + at);
      // the distance may be infinite, and counts for nothing where y is 0
      const Pack<T> distance = select(y == zero, zero, maximum - z);
      total = total + y * (distance + log_sum);
    });
    batch.value[j] = sum(total, batch.a.features);
    if (!batch.delta.data) continue;
    const Pack<T> y_sum(sum_of_targets(batch, j)), scale(batch.weight[j]);
    for_each_pack(batch.a, [&](Index at, Pack<T> mask) {
      const Pack<T> a = Pack<T>::load(aj + at), y = Pack<T>::load(yj + at);
      (mask & ((y_sum * a - y) * scale)).store(batch.delta.column(0, j) + at);
    });
  }
}

// r_delta_k = factor term''(a_k, y_k) r_a_k, or in the natural pair, where delta is a -
// y, factor r_a_k; times w_i / sum w.
template <class L, bool Natural, class T>
void r_derivative(const LossBatch<T>& batch, const Strips<T>& r_a,
                  const Strips<T>& r_delta, T parameter) {
  const T f = factor<L, T>(batch.a.features);
  for (Index j = batch.first; j < batch.last; ++j) {
    const T *aj = batch.a.column(0, j), *yj = batch.y.column(0, j);
    const Pack<T> scale(batch.weight[j] * f);
    for_each_pack(batch.a, [&](Index at, Pack<T> mask) {
      Pack<T> r = Pack<T>::load(r_a.column(0, j) + at);
      if constexpr (!Natural)
        r = r * L::second_derivative(Pack<T>::load(aj + at), Pack<T>::load(yj + at),
                                     parameter);
      (mask & (r * scale)).store(r_delta.column(0, j) + at);
    });
  }
}

// r_delta_k = (sum_i y_i) r_a_k, times w_i / sum w.
template <class T>
void natural_cross_entropy_r(const LossBatch<T>& batch, const Strips<T>& r_a,
                             const Strips<T>& r_delta, T) {
  for (Index j = batch.first; j < batch.last; ++j) {
    const Pack<T> scale(sum_of_targets(batch, j) * batch.weight[j]);
    for_each_pack(batch.a, [&](Index at, Pack<T> mask) {
      const Pack<T> r = Pack<T>::load(r_a.column(0, j) + at);
      (mask & (r * scale)).store(r_delta.column(0, j) + at);
    });
  }
}

template <class L, bool Natural, class T>
void set_functions(Loss<T>& loss) {
  if constexpr (Natural && std::is_same_v<L, CrossEntropy>) {
    loss.evaluate = natural_cross_entropy<T>;
    loss.r_derivative = natural_cross_entropy_r<T>;
  } else {
    loss.evaluate = evaluate<L, Natural, T>;
    loss.r_derivative = r_derivative<L, Natural, T>;
  }
}

template <class L, class T>
void set_functions(Loss<T>& loss) {
  if constexpr (L::natural_output[0] != '\0')
    if (loss.gives_delta) return set_functions<L, true>(loss);
  set_functions<L, false>(loss);
}

template <class T, class... Ls>
void set_functions(Loss<T>& loss, TypeList<Ls...>) {
  auto take = [&](auto l) {
    using L = decltype(l);
    if (loss.entry.name == L::name) set_functions<L>(loss);
  };
  (take(Ls()), ...);
}

}  // namespace

const std::vector<LossEntry>& loss_entries() {
  static const std::vector<LossEntry> entries = entries_of(LossList());
  return entries;
}

std::string canonical_loss(const std::string& text) {
  return canonical_name(text, name_entries(), "loss");
}

std::string natural_loss(const std::string& output) {
  const auto found = std::find_if(
      loss_entries().begin(), loss_entries().end(), [&](const LossEntry& e) {
        return e.is_natural_loss && e.natural_output == output;
      });
  return found == loss_entries().end() ? Mse::name : found->name;
}

void check_loss_output(const std::string& loss, const std::string& output) {
  const auto parsed = parse_loss(loss);
  const LossEntry& entry = entry_named(parsed.name);
  const auto& allowed = entry.outputs;
  const std::string name = output.substr(0, output.find('('));
  if (allowed.empty() ||
      std::find(allowed.begin(), allowed.end(), name) != allowed.end())
    return;
  throw InvalidArgument("loss '" + entry.name + "' needs one of the outputs " +
                        join(allowed) + ", got '" + output + "'");
}

template <class T>
Loss<T> find_loss(const std::string& text, const std::string& output) {
  check_loss_output(text, output);
  const NamedParameter named = parse_loss(text);
  Loss<T> loss;
  loss.entry = entry_named(named.name);
  loss.parameter = parameter_as<T>(named);
  loss.gives_delta =
      !loss.entry.natural_output.empty() && loss.entry.natural_output == output;
  set_functions(loss, LossList());
  return loss;
}

template Loss<float> find_loss(const std::string&, const std::string&);
template Loss<double> find_loss(const std::string&, const std::string&);

}  // namespace fcnn
