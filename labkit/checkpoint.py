"""Checkpoints: a training run on disk, written so that a crash never leaves half a file."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from labkit.monitor import Monitor

Setting: TypeAlias = Mapping[str, str | int | float | None]


class Checkpoint:
    """A file that holds all that a run needs to go on as if it had never stopped.

    Parameters
    ----------
    path : path
        The file.
    model, optimizer, monitor
        The parts of the run that change.
    setting : mapping
        The parts that must not change between a run and its resumption.

    Raises
    ------
    OSError
        If no file can be written there: better before the training than after.
    """

    def __init__(
        self,
        path: str | Path,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        monitor: Monitor,
        setting: Setting,
    ) -> None:
        self.path = Path(path)
        self.model, self.optimizer, self.monitor = model, optimizer, monitor
        self.setting = dict(setting)
        self.kept: dict[str, Any] | None = None
        require_writable(self.path)

    def keep(self) -> None:
        """Remember the state at the end of an epoch, whatever comes of the next one."""
        self.kept = copy.deepcopy(self._state())

    def save(self) -> None:
        """Write what was kept last to a temporary file, then rename it into place."""
        state = self.kept or self._state()
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _state(self) -> dict[str, Any]:
        return {
            "setting": self.setting,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "monitor": self.monitor.state(),
            "random_state": torch.get_rng_state(),
            "cuda_random_states": torch.cuda.get_rng_state_all(),
        }

    def restore(self) -> None:
        """Take up the state of an earlier run.

        Raises
        ------
        ValueError
            If the file is truncated, or of a run with another model, data or setting.
        """
        state = _load(self.path)
        changed = [
            f"{key} was {state['setting'].get(key)} and is now {value}"
            for key, value in self.setting.items()
            if state["setting"].get(key) != value
        ]
        if changed:
            raise ValueError(
                f"{self.path} was written by another run: {'; '.join(changed)}. "
                "Resume with what it was, or choose another checkpoint."
            )
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise ValueError(
                f"{self.path} holds a model of another architecture. {error} "
                "Build the model that was trained, or choose another checkpoint."
            ) from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.monitor.load_state(state["monitor"])
        torch.set_rng_state(state["random_state"])
        if len(state["cuda_random_states"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda_random_states"])


def require_writable(path: Path) -> None:
    """Raise OSError, with the mend, if no file can be written at `path`."""
    if path.is_dir():
        raise IsADirectoryError(f"checkpoint={str(path)!r} is a folder; give the path of a file.")
    folder = path.parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"checkpoint={str(path)!r}: there is no folder {str(folder)!r}; make it first."
        )
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PermissionError(
            f"checkpoint={str(path)!r}: nothing can be written to the folder {str(folder)!r}; "
            "choose one that is yours."
        ) from error


def _load(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # bytes that mean nothing can make unpickling fail in any way
        raise ValueError(
            f"{path} is not a whole checkpoint: it was cut short, or something else wrote it. "
            "Remove it and start the training again."
        ) from error
    if not isinstance(state, dict) or not {"setting", "model", "monitor"} <= state.keys():
        raise ValueError(f"{path} is no checkpoint of fit_torch; choose another path.")
    return state
