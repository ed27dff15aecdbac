from collections import Counter

from lorakit.training.examples import batch_plan


def test_an_epoch_sees_every_photo_and_never_mixes_sizes():
    groups = [[0, 1, 2, 3, 4], [5, 6], [7]]
    plan = batch_plan(groups, 3, seed=1, epoch=0)
    seen = Counter(index for batch in plan for index in batch)
    assert set(seen) == set(range(8))
    assert all(any(set(batch) <= set(group) for group in groups) for batch in plan)


def test_the_plan_depends_on_seed_and_epoch_alone():
    groups = [list(range(20))]
    assert batch_plan(groups, 4, 1, 0) == batch_plan(groups, 4, 1, 0)
    assert batch_plan(groups, 4, 1, 0) != batch_plan(groups, 4, 1, 1)
    assert batch_plan(groups, 4, 1, 0) != batch_plan(groups, 4, 2, 0)
