#include "fcnn/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fcnn/random.hpp"

namespace fcnn {

template <class T>
Trainer<T>::Trainer(std::shared_ptr<Network<T>> network, const std::string& optimizer,
                    const Given& hyperparameters, const Schedule& schedule)
    : network_(std::move(network)),
      layout_(*network_),
      optimizer_(optimizer, hyperparameters, schedule, layout_.size()) {}

template <class T>
bool Trainer<T>::Order::operator==(const Order& other) const {
  return count == other.count && batch_size == other.batch_size &&
         shuffle == other.shuffle && seed == other.seed && epoch == other.epoch;
}

// positions_: 0 .. count - 1 in the epoch's order. An epoch that goes on keeps its own.
template <class T>
void Trainer<T>::plan_epoch(const Order& order, Interrupt& interrupt) {
  if (order == order_) return;
  order_.count = -1;  // in case of an exception
  const Random random(order.seed, Stream::shuffle, order.epoch);
  const Index size = order.batch_size, n_batches = (order.count + size - 1) / size;
  positions_.resize(static_cast<std::size_t>(order.count));
  interrupt.between_passes();
  std::iota(positions_.begin(), positions_.end(), std::int64_t{0});
  interrupt.between_passes();
  if (order.shuffle == Shuffle::rows) shuffle(positions_, random, interrupt);
  std::vector<std::int64_t> batches(static_cast<std::size_t>(n_batches));
  std::iota(batches.begin(), batches.end(), std::int64_t{0});
  if (order.shuffle == Shuffle::batches) shuffle(batches, random, interrupt);
  batch_end_.clear();
  Index end = 0;
  for (const std::int64_t batch : batches) {
    const Index first = batch * size, last = std::min(order.count, first + size);
    if (order.shuffle == Shuffle::batches)
      std::iota(positions_.begin() + end, positions_.begin() + end + last - first,
                first);
    batch_end_.push_back(end += last - first);
  }
  order_ = order;
}

template <class T>
Engine<T>& Trainer<T>::engine(Index batch_size) {
  const Index size = std::min(batch_size, kChunk);
  if (!engine_ || engine_batch_ < size) {
    engine_.reset();
    engine_ = std::make_unique<Engine<T>>(*network_, size, true);
    engine_batch_ = size;
  }
  engine_->load(network_->theta());
  return *engine_;
}

template <class T>
EpochSums Trainer<T>::epoch(const Samples& samples, const Loss<T>& loss,
                            const EpochOptions& options, EpochSums sums, T* outputs,
                            Interrupt& interrupt) {
  plan_epoch(
      {samples.count, options.batch_size, options.shuffle, options.seed, options.epoch},
      interrupt);
  const auto n_batches = static_cast<Index>(batch_end_.size());
  const Index first_batch = std::clamp(options.first_batch, Index{0}, n_batches);
  const Index last_batch = options.last_batch < 0
                               ? n_batches
                               : std::clamp(options.last_batch, first_batch, n_batches);
  if (first_batch == last_batch) return sums;
  const auto end_of = [&](Index batches) {
    return batches > 0 ? batch_end_[static_cast<std::size_t>(batches - 1)] : 0;
  };
  const Index begin = end_of(first_batch);

  Samples ordered = samples;
  ordered.count = end_of(last_batch) - begin;
  ordered.rows = positions_.data() + begin;
  if (samples.rows) {
    rows_.resize(static_cast<std::size_t>(ordered.count));
    interrupt.between_passes();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      rows_[i] = samples.rows[ordered.rows[i]];
      interrupt.after(10, 0);  // of a read far away
    }
    ordered.rows = rows_.data();
  }

  const Index n_out = network_->n_out();
  const auto keep_outputs = [&](Index first, const Batch<T>& chunk) {
    for (Index j = 0; j < chunk.size(); ++j) {
      const Index at = positions_[static_cast<std::size_t>(begin + first + j)];
      T* to = outputs + at * n_out;
      from_strips(chunk.a(network_->depth()), j, j + 1, to - j * n_out, n_out);
      undo(network_->standardizer().targets, to, 1);
    }
  };
  const Observer<T> observer = outputs ? keep_outputs : Observer<T>();
  const Draws draws{options.seed, options.epoch, begin};
  return run_batches(ordered, first_batch, last_batch, loss, options, draws, sums,
                     observer, interrupt);
}

// Batches first_batch..last_batch, whose samples are all of `ordered`.
template <class T>
EpochSums Trainer<T>::run_batches(const Samples& ordered, Index first_batch,
                                  Index last_batch, const Loss<T>& loss,
                                  const EpochOptions& options, const Draws& draws,
                                  EpochSums sums, const Observer<T>& keep_outputs,
                                  Interrupt& interrupt) {
  Engine<T>& work = engine(std::min(options.batch_size, ordered.count));
  Samples samples = ordered;
  if (options.label_smoothing > 0) {
    samples.keep_target = 1 - options.label_smoothing;
    samples.add_target =
        options.label_smoothing * loss.entry.smoothing_target(network_->n_out());
  }
  const Draws* drawn = network_->has_noise() ? &draws : nullptr;
  interrupt.between_passes();
  before_ = optimizer_.state;
  interrupt.between_passes();
  const Updater<T> updater{[&] { optimizer_.prepare(); },
                           [&](Index from, Index to, const T* gradient) {
                             optimizer_.update(work.parameters(), gradient, from, to);
                           }};
  Index first = 0, batch = first_batch;
  if (first_batch == 0) row_sums_ = {};
  try {
    for (; batch < last_batch; ++batch) {
      const Index last = batch_end_[static_cast<std::size_t>(batch)] - draws.first;
      const double weight = sum_of_weights(samples, first, last);
      const double rows = static_cast<double>(last - first);
      Pass<T> pass{samples,           first,      last,         weight, loss, {},
                   options.n_threads, weight > 0, keep_outputs, drawn};
      first = last;
      if (weight > 0) {
        pass.penalties = options.penalties.of_batch(weight);
        const double c = work.step(pass, options.bounds, updater, interrupt);
        if (!std::isfinite(c)) throw Divergence(batch);
        sums.loss += weight * c;
        sums.weight += weight;
        row_sums_.rows += rows;
        row_sums_.loss += rows * c;
        row_sums_.penalty += rows * work.penalty();
        interrupt.between_passes();
      } else if (keep_outputs) {  // there is nothing to learn from, and no step
        pass.sum_weight = 1;
        work.run(pass, interrupt);
      }
    }
    if (!all_finite()) throw Divergence(last_batch - 1);
  } catch (const Interrupted&) {
    all_finite() ? store() : void(optimizer_.state = before_);
    throw;
  } catch (const Divergence&) {
    optimizer_.state = before_;
    check_finite<T>(samples, network_->standardizer(), first);
    throw;
  } catch (...) {
    optimizer_.state = before_;
    throw;
  }
  store();
  return sums;
}

template <class T>
EpochSums Trainer<T>::step(const Samples& samples, const Loss<T>& loss,
                           const EpochOptions& options, Index first, T* outputs,
                           Interrupt& interrupt) {
  EpochOptions one_batch = options;
  one_batch.batch_size = samples.count;
  order_.count = -1;
  batch_end_ = {first + samples.count};
  const Draws draws{options.seed, options.epoch, first};
  const Index n_out = network_->n_out();
  const auto keep = [&](Index at, const Batch<T>& chunk) {
    T* to = outputs + at * n_out;
    from_strips(chunk.a(network_->depth()), 0, chunk.size(), to, n_out);
    undo(network_->standardizer().targets, to, chunk.size());
  };
  return run_batches(samples, 0, 1, loss, one_batch, draws, {},
                     outputs ? keep : Observer<T>(), interrupt);
}

template <class T>
void Trainer<T>::store() {
  layout_.unpack(engine_->parameters(), network_->theta());
}

template <class T>
bool Trainer<T>::all_finite() {
  const Eigen::Map<const Vector<T>> theta(engine_->parameters(), layout_.size());
  const auto& moments = optimizer_.state.moments;
  // an infinite second moment would hold its parameter where it is for ever
  return theta.allFinite() && std::all_of(moments.begin(), moments.end(),
                                          [](const auto& m) { return m.allFinite(); });
}

template <class T>
typename Trainer<T>::State Trainer<T>::state() const {
  State flat = optimizer_.state;
  for (std::size_t k = 0; k < flat.moments.size(); ++k) {
    flat.moments[k].resize(network_->n_parameters());
    layout_.unpack(optimizer_.state.moments[k].data(), flat.moments[k].data());
  }
  return flat;
}

template <class T>
void Trainer<T>::set_state(const State& state) {
  const State& own = optimizer_.state;
  if (state.moments.size() != own.moments.size() ||
      state.scalars.size() != own.scalars.size())
    throw InvalidArgument("the state is another optimizer's");
  for (const Vector<T>& moment : state.moments)
    if (moment.size() != network_->n_parameters())
      throw InvalidArgument("the state is another network's: expected moments of " +
                            std::to_string(network_->n_parameters()) +
                            " numbers, got " + std::to_string(moment.size()));
  State packed = own;
  packed.step = state.step;
  packed.scalars = state.scalars;
  for (std::size_t k = 0; k < packed.moments.size(); ++k)
    layout_.pack(state.moments[k].data(), packed.moments[k].data());
  optimizer_.state = std::move(packed);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace fcnn
