"""``params.yaml`` as typed values: the whole tree, its checks, its errors, its JSON schema."""

import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from triptych import registry
from triptych.data import catalogue
from triptych.errors import UserError, nearest, shown
from triptych.generative import weights_file
from triptych.generative.params import GenerativeParams
from triptych.graphs.params import GraphParams
from triptych.params import (
    DataParams,
    ModelParams,
    PanelParams,
    ReportParams,
    RuntimeParams,
    Strict,
    TrackingParams,
    model_entry,
)
from triptych.uncertainty.params import UncertaintyParams

DEFAULT_KIND = {"generative": "images", "graphs": "graph", "uncertainty": "images"}
RESERVED = {
    "all", "data", "generative", "graphs", "uncertainty", "claims", "report", "track", "records",
    "identities", "fetch", "prepare", "split", "train", "evaluate", "predict", "shift",
    "shift_uncorrupted", "collect", "extractor", "instruments", "identity_checks",
    "generative_evaluate", "graphs_evaluate", "uncertainty_evaluate",
}  # fmt: skip

LONGEST = 64  # a name is part of paths, whose parts have at most 255 bytes
NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST - 1}}}")


class Params(Strict):
    """The whole of ``params.yaml``."""

    data: DataParams = DataParams()
    runtime: RuntimeParams = RuntimeParams()
    generative: GenerativeParams
    graphs: GraphParams
    uncertainty: UncertaintyParams
    tracking: TrackingParams = TrackingParams()
    report: ReportParams = ReportParams()

    def panel(self, name: str) -> PanelParams:
        """The section of one panel."""
        section: PanelParams = getattr(self, name)
        return section


def resolve(config: Mapping[str, Any]) -> Params:
    """Validate ``config`` and return it with defaults filled and models typed.

    Raises:
        UserError: One line per mistake: full path, what was found, what is allowed, and the nearest
            valid name where a name is wrong.
    """
    try:
        params = Params.model_validate(dict(config))
    except ValidationError as error:
        raise UserError(_message(_explain(error, Params, config))) from None
    problems: list[str] = []
    for panel in registry.PANELS:
        section = params.panel(panel)
        problems += _check_datasets(panel, section)
        problems += _check_only(panel, section)
        for name, value in section.models.items():
            problems += _resolve_model(panel, section, name, value)
    problems += _check_names(params)
    problems += _check_shifts(params)
    problems += weights_file.problems(params.generative.measure.inception_weights)
    if problems:
        raise UserError(_message(problems))
    return params


def _resolve_model(panel: str, section: PanelParams, name: str, value: Any) -> list[str]:
    """Replace the raw entry by its typed one in place; return what is wrong with it."""
    path = f"{panel}.models.{name}"
    if value is not None and not isinstance(value, Mapping):
        return [f"{path}: expected a mapping of parameters, found {shown(value)}"]
    entry = model_entry(value)
    kind = entry.get("model", name)
    known = registry.model_names(panel)
    if kind not in known:
        where = f"{path}.model" if "model" in entry else path
        return [f"{where}: {shown(kind)} is no model of this panel; {nearest(str(kind), known)}"]
    definition = registry.model_class(panel, kind)
    try:
        typed = definition.Params.model_validate({**entry, "model": kind})
    except ValidationError as error:
        return [f"{path}.{line}" for line in _explain(error, definition.Params, entry)]
    section.models[name] = typed
    if not section.runs(name):
        return []
    if foreign := sorted(set(typed.seeds or []) - set(section.seeds)):
        return [f"{path}.seeds: {foreign} are not among {panel}.seeds, which all draw splits"]
    if typed.datasets is None and DEFAULT_KIND[panel] not in definition.data_kinds:
        wanted = _either(definition.data_kinds)
        return [
            f"{path}.datasets: expected names of data sets of kind {wanted}, found none, and those "
            f"of {panel}.datasets are of kind {DEFAULT_KIND[panel]}"
        ]
    return [
        f"{path}.datasets: {line}"
        for line in _unsuitable(typed.datasets or [], definition.data_kinds)
    ]


def _check_datasets(panel: str, section: PanelParams) -> list[str]:
    """The sets of entries that name none of their own."""
    return [
        f"{panel}.datasets: {line}" for line in _unsuitable(section.datasets, [DEFAULT_KIND[panel]])
    ]


def _unsuitable(names: Sequence[str], kinds: Sequence[str]) -> list[str]:
    suitable = sorted(n for n, entry in catalogue.catalogue().items() if entry.kind in kinds)
    return [
        f"{name!r} is no data set of kind {_either(kinds)}; {nearest(name, suitable)}"
        for name in names
        if name not in suitable
    ]


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)


def _check_only(panel: str, section: PanelParams) -> list[str]:
    return [
        f"{panel}.only[{index}]: {name!r} is no entry under {panel}.models; "
        f"{nearest(name, sorted(section.models))}"
        for index, name in enumerate(section.only or [])
        if name not in section.models
    ]


def _check_names(params: Params) -> list[str]:
    """Every entry is also a Snakemake target, so names are unique over the panels."""
    problems: list[str] = []
    owner: dict[str, str] = {}
    for panel in registry.PANELS:
        for name in params.panel(panel).models:
            path = f"{panel}.models.{name}"
            if NAME.fullmatch(name) is None:
                problems.append(
                    f"{panel}.models: expected a name of at most {LONGEST} lower-case letters, "
                    f"digits and _, a letter first, found {shown(name)}"
                )
            if name in RESERVED:
                problems.append(f"{path}: {name!r} is the name of a target; choose another")
            if name in owner:
                problems.append(
                    f"{path}: {owner[name]} has the same name; rename one and say `model:` in it"
                )
            owner[name] = path
    return problems


def _check_shifts(params: Params) -> list[str]:
    from triptych.data import corruptions, shifts

    chosen = params.uncertainty.shift
    named = (
        ("kinds", chosen.kinds, corruptions.names(chosen.constants), "corruption"),
        ("sets", chosen.sets, shifts.names(), "shifted test set"),
        ("published", chosen.published, sorted(corruptions.PUBLISHED), "set with published ones"),
        ("uncorrupted", chosen.uncorrupted, list(catalogue.catalogue()), "data set"),
    )
    return [
        f"uncertainty.shift.{key}[{index}]: {name!r} is no {what}; {nearest(name, allowed)}"
        for key, names, allowed, what in named
        for index, name in enumerate(names)
        if name not in allowed
    ]


def _message(problems: list[str]) -> str:
    count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
    return "\n  ".join([f"{count} in the parameters (params.yaml and any overlay):", *problems])


def _explain(error: ValidationError, root: type[BaseModel], config: Any) -> list[str]:
    """One line per pydantic error, in terms of the parameter file."""
    lines = []
    for item in error.errors():
        path = _path(item["loc"])
        if item["type"] == "extra_forbidden":
            fields = list(_owner(root, item["loc"][:-1]).model_fields)
            lines.append(f"{path}: unknown parameter; {nearest(str(item['loc'][-1]), fields)}")
        elif item["type"] == "missing":
            lines.append(f"{path}: expected a value, found none; see the comments in params.yaml")
        else:
            message = item["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            message = message.replace("input should be", "expected").removesuffix(".")
            lines.append(f"{path}: {message}, found {shown(item['input'])}")
    return lines


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _owner(root: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The definition that a location in the parameters is checked against."""
    for part in location:
        annotation = root.model_fields[str(part)].annotation
        options = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
        root = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return root


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def schema() -> dict[str, Any]:
    """JSON schema of ``params.yaml``, models included, for editors that complete and check."""
    tree = Params.model_json_schema()
    definitions = tree["$defs"]
    for panel, section in (
        ("generative", GenerativeParams),
        ("graphs", GraphParams),
        ("uncertainty", UncertaintyParams),
    ):  # fmt: skip
        entries: dict[str, Any] = {}
        for name in registry.model_names(panel):
            entry = _inline(registry.model_class(panel, name).Params)
            entries[name] = {"anyOf": [entry, {"type": "null"}]}
        names = registry.model_names(panel)
        definitions[section.__name__]["properties"]["models"] |= {
            "properties": entries,
            "additionalProperties": {
                "type": "object",
                "required": ["model"],
                "properties": {"model": {"enum": names}},
            },
        }
    tree["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    tree["title"] = "Triptych parameters"
    return tree


def _inline(definition: type[ModelParams]) -> dict[str, Any]:
    entry = definition.model_json_schema()
    if "$defs" in entry:
        raise TypeError(f"{definition.__name__}: parameters of a model are flat, found nested ones")
    entry.pop("title", None)
    return entry
