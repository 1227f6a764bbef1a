"""The end-to-end work by JAX, in a process of its own: `python -m tests.benchmarks.jax_way even|odd SEEDS EPOCHS`.

vmap over the nets and scan over all steps, compiled once for each loss; validation after every epoch. Takes every other
of the eight losses; prints the seconds of compiling and of training, of all of them together.
"""

import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp

ROWS, VALIDATION, WIDTHS, BATCH = 571, 143, (4, 64, 64, 64, 64, 1), 32
STEPS = -(-ROWS // BATCH)


def _prob(fn):
    return lambda z, t: fn(jax.nn.sigmoid(z), t)


def _huber(p, t):
    e = jnp.abs(p - t)
    return jnp.where(e < 0.5, e * e, e - 0.25)


def _logistic(z, t):
    return jax.nn.softplus(z) - t * z


LOSSES = {
    "logistic": _logistic,
    "mse": _prob(lambda p, t: (p - t) ** 2),
    "l1": _prob(lambda p, t: jnp.abs(p - t)),
    "huber": _prob(_huber),
    "hinge": lambda z, t: jax.nn.relu(1 - (2 * t - 1) * z),
    "squared_hinge": lambda z, t: jax.nn.relu(1 - (2 * t - 1) * z) ** 2,
    "log_cosh": _prob(lambda p, t: jnp.log(jnp.cosh(p - t))),
    "smoothed": lambda z, t: _logistic(z, 0.9 * t + 0.05),
}


def _net(params, x):
    for w, b in params[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = params[-1]
    return (x @ w + b)[..., 0]


def _initial(key):
    keys = jax.random.split(key, len(WIDTHS))
    bounds = [i**-0.5 for i in WIDTHS[:-1]]
    return [
        (jax.random.uniform(k, (i, o), minval=-bound, maxval=bound), jnp.zeros(o))
        for k, i, o, bound in zip(keys, WIDTHS, WIDTHS[1:], bounds, strict=False)
    ]


def training(loss, epochs):
    """A function of one key: trains one net, returns its validation losses."""
    x = jax.random.normal(jax.random.key(0), (ROWS + VALIDATION, WIDTHS[0]))
    t = (x[:, 0] * x[:, 1] > 0).astype(jnp.float32)
    weight = (jnp.arange(STEPS * BATCH) < ROWS).astype(jnp.float32).reshape(STEPS, BATCH)

    def mean_loss(params, rows, w):
        return (loss(_net(params, x[rows]), t[rows]) * w).sum() / w.sum()

    def step(state, batch):
        params, m, v, count = state
        g = jax.grad(mean_loss)(params, *batch)
        count += 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        params = jax.tree.map(lambda p, a, b: p - rate * a / (jnp.sqrt(b) + 1e-8), params, m, v)
        return (params, m, v, count), None

    def epoch(state, key):
        order = jnp.pad(jax.random.permutation(key, ROWS), (0, STEPS * BATCH - ROWS)).reshape(STEPS, BATCH)
        state, _ = jax.lax.scan(step, state, (order, weight))
        return state, loss(_net(state[0], x[ROWS:]), t[ROWS:]).mean()

    def train(key):
        params = _initial(key)
        nothing = jax.tree.map(jnp.zeros_like, params)
        _, losses = jax.lax.scan(epoch, (params, nothing, nothing, 0.0), jax.random.split(key, epochs))
        return losses

    return train


if __name__ == "__main__":
    names = list(LOSSES)[sys.argv[1] == "odd" :: 2]
    seeds, epochs = int(sys.argv[2]), int(sys.argv[3])
    compiling = running = 0.0
    for name in names:
        keys = jax.random.split(jax.random.key(1), seeds)
        start = time.perf_counter()
        compiled = jax.jit(jax.vmap(training(LOSSES[name], epochs))).lower(keys).compile()
        ready = time.perf_counter()
        compiled(keys).block_until_ready()
        compiling, running = compiling + ready - start, running + time.perf_counter() - ready
    print(compiling, running)
