"""The second route for particles: insertions in a random order, on the same frames."""

from __future__ import annotations

from dataclasses import replace

from ..base.deadline import Deadline
from ..base.errors import Stopped
from ..data.particles import Particles
from ..estimation.execution import Execution, Task
from ..estimation.history import TrainingStatus
from ..insertion.estimate import InsertionEstimate, Insertions, insertions_of
from ..insertion.places import insertable

__all__ = ["inserted"]


def inserted(
    particles: Particles,
    config: Insertions,
    execution: Execution,
    *,
    deadline: Deadline,
    task: Task,
) -> InsertionEstimate | None:
    """Estimate the excess entropy by insertion.

    Args:
        particles: Frames, each once, with the types and diameters that are part of the state.
        config: Settings.
        execution: Seed, device, threads and folds.
        deadline: End of the work.
        task: Hooks of this work.

    Returns:
        The estimate; None for boxes that do not do, or if it was stopped or diverged.
    """
    seconds = deadline.seconds_for_training(1.0, [1.0])
    if not insertable(particles) or deadline.is_over():
        return None
    if seconds is not None:
        config = replace(config, training=replace(config.training, seconds=seconds))
    try:
        estimate = insertions_of(particles, config, execution, task=task)
    except Stopped:
        return None
    return None if estimate.status == TrainingStatus.DIVERGED else estimate
