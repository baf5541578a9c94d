"""The typed catalogue of data sets: where each comes from, who made it, how it is read and split.

Imported when the workflow is parsed, so it needs neither NumPy nor torch.
"""

from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError
from pydantic import model_validator as validate

from triptych import plain_yaml
from triptych.errors import UserError, nearest

Kind = Literal["images", "table", "graph", "graphs", "molecules", "pictures", "labels", "shifted"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Size = Annotated[int, Field(gt=0)]

_address = TypeAdapter(HttpUrl)


def _check_address(text: str) -> str:
    _address.validate_python(text)
    return text


def _check_member(text: str) -> str:
    parts = PurePosixPath(text).parts
    if text.startswith("/") or ".." in parts or "\\" in text or str(PurePosixPath(text)) != text:
        raise ValueError("a member is a plain relative path without '..'")
    return text


Address = Annotated[str, After(_check_address)]
Member = Annotated[str, After(_check_member)]


class Strict(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Shares(Strict):
    train: Share
    validation: Share
    test: Share

    @validate(mode="after")
    def _sum(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test must add up to 1")
        return self


class HoldOut(_Shares):
    """Repeated hold-out: every seed draws new, stratified train, validation and test parts."""

    rule: Literal["hold_out"]


class FewLabels(Strict):
    """A few stratified labels for training and validation; all the others are the test."""

    rule: Literal["few_labels"]
    train: Size | None = None
    validation: Size | None = None
    train_per_class: Size | None = None
    validation_per_class: Size | None = None

    @validate(mode="after")
    def _one_form(self) -> Self:
        given = [
            None not in (self.train, self.validation),
            None not in (self.train_per_class, self.validation_per_class),
        ]
        if sum(given) != 1 or len(self.model_fields_set) != 3:
            raise ValueError(
                "give either train and validation (in all), "
                "or train_per_class and validation_per_class"
            )
        return self


class Standard(Strict):
    """The split that the data set defines.

    A set without a validation part of its own has the share ``validation`` of its training part
    carved out by seed.
    """

    rule: Literal["standard"]
    validation: Share


class Folds(Strict):
    """Cross-validation: every seed tests on one fold and validates on the next one."""

    rule: Literal["folds"]
    folds: Annotated[int, Field(ge=3)]


class Scaffold(_Shares):
    """Molecules only: hold-out of whole scaffolds, so that none is in two parts."""

    rule: Literal["scaffold"]


SplitRule = Annotated[
    HoldOut | FewLabels | Standard | Folds | Scaffold, Field(discriminator="rule")
]


class Archive(Strict):
    """A zip or tar.gz that holds the raw files as members."""

    url: Address
    sha256: Sha256 | None = None
    bytes: Size | None = None
    at_most: Size | None = None

    @property
    def limit(self) -> int:
        """The largest download accepted, in bytes."""
        return self.bytes or self.at_most or 0

    @validate(mode="after")
    def _bounded(self) -> Self:
        if (self.bytes is None) == (self.at_most is None):
            raise ValueError("give bytes (the exact size) or at_most (a bound), one of them")
        return self


class File(Strict):
    """One raw file as it is kept: either at an address, or a member of the set's archive."""

    name: FileName
    url: Address | None = None
    member: Member | None = None
    sha256: Sha256 | None = None
    md5: Md5 | None = None
    bytes: Size

    @validate(mode="after")
    def _one_origin(self) -> Self:
        if (self.url is None) == (self.member is None):
            raise ValueError("give url, or the member of the archive, one of them")
        return self


class DataSet(Strict):
    """One entry of the catalogue; the fields are described at the top of ``catalogue.yaml``."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    kind: Kind
    licence: str
    homepage: Address
    citation: str
    reader: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z][a-z0-9_]*$")]
    arguments: dict[str, Any] = {}
    split: SplitRule | None
    archive: Archive | None = None
    files: tuple[File, ...] = ()
    embedded: bool = False

    @validate(mode="after")
    def _consistent(self) -> Self:
        if self.embedded == bool(self.files):
            raise ValueError("a set is either embedded or has files")
        if len({file.name for file in self.files}) != len(self.files):
            raise ValueError("two files have one name")
        if any(file.member for file in self.files) != (self.archive is not None):
            raise ValueError("an archive and files that name their member belong together")
        known = self.archive is not None and self.archive.sha256 is not None
        if not all(file.sha256 or (known and file.member) for file in self.files):
            raise ValueError("a file needs a sha256, or an archive that has one")
        return self

    def address(self, file: File) -> str:
        """The canonical address of a raw file; ``archive#member`` for a member."""
        if file.url is not None:
            return file.url
        assert self.archive is not None
        return f"{self.archive.url}#{file.member}"


def parse(text: str, source: str = "catalogue") -> dict[str, DataSet]:
    """Read a catalogue from YAML text.

    Raises:
        UserError: It is not plain YAML, a key is unknown or missing, or a value has the wrong form;
            all are named.
    """
    entries = plain_yaml.parse(text, source)
    if not isinstance(entries, dict):
        raise UserError(f"{source}: expected data sets by name, found {type(entries).__name__}")
    sets: dict[str, DataSet] = {}
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            raise UserError(f"{source}: {name}: expected keys and values, found {entry!r}")
        try:
            sets[str(name)] = DataSet.model_validate({"name": name, **entry})
        except ValidationError as error:
            lines = [
                f"  {name}.{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.errors()
            ]
            raise UserError("\n".join([f"{source}: not a valid entry", *lines])) from None
    return sets


@cache
def catalogue() -> dict[str, DataSet]:
    """All data sets by name, in the order of ``catalogue.yaml``."""
    resource = files("triptych.data").joinpath("catalogue.yaml")
    return parse(resource.read_text(encoding="utf-8"), "catalogue.yaml")


def get(name: str) -> DataSet:
    """The data set called ``name``.

    Raises:
        UserError: There is none; the message names the nearest and all that exist.
    """
    sets = catalogue()
    if name not in sets:
        raise UserError(f"data set {name!r} is not in the catalogue; {nearest(name, sets)}")
    return sets[name]
