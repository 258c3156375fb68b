"""Finding a view again among many, by hand and in the limits."""

import torch

from rsnotes.hi_resnet.trials import found_again


def test_a_view_is_found_where_its_own_key_is_the_nearest() -> None:
    keys = torch.eye(3)
    queries = torch.tensor([[1.0, 0, 0], [0, 0.6, 0.8], [0, 0, 1.0]])  # the second is nearer to the third's key
    assert found_again(queries, keys) == torch.tensor(2 / 3)
    assert found_again(keys, keys.roll(1, 0)) == 0
    assert found_again(keys, -keys) == 0  # as unlike as can be
    assert found_again(queries.roll(1, 0), keys.roll(1, 0)) == torch.tensor(2 / 3)
