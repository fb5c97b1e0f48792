#include "fcnn/trainer.hpp"

#include <cmath>
#include <numeric>

#include "fcnn/random.hpp"

namespace fcnn {

namespace {

// positions: 0 .. count - 1 in the epoch's order; batch_end: where each batch ends in
// it.
void plan_epoch(Index count, const EpochOptions& options,
                std::vector<std::int64_t>& positions, std::vector<Index>& batch_end) {
  const Random random(options.seed, Stream::shuffle, options.epoch);
  const Index size = options.batch_size, n_batches = (count + size - 1) / size;
  positions.resize(static_cast<std::size_t>(count));
  std::iota(positions.begin(), positions.end(), std::int64_t{0});
  if (options.shuffle == Shuffle::rows) shuffle(positions, random);
  std::vector<std::int64_t> batches(static_cast<std::size_t>(n_batches));
  std::iota(batches.begin(), batches.end(), std::int64_t{0});
  if (options.shuffle == Shuffle::batches) shuffle(batches, random);
  batch_end.clear();
  Index end = 0;
  for (const std::int64_t batch : batches) {
    const Index first = batch * size, last = std::min(count, first + size);
    if (options.shuffle == Shuffle::batches)
      std::iota(positions.begin() + end, positions.begin() + end + last - first, first);
    batch_end.push_back(end += last - first);
  }
}

}  // namespace

template <class T>
Trainer<T>::Trainer(std::shared_ptr<Network<T>> network, const std::string& optimizer,
                    const std::map<std::string, double>& hyperparameters)
    : network_(std::move(network)),
      layout_(*network_),
      optimizer_(optimizer, hyperparameters, layout_.size()) {}

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
double Trainer<T>::epoch(const Samples& samples, const Loss<T>& loss,
                         const EpochOptions& options, T* outputs,
                         Interrupt& interrupt) {
  Engine<T>& work = engine(std::min(options.batch_size, samples.count));
  plan_epoch(samples.count, options, positions_, batch_end_);
  Samples ordered = samples;
  ordered.rows = positions_.data();
  if (samples.rows) {
    rows_.resize(positions_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i)
      rows_[i] = samples.rows[positions_[i]];
    ordered.rows = rows_.data();
  }

  const Index n_out = network_->n_out();
  const auto keep_outputs = [&](Index first, const Batch<T>& chunk) {
    for (Index j = 0; j < chunk.size(); ++j) {
      const Index at = positions_[static_cast<std::size_t>(first + j)];
      from_strips(chunk.a(network_->depth()), j, j + 1, outputs + (at - j) * n_out,
                  n_out);
    }
  };
  const Observer<T> observer = outputs ? keep_outputs : Observer<T>();

  interrupt.between_passes();
  before_ = optimizer_.state;
  interrupt.between_passes();
  const Updater<T> updater{[&] { optimizer_.prepare(); },
                           [&](Index from, Index to, const T* gradient) {
                             optimizer_.update(work.parameters(), gradient, from, to);
                           }};
  double loss_sum = 0, weight_sum = 0;
  Index first = 0, batch = 0;
  try {
    for (const Index last : batch_end_) {
      const double weight = sum_of_weights(ordered, first, last);
      Pass<T> pass{
          ordered,           first,      last,    weight, loss, options.penalties,
          options.n_threads, weight > 0, observer};
      first = last;
      if (weight > 0) {
        const double c = work.step(pass, options.clip_norm, updater, interrupt);
        if (!std::isfinite(c)) throw Divergence(batch);
        loss_sum += weight * c;
        weight_sum += weight;
        interrupt.between_passes();
      } else if (outputs) {  // there is nothing to learn from, and no step
        pass.sum_weight = 1;
        work.run(pass, interrupt);
      }
      ++batch;
    }
    if (!parameters_finite()) throw Divergence(batch - 1);
  } catch (const Interrupted&) {
    parameters_finite() ? store() : void(optimizer_.state = before_);
    throw;
  } catch (const Divergence&) {
    optimizer_.state = before_;
    check_finite<T>(ordered, first);
    throw;
  } catch (...) {
    optimizer_.state = before_;
    throw;
  }
  store();
  return weight_sum > 0 ? loss_sum / weight_sum : 0;
}

template <class T>
double Trainer<T>::step(const Samples& samples, const Loss<T>& loss,
                        const EpochOptions& options, Interrupt& interrupt) {
  EpochOptions one_batch = options;
  one_batch.batch_size = samples.count;
  one_batch.shuffle = Shuffle::none;
  return epoch(samples, loss, one_batch, nullptr, interrupt);
}

template <class T>
void Trainer<T>::store() {
  layout_.unpack(engine_->parameters(), network_->theta());
}

template <class T>
bool Trainer<T>::parameters_finite() {
  const Eigen::Map<const Vector<T>> theta(engine_->parameters(), layout_.size());
  return theta.allFinite();
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
