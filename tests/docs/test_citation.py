"""CITATION.cff keeps to the Citation File Format 1.2.0, as far as it uses that (its schema-guide.md has the rules)."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROOT = Path(__file__).parents[2]
Text = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=lambda name: name.replace("_", "-"), populate_by_name=False
    )


class Person(Part):
    family_names: Text
    given_names: Text


class Entity(Part):
    name: Text


class Identifier(Part):
    type: Literal["doi"]
    value: Annotated[str, Field(pattern=r"^10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+$")]


class Reference(Part):
    type: Literal["conference-paper"]
    title: Text
    authors: Annotated[list[Person | Entity], Field(min_length=1)]
    collection_title: Text
    year: int
    url: Annotated[str, Field(pattern=r"^(https|http|ftp|sftp)://.+")]
    identifiers: Annotated[list[Identifier], Field(min_length=1)]


class Citation(Part):
    cff_version: Literal["1.2.0"]
    message: Text
    type: Literal["software", "dataset"]
    title: Text
    abstract: Text
    version: str
    license: Literal["MIT"]
    authors: Annotated[list[Person | Entity], Field(min_length=1)]
    keywords: Annotated[list[Text], Field(min_length=1)]
    references: Annotated[list[Reference], Field(min_length=1)]
    date_released: date | None = None


def read():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_citation_is_of_its_format_and_names_the_paper():
    found = Citation.model_validate(read())
    (paper,) = found.references
    assert (paper.title, paper.year) == ("Rethinking the Value of Network Pruning", 2019)
    assert [author.family_names for author in paper.authors] == ["Liu", "Sun", "Zhou", "Huang", "Darrell"]


@pytest.mark.parametrize("field", ["message", "authors", "cff-version"])
def test_a_citation_without_a_field_that_it_needs_is_refused(field):
    with pytest.raises(ValidationError, match=field):
        Citation.model_validate({name: value for name, value in read().items() if name != field})


def test_licence_and_version_are_those_of_the_other_files():
    found = Citation.model_validate(read())
    assert (ROOT / "LICENSE").read_text().startswith(f"{found.license} License")
    assert f"Copyright (c) 2026 {found.authors[0].name}" in (ROOT / "LICENSE").read_text()
    assert found.version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert found.version in (ROOT / "CHANGELOG.md").read_text()
