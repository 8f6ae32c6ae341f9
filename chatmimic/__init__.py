"""chatmimic: chat exports in, a model that talks in that person's manner out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatmimic.machine import let_threads_sleep

if TYPE_CHECKING:
    from chatmimic.api import (
        Imported,
        Talk,
        continue_conversation,
        evaluate,
        import_exports,
        open_archive,
        pretrain,
        talk,
        train,
    )
    from chatmimic.archive import Archive
    from chatmimic.errors import (
        ArchiveError,
        BaseError,
        ChatmimicError,
        EvaluationError,
        ExportError,
        MimicError,
        SettingsError,
        TrainingError,
    )
    from chatmimic.evaluation.records import Evaluation
    from chatmimic.generation import Decoding
    from chatmimic.home import Home
    from chatmimic.importers import ImportOptions, ImportReport
    from chatmimic.mimic import Mimic
    from chatmimic.privacy import PrivacyOptions
    from chatmimic.records import Conversation, Message, Person
    from chatmimic.training.base_run import Callbacks
    from chatmimic.training.objective.metrics import Metrics
    from chatmimic.training.pretrain_run import Pretrained
    from chatmimic.training.pretrain_settings import PretrainSettings
    from chatmimic.training.run import Trained
    from chatmimic.training.settings import TrainSettings

__version__ = "0.1.0"

let_threads_sleep()  # before anything loads torch

_PLACES = {
    "Archive": "archive",
    "ArchiveError": "errors",
    "BaseError": "errors",
    "Callbacks": "training.base_run",
    "ChatmimicError": "errors",
    "Conversation": "records",
    "Decoding": "generation",
    "Evaluation": "evaluation.records",
    "EvaluationError": "errors",
    "ExportError": "errors",
    "Home": "home",
    "ImportOptions": "importers",
    "ImportReport": "importers",
    "Imported": "api",
    "Message": "records",
    "Metrics": "training.objective.metrics",
    "Mimic": "mimic",
    "MimicError": "errors",
    "Person": "records",
    "PretrainSettings": "training.pretrain_settings",
    "Pretrained": "training.pretrain_run",
    "PrivacyOptions": "privacy",
    "SettingsError": "errors",
    "Talk": "api",
    "TrainSettings": "training.settings",
    "Trained": "training.run",
    "TrainingError": "errors",
    "continue_conversation": "api",
    "evaluate": "api",
    "import_exports": "api",
    "open_archive": "api",
    "pretrain": "api",
    "talk": "api",
    "train": "api",
}

__all__ = [
    "Archive",
    "ArchiveError",
    "BaseError",
    "Callbacks",
    "ChatmimicError",
    "Conversation",
    "Decoding",
    "Evaluation",
    "EvaluationError",
    "ExportError",
    "Home",
    "ImportOptions",
    "ImportReport",
    "Imported",
    "Message",
    "Metrics",
    "Mimic",
    "MimicError",
    "Person",
    "PretrainSettings",
    "Pretrained",
    "PrivacyOptions",
    "SettingsError",
    "Talk",
    "TrainSettings",
    "Trained",
    "TrainingError",
    "__version__",
    "continue_conversation",
    "evaluate",
    "import_exports",
    "open_archive",
    "pretrain",
    "talk",
    "train",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `chatmimic --help` loads none."""
    if name not in _PLACES:
        raise AttributeError(f"module 'chatmimic' has no attribute {name!r}")
    return getattr(importlib.import_module(f"chatmimic.{_PLACES[name]}"), name)
