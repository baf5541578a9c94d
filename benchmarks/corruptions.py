#!/usr/bin/env python3
r"""CPU seconds of the 19 corruptions at five severities, beside the library imagecorruptions.

Both make the ImageNet-C constants of 32×32 colour images on one core; seconds are CPU time of the
process, so a busy machine hardly moves them. The last line adds up the kinds that run in both:
10 000 images × kinds × 5 severities. The library wants older packages than this pipeline, so it may
live in an environment of its own, whose interpreter does its half:

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install 'numpy<2' 'scikit-image==0.20.0' 'scipy<1.12' 'setuptools<80' \
        'opencv-python-headless<4.9' imagecorruptions
    python benchmarks/corruptions.py --reference /tmp/reference/bin/python --frost data/raw/frost

    python benchmarks/corruptions.py --n 10000 --reference-n 10000 ...   # all of it: half an hour
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KINDS = (
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur",
    "zoom_blur", "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate",
    "jpeg_compression", "speckle_noise", "gaussian_blur", "spatter", "saturate",
)  # fmt: skip
SEVERITIES = (1, 2, 3, 4, 5)
IMAGES = 10_000


def main() -> None:
    """Print a table."""
    options = parse()
    if options.worker:  # the reference's half, in its own interpreter
        print(json.dumps(reference(options.n, options.kinds)))
        return
    ours = triptych(options.n, options.kinds, options.frost)
    theirs = ask(options)
    print(f"{'':20} {'triptych':>12} {'imagecorruptions':>18} {'ratio':>7}   (µs per image)")
    totals = [0.0, 0.0]
    for kind in options.kinds:
        own, other = ours.get(kind), theirs.get(kind)
        ratio = other / own if isinstance(own, float) and isinstance(other, float) else None
        print(f"{kind:20} {cell(own):>12} {cell(other):>18} {cell(ratio, 1):>7}")
        if ratio is not None and isinstance(own, float) and isinstance(other, float):
            totals = [totals[0] + own, totals[1] + other]
    if totals[1]:
        seconds = [IMAGES * len(SEVERITIES) * total for total in totals]
        print(
            f"{'all that run in both':20} {seconds[0]:10.0f} s {seconds[1]:16.0f} s "
            f"{seconds[1] / seconds[0]:7.1f}   ({IMAGES} images × {len(SEVERITIES)} severities)"
        )


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--n", type=int, default=1000, help="images timed here")
    parser.add_argument(
        "--reference-n", type=int, default=50, help="images the library is timed on"
    )
    parser.add_argument("--reference", default=sys.executable, help="its Python interpreter")
    parser.add_argument("--frost", type=Path, help="folder of the six frost pictures")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def photographs(n: int) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Images [n, 32, 32, 3] with smooth areas and edges, the same for both."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (n, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    noisy = np.clip(coarse + rng.integers(-20, 21, coarse.shape), 0, 255)
    return np.asarray(noisy, dtype=np.uint8)


def triptych(n: int, kinds: Sequence[str], frost: Path | None) -> dict[str, Any]:
    """Seconds per image by kind, mean over severities."""
    from triptych.data import corruptions, pictures

    x, ids = photographs(n), np.arange(n)
    ice = pictures.frost(frost).arrays if frost else None
    found: dict[str, Any] = {}
    for kind in kinds:
        if kind == "frost" and ice is None:
            found[kind] = "no pictures"
            continue

        def call(severity: int, kind: str = kind) -> None:
            corruptions.corrupt(x, kind, severity, ids, "benchmark", 0, "imagenet_c", ice)

        corruptions.corrupt(x[:8], kind, 1, ids[:8], "benchmark", 0, "imagenet_c", ice)  # warm-up
        found[kind] = seconds(call) / n
    return found


def reference(n: int, kinds: Sequence[str]) -> dict[str, Any]:
    """The same for the library, or why a kind does not run in it."""
    try:
        from imagecorruptions import corrupt  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except Exception as error:  # whatever its imports raise on newer packages
        return {kind: type(error).__name__ for kind in kinds}
    x = photographs(n)
    found: dict[str, Any] = {}
    for kind in kinds:

        def call(severity: int, kind: str = kind) -> None:
            for image in x:
                corrupt(image, corruption_name=kind, severity=severity)

        try:
            corrupt(x[0], corruption_name=kind, severity=1)
            found[kind] = seconds(call) / n
        except Exception as error:  # a kind that fails is a finding of the table
            found[kind] = type(error).__name__
    return found


def seconds(call: Callable[[int], None]) -> float:
    """CPU seconds of one severity, mean over the five."""
    start = time.process_time()
    for severity in SEVERITIES:
        call(severity)
    return (time.process_time() - start) / len(SEVERITIES)


def ask(options: argparse.Namespace) -> dict[str, Any]:
    """The library's half, from its own interpreter."""
    command = [
        options.reference, __file__, "--worker", "--n", str(options.reference_n), "--kinds",
        *options.kinds,
    ]  # fmt: skip
    environment = {"OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return dict.fromkeys(options.kinds, "failed")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def cell(value: Any, digits: int = 0) -> str:
    """Microseconds, a ratio, or the reason why there is none."""
    if isinstance(value, float):
        return f"{value:.{digits}f}" if digits else f"{1e6 * value:.0f}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
