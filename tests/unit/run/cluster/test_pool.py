"""How a pipeline of Ray Data ends in the middle; `test_label_on_ray` runs whole ones."""

import copy
import pickle

import pytest

from leavs.run.cluster.pool import Ended, Ending


def test_a_pipeline_goes_on_until_it_is_told_to_end() -> None:
    ending = Ending()
    ending.on_execution_step(None)
    ending.tell()
    with pytest.raises(Ended):
        ending.on_execution_step(None)


def test_rays_copies_of_its_settings_end_with_it_and_those_in_other_processes_do_not() -> None:
    ending = Ending()
    [made] = [each() for each in copy.deepcopy([ending])]  # as Ray's planner makes its callbacks
    ending.tell()
    with pytest.raises(Ended):
        made.on_execution_step(None)
    pickle.loads(pickle.dumps(ending)).on_execution_step(None)  # noqa: S301 - our own


def test_ray_takes_it_for_a_callback() -> None:
    execution_callback = pytest.importorskip("ray.data._internal.execution.execution_callback")
    expected = {name for name in vars(execution_callback.ExecutionCallback) if name[0] != "_"}
    assert expected <= set(dir(Ending))
