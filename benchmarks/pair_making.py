"""Share of a training step for making its pairs, on every cut of a 64x64 lattice: `make bench`.

Times on shared machines drift, so drawing and stepping alternate, and their medians are compared.
"""

from statistics import median
from time import perf_counter

import torch

from moiety import ladder, system
from moiety.base.random import Streams
from moiety.estimation.critics import InterfaceCritic
from moiety.estimation.encoding import Encoding
from moiety.estimation.estimator import Estimator, scale_training
from moiety.estimation.folds import cross_splits
from moiety.estimation.objectives import JensenShannon
from moiety.estimation.pairs import shifts, spread_out
from moiety.estimation.scores import Batch, scores
from moiety.estimation.windows import Windows

STEPS = 60


def main():
    torch.set_num_threads(1)  # as in an estimate, where each fold has a thread
    samples = system("ising-square", size=64, temperature=2.269185).sample(2048, seed=1)
    values = torch.from_numpy(samples.values.reshape(samples.n, *samples.shape))
    train = cross_splits(samples.chains, samples.draws)[0].train
    encoding = Encoding.of(samples.kind, samples.states, samples.values)
    print("| half | pairs per step | making pairs (ms) | whole step (ms) | share |")
    print("|---|---|---|---|---|")
    for cut in reversed(ladder(samples.shape, samples.periodic).cuts):
        if cut.volume < 16:
            continue
        size = scale_training(Estimator().training, cut, 1.0).batch
        making, step = timed(
            Windows(values, cut, samples.periodic, encoding, samples.symmetries), train, size
        )
        shape = "x".join(map(str, cut.left))
        print(
            f"| {shape} | {size} | {1e3 * making:.2f} | {1e3 * step:.2f} | {making / step:.0%} |",
            flush=True,
        )


def timed(windows, indices, size):
    """Median seconds for making a batch, and for a whole step with it."""
    generator = Streams(0).torch("bench")
    network, objective = InterfaceCritic().build(windows.shape), JensenShannon()
    optimiser = torch.optim.Adam(network.parameters())
    making, whole = [], []
    for _ in range(STEPS):
        started = perf_counter()
        a, b = windows.draw(spread_out(indices, size, generator), generator, augment=True)
        batch = Batch(a, b, shifts(size, len(indices), 0.5, 1, generator))
        making.append(perf_counter() - started)
        loss, _ = objective.loss(*scores(network, batch), None)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        whole.append(perf_counter() - started)
    return median(making), median(whole)


if __name__ == "__main__":
    main()
