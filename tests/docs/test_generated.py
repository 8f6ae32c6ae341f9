"""What is made from the code is what the code makes now, and says what it should."""

import runpy
from pathlib import Path

import pytest

import chatmimic
from chatmimic.keywords import PretrainKeywords, TrainKeywords
from chatmimic.settings import settings_of
from chatmimic.training.pretrain_settings import PretrainSettings
from chatmimic.training.settings import TrainSettings

ROOT = Path(__file__).parent.parent.parent
MADE = runpy.run_path(str(ROOT / "docs" / "generate.py"))["made"]()


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_made_is_current(name):
    found = (ROOT / name).read_text("utf-8")
    assert found == MADE[name], "run: python docs/generate.py"


@pytest.mark.parametrize("name", chatmimic.__all__)
def test_every_public_name_is_there_and_on_the_page(name):
    value = getattr(chatmimic, name)
    if callable(value):
        assert f"## `{name}`" in MADE["docs/python-api.md"]


@pytest.mark.parametrize(
    ("keywords", "settings"), [(TrainKeywords, TrainSettings), (PretrainKeywords, PretrainSettings)]
)
def test_every_setting_is_a_keyword(keywords, settings):
    names = {one.name for one in settings_of(settings)} - {"persona"}
    assert set(keywords.__annotations__) == names
