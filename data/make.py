"""Make every CSV file in this folder again, byte for byte: `.venv/bin/python data/make.py`.

Some files are real data, copied from the packages that ship them; the others are drawn here from
a fixed seed. README.md says where each comes from, what its columns mean and under which licence.
"""

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

Table = tuple[Sequence[str], Iterable[Sequence[str]]]  # header, rows of cells
Floats = NDArray[np.float64]


def breast_cancer() -> Table:
    """Return Wisconsin Diagnostic Breast Cancer as scikit-learn ships it, the diagnosis as text."""
    bunch = load_breast_cancer()
    header = [*(str(name).replace(" ", "_") for name in bunch.feature_names), "diagnosis"]
    rows = (
        [*map(shortest, values), str(bunch.target_names[label])]
        for values, label in zip(bunch.data, bunch.target, strict=True)
    )
    return header, rows


def penguins() -> Table:
    """Return the Palmer penguins whose sex is known: a target must not be missing."""
    header, rows = palmer_penguins()
    sex = header.index("sex")
    return header, [row for row in rows if row[sex] != "NA"]


def penguins_unsexed() -> Table:
    """Return the other Palmer penguins, without the column that is to be predicted."""
    header, rows = palmer_penguins()
    sex = header.index("sex")

    def without_sex(cells: Sequence[str]) -> list[str]:
        return [*cells[:sex], *cells[sex + 1 :]]

    return without_sex(header), [without_sex(row) for row in rows if row[sex] == "NA"]


def palmer_penguins() -> tuple[list[str], list[list[str]]]:
    """Read the file inside the palmerpenguins package without importing it (it needs pandas)."""
    file = distribution("palmerpenguins").locate_file("palmerpenguins/data/penguins.csv")
    header, *rows = csv.reader(Path(str(file)).read_text(encoding="utf-8").splitlines())
    return header, rows


def digits() -> Table:
    """Return scikit-learn's pictures of digits: 64 pixels from 0 to 16, and the digit."""
    bunch = load_digits()
    rows = (
        [*(f"{value:.0f}" for value in pixels), str(label)]
        for pixels, label in zip(bunch.data, bunch.target, strict=True)
    )
    return [*bunch.feature_names, "digit"], rows


def xor() -> Table:
    """Return exclusive or, which no network without a hidden layer can learn."""
    return ["x1", "x2", "y"], [[str(a), str(b), str(a ^ b)] for a in (0, 1) for b in (0, 1)]


def moons(rows: int = 500, noise: float = 0.2, seed: int = 0) -> Table:
    """Draw two interleaved half circles of radius 1, shaken by normal noise.

    Moon 0 is (cos t, sin t), moon 1 is (1 - cos t, 1/2 - sin t), with t uniform on [0, pi].
    """
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 2
    t = rng.uniform(0, np.pi, rows)
    x1 = np.where(y == 0, np.cos(t), 1 - np.cos(t)) + rng.normal(0, noise, rows)
    x2 = np.where(y == 0, np.sin(t), 0.5 - np.sin(t)) + rng.normal(0, noise, rows)
    return ["x1", "x2", "y"], [
        [f"{a:.4f}", f"{b:.4f}", str(label)] for a, b, label in zip(x1, x2, y, strict=True)
    ]


def weather(winters: int = 4, mornings: int = 150, seed: int = 0) -> Table:
    """Draw invented winter mornings: six readings, and whether rain, fog and frost followed.

    Each target depends on the readings in its own way: rain on a weighted sum, fog on two
    conditions at once, frost on a temperature below a limit that a clear sky raises. README.md has
    the rule in full. A volunteer (trust 0.5) gets 8 % of the answers wrong, the staff none.
    """
    rng = np.random.default_rng(seed)
    count = winters * mornings
    winter = np.repeat(np.arange(2021, 2021 + winters), mornings)
    day = np.tile(np.arange(mornings), winters)
    temperature = 3 - 3 * np.sin(np.pi * day / mornings) + rng.normal(0, 4, count)
    humidity = np.clip(rng.normal(82, 11, count), 30, 100)
    pressure = rng.normal(1014, 9, count)
    change = rng.normal(0, 1.6, count)
    wind = rng.gamma(2.0, 6.0, count)
    cloud = np.clip(rng.normal(60, 38, count), 0, 100)

    rain = (cloud - 75) / 10 + (humidity - 82) / 5 - (pressure - 1014) / 6 - 2 * change - 3
    fog = 4 * np.minimum((humidity - 86) / 4, (11 - wind) / 4)
    frost = 3 * (0.5 + (50 - cloud) / 40 - temperature)
    occurred = rng.random((3, count)) < [logistic(rain), logistic(fog), logistic(frost)]

    trust = np.where(rng.random(count) < 0.25, 0.5, 1.0)
    wrong = (rng.random((3, count)) < 0.08) & (trust == 0.5)
    targets = (occurred ^ wrong).astype(int)
    cloud_unknown = rng.random(count) < 0.03

    columns = {
        "winter": [str(value) for value in winter],
        "temperature_c": decimals(temperature, 1),
        "humidity_pct": decimals(humidity, 0),
        "pressure_hpa": decimals(pressure, 1),
        "pressure_change_hpa": decimals(change, 1),
        "wind_kmh": decimals(wind, 1),
        "cloud_pct": np.where(cloud_unknown, "NA", decimals(cloud, 0)).tolist(),
        "trust": decimals(trust, 1),
        "rain": [str(value) for value in targets[0]],
        "fog": [str(value) for value in targets[1]],
        "frost": [str(value) for value in targets[2]],
    }
    return list(columns), list(zip(*columns.values(), strict=True))


def logistic(h: Floats) -> Floats:
    """Return 1 / (1 + exp(-h)) by way of tanh, which cannot overflow."""
    probability: Floats = 0.5 * (1 + np.tanh(h / 2))
    return probability


def shortest(value: float) -> str:
    """Return the shortest decimal number that reads back as the same float64."""
    return np.format_float_positional(value, trim="-")


def decimals(values: Floats, places: int) -> list[str]:
    """Write each value with that many decimals, never as -0; rounding hides libm's last bit."""
    return [f"{value:z.{places}f}" for value in values]


FILES: dict[str, Callable[[], Table]] = {
    "breast_cancer.csv": breast_cancer,
    "digits.csv.gz": digits,
    "moons.csv": moons,
    "penguins.csv": penguins,
    "penguins_unsexed.csv": penguins_unsexed,
    "weather.csv": weather,
    "xor.csv": xor,
}


def main(folder: Path) -> None:
    """Write every file into the folder."""
    for name, table in FILES.items():
        header, rows = table()
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        content = text.getvalue().encode()
        (folder / name).write_bytes(packed(content) if name.endswith(".gz") else content)


def packed(content: bytes) -> bytes:
    """Return the content compressed, with no name or time in it."""
    return gzip.compress(content, mtime=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
