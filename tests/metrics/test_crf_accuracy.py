import numpy as np

from tests import crf
from tests.helpers import check_metric
from tests.losses.test_crf_loss import packed
from tfkit.metrics import CRFAccuracy


def test_contract(rng):
    batches, hits, count = [], 0, 0
    for _ in range(2):
        potentials, field, mask, labels = crf.problem(rng)
        batches.append((labels, packed(potentials, field, mask)))
        for label, row, m in zip(labels, potentials, mask, strict=True):
            hits += np.sum((crf.best(row, *field, m) == label)[m])
            count += np.sum(m)
    check_metric(CRFAccuracy, batches, hits / count)


def test_weights_of_steps(rng):
    potentials, field, mask, labels = crf.problem(rng)
    weight = np.zeros(labels.shape, "float32")
    weight[0, 2] = 3
    right = np.where(mask, labels, -1)
    right[0, 2] = crf.best(potentials[0], *field, mask[0])[2]
    metric = CRFAccuracy()
    metric.update_state(right[..., None], packed(potentials, field, mask), weight)
    assert float(metric.result()) == 1.0
