"""How diffusion makes an image: coarse to fine, rate and distortion, few steps against many."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from triptych.files import Array
from triptych.report import plots, style
from triptych.report.data import MissingData, ReportData, spread
from triptych.report.figure import Figure

BANDS = {"low": style.PALETTE[0], "middle": style.PALETTE[4], "high": style.PALETTE[1]}
SAMPLERS = {"ancestral": "-", "ddim": "--"}
ROWS = 4  # images of a picture


def prepare_picture(data: ReportData, name: str) -> dict[tuple[str, str], Array]:
    """(model, data set) -> images [rows, columns, H, W, C]."""
    outputs = data.first_outputs("generative")
    found = {key: arrays[name] for key, arrays in outputs.items() if name in arrays}
    if not found:
        raise MissingData(f"no diffusion model has left pictures of its steps ({name})")
    return found


def draw_emergence(data: ReportData, canvas: Canvas) -> None:
    """Each row is one image: x̂_0 at falling t, the sample at the right."""
    _rows(
        prepare_picture(data, "progressive"), canvas, "noise at the left, the sample at the right"
    )


def draw_guesses(data: ReportData, canvas: Canvas) -> None:
    """Each row is one test image at the left, then x̂_0 of it from rising t."""
    _rows(prepare_picture(data, "guesses"), canvas, "test image at the left, t rising")


def prepare_step_samples(data: ReportData) -> dict[tuple[str, str], dict[int, Array]]:
    """(model, data set) -> steps -> images [n, H, W, C], by rising steps."""
    found = {}
    for key, arrays in data.first_outputs("generative").items():
        own = {
            int(name.removeprefix("few_steps/")): images
            for name, images in arrays.items()
            if name.startswith("few_steps/")
        }
        if own:
            found[key] = dict(sorted(own.items()))
    if not found:
        raise MissingData("no diffusion model has left pictures of few-step samples")
    return found


def draw_step_samples(data: ReportData, canvas: Canvas) -> None:
    """A row of samples for each number of steps."""
    found = prepare_step_samples(data)
    several = len({dataset for _, dataset in found}) > 1
    shape = [(len(own), len(next(iter(own.values())))) for own in found.values()]
    axes = plots.picture_axes(canvas, len(found), most=2, aspect=shape[0][0] / shape[0][1])
    for ax, ((model, dataset), own), (rows, columns) in zip(
        axes, found.items(), shape, strict=True
    ):
        images = np.concatenate(list(own.values()))
        picture = plots.montage(images, columns, float(max(images.max(), 1)))
        plots.show_picture(ax, picture, f"{model}, {dataset}" if several else model)
        for row, steps in enumerate(own):
            place = 1 - (row + 0.5) / rows
            ax.text(1.02, place, str(steps), transform=ax.transAxes, va="center", fontsize=9)


def _rows(found: dict[tuple[str, str], Array], canvas: Canvas, words: str) -> None:
    found = {key: images[:ROWS] for key, images in found.items()}
    rows, columns = next(iter(found.values())).shape[:2]
    canvas.set_size_inches(style.WIDTH, len(found) * (style.WIDTH * rows / columns + 0.5) + 0.3)
    axes = canvas.subplots(len(found), 1, squeeze=False)[:, 0]
    several = len({dataset for _, dataset in found}) > 1
    for ax, ((model, dataset), images) in zip(axes, found.items(), strict=True):
        picture = plots.montage(images.reshape(-1, *images.shape[2:]), columns, float(images.max()))
        name = f"{model}, {dataset}" if several else model
        plots.show_picture(ax, picture, f"{name}: {words}")


def prepare_curves(data: ReportData, metric: str) -> pd.DataFrame:
    """Columns dataset, model, variant, mean, std, n and t (as a fraction of T)."""
    table = spread(data.select("generative", metric), ["dataset", "model", "variant"])
    return table.assign(t=table["variant"].str.rpartition("t=")[2].astype(float))


def draw_spectra(data: ReportData, canvas: Canvas) -> None:
    """Correlation with the final sample against t / T, one line for each band."""
    table = prepare_curves(data, "frequency_curve")
    groups = list(table.groupby(["dataset", "model"]))
    axes = plots.axes_grid(canvas, len(groups), height=2.9, extra=0.8)
    several = table["dataset"].nunique() > 1
    for ax, ((dataset, model), group) in zip(axes, groups, strict=True):
        for band, colour in BANDS.items():
            line = group[group["variant"].str.startswith(f"{band},")].sort_values("t")
            look = style.Style(colour, "", "-")
            plots.band_line(
                ax, line["t"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), look, f"{band} frequencies",
            )  # fmt: skip
        ax.invert_xaxis()  # the reverse process runs to the right
        ax.set_xlabel("t / T (noise at the left)")
        ax.set_title(plots.heading(f"correlation, {model}", dataset, several))
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)


def draw_rate_distortion(data: ReportData, canvas: Canvas) -> None:
    """Error of x̂_0(x_t) against the bits received so far."""
    keys = ["dataset", "model", "t"]
    rate = prepare_curves(data, "progressive_rate").set_index(keys)["mean"]
    error = prepare_curves(data, "progressive_distortion").set_index(keys)[["mean", "std"]]
    table = error.assign(rate=rate).reset_index().sort_values("rate")
    styles, groups = data.styles("generative"), list(table.groupby("dataset"))
    axes = plots.axes_grid(canvas, len(groups), height=3.0, extra=0.8)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        for model, line in group.groupby("model"):
            plots.band_line(
                ax, line["rate"].to_numpy(float), line["mean"].to_numpy(float),
                line["std"].to_numpy(float), styles[str(model)],
            )  # fmt: skip
        ax.set_ylim(bottom=0)
        ax.set_xlabel("bits per dimension received")
        ax.set_title(plots.heading("error of x̂₀ (grey levels)", dataset, len(groups) > 1))
    shown = [m for m in data.models("generative") if m in set(table["model"])]
    plots.model_legend(canvas, styles, shown)


def prepare_steps(data: ReportData) -> pd.DataFrame:
    """Columns dataset, model, sampler, steps, mean, std, n."""
    tables = []
    for sampler in SAMPLERS:
        try:
            rows = data.select("generative", f"{sampler}_frechet")
        except MissingData:
            continue
        rows = rows[rows["variant"].str.startswith("steps=")]
        rows = rows.assign(steps=rows["variant"].str.removeprefix("steps=").astype(int))
        tables.append(spread(rows, ["dataset", "model", "steps"]).assign(sampler=sampler))
    if not tables:
        raise MissingData("no diffusion model was sampled in few steps")
    return pd.concat(tables, ignore_index=True)


def draw_steps(data: ReportData, canvas: Canvas) -> None:
    """Fréchet distance against network evaluations, both axes logarithmic."""
    table = prepare_steps(data)
    styles, groups = data.styles("generative"), list(table.groupby("dataset"))
    axes = plots.axes_grid(canvas, len(groups), height=3.0, extra=0.85)
    for ax, (dataset, group) in zip(axes, groups, strict=True):
        for (model, sampler), line in group.groupby(["model", "sampler"]):
            own = styles[str(model)]
            look = style.Style(own.colour, own.marker, SAMPLERS[str(sampler)])
            mean, std = (line[name].to_numpy(float) for name in ("mean", "std"))
            plots.band_line(
                ax, line["steps"].to_numpy(float), mean, np.minimum(std, 0.9 * mean), look
            )
        plots.log_ticks(ax, "x", sorted(set(group["steps"])))
        ax.set_yscale("log")
        ax.set_xlabel("network evaluations per image (logarithmic)")
        ax.set_title(plots.heading("Fréchet distance (logarithmic)", dataset, len(groups) > 1))
    shown = [m for m in data.models("generative") if m in set(table["model"])]
    dashed = plots.reference_line()
    dashed.set_linestyle("--")
    plots.model_legend(canvas, styles, shown, ddim=dashed)


FIGURES = [
    Figure(
        name="generative_emergence",
        panel="generative",
        title="An image emerges from noise",
        reading="What the network takes the final image to be, at falling t: place and rough shape "
        "first, then strokes, then shades.",
        draw=draw_emergence,
        claims=("G24",),
        order=80,
    ),
    Figure(
        name="generative_spectra",
        panel="generative",
        title="Large scales are decided first",
        reading="How far the estimate at time t already agrees with the final sample, by spatial "
        "frequency: the higher a line at the left, the earlier that scale is decided.",
        draw=draw_spectra,
        claims=("G24",),
        order=81,
    ),
    Figure(
        name="generative_rate_distortion",
        panel="generative",
        title="The first bits buy most of the picture",
        reading="A receiver who has so many bits of the code can guess the image with this error; "
        "a curve that falls steeply at the left spends its later bits on details. At its end all "
        "bits have come, the image is known, and the error is 0.",
        draw=draw_rate_distortion,
        claims=("G24", "G22"),
        order=82,
    ),
    Figure(
        name="generative_few_steps",
        panel="generative",
        title="One step is not enough",
        reading="Distance of samples from test images when the sampler takes fewer, larger steps. "
        "Solid lines are ancestral sampling, dashed ones DDIM with the model's "
        "η (0: without noise).",
        draw=draw_steps,
        claims=("G23",),
        order=83,
    ),
    Figure(
        name="generative_step_samples",
        panel="generative",
        title="One step, few, all",
        reading="The number at the right of a row is how many times the network was asked for each "
        "of its images.",
        draw=draw_step_samples,
        claims=("G23",),
        order=84,
    ),
    Figure(
        name="generative_guesses",
        panel="generative",
        title="Recovering an image in one step",
        reading="From little noise one step finds the image again, from more the average of all "
        "images that the noise leaves possible; near T the small signal magnifies the network's "
        "error to noise.",
        draw=draw_guesses,
        claims=("G23",),
        order=85,
    ),
]
