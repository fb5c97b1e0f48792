"""Text classified from 2^16 word counts, nearly all zero: a SciPy sparse matrix as X.

python examples/sparse.py
"""

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

import fcnn

rng = np.random.default_rng(0)
TOPICS = ["sport", "cooking", "music", "weather"]
N, N_WORDS = 2000, 5000


def text(topic):
    """60 words, common ones first; each topic likes 300 of its own, a little."""
    words = (rng.pareto(1.0, 60) * 20).astype(int) % N_WORDS
    own = rng.random(60) < 0.1
    words[own] = 1000 + 300 * topic + rng.integers(0, 300, own.sum())
    return " ".join(f"word{w}" for w in words)


y = rng.integers(0, len(TOPICS), N)
texts = [text(topic) for topic in y]
X = HashingVectorizer(n_features=2**16, dtype=np.float32).transform(texts)
kilobytes = (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / 1e3
dense = X.shape[0] * X.shape[1] * 4 / 1e3
print(f"{X.shape} {X.format}: {X.nnz / N:.0f} numbers a row, {kilobytes:,.0f} kB")
print(f"as a dense array {dense:,.0f} kB; only a mini-batch at a time becomes one")

net = fcnn.Network([2**16, 8, len(TOPICS)], "relu", "softmax", seed=1)
new = slice(1500, None)
net.fit(X[:1500], y[:1500], epochs=3, batch_size=50, optimizer=fcnn.Adam(lr=0.01))
result = net.evaluate(X[new], y[new], metrics="accuracy")
print(f"accuracy on 500 new texts: {100 * result['accuracy']:.1f} %")
a = net.predict(X[1500:1501])[0]
print(", ".join(f"{topic} {p:.2f}" for topic, p in zip(TOPICS, a, strict=True)))
