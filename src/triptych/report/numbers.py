"""How numbers are written: as many digits as they are worth."""

import math

MISSING = "–"


def significant(value: float | None, digits: int = 3) -> str:
    """``digits`` significant digits, powers of ten for the very large and small.

    Example:
        >>> significant(0.012345), significant(1234.5), significant(2e-9)
        ('0.0123', '1234', '2·10⁻⁹')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4 or exponent > 6:
        return _scientific(value, exponent)
    text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    return text.replace("-", "−")


def _scientific(value: float, exponent: int) -> str:
    mantissa = f"{value / 10.0**exponent:.2g}".replace("-", "−")
    return f"{mantissa}·10{_raised(exponent)}"


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def plus_minus(mean: float | None, spread: float | None, n: int) -> str:
    """Mean ± standard deviation, both to the spread's second digit; one seed has no spread.

    Example:
        >>> plus_minus(0.95678, 0.0123, 5), plus_minus(0.95678, 0.0, 1)
        ('0.957 ± 0.012', '0.957')
    """
    if mean is None or math.isnan(mean):
        return MISSING
    if n < 2 or spread is None or not spread > 1e-12 * abs(mean):  # below that it is rounding
        return f"{mean:.0f}" if mean == int(mean) else significant(mean)
    exponent = math.floor(math.log10(spread))
    if spread < 1e-6 * abs(mean):  # that many digits would tell nothing
        return f"{significant(mean)} ± {significant(spread)}"
    if (exponent < -4 and abs(mean) < 0.01) or abs(mean) >= 1e6:
        power = math.floor(math.log10(max(abs(mean), spread)))
        if power:
            scaled = _to_second_digit(mean / 10.0**power, spread / 10.0**power, exponent - power)
            return f"({scaled})·10{_raised(power)}"
    return _to_second_digit(mean, spread, exponent)


def _to_second_digit(mean: float, spread: float, exponent: int) -> str:
    decimals = max(0, 1 - exponent)
    return f"{mean:.{decimals}f} ± {spread:.{decimals}f}".replace("-", "−")


def interval(effect: float | None, low: float | None, high: float | None) -> str:
    """An effect with its interval in brackets.

    Example:
        >>> interval(0.25, 0.2, 0.3)
        '0.250 [0.200, 0.300]'
    """
    if effect is None or math.isnan(effect):
        return MISSING
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return significant(effect)
    return f"{significant(effect)} [{significant(low)}, {significant(high)}]"


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    Example:
        >>> duration(0.0123), duration(75), duration(4000)
        ('0.012 s', '1 min 15 s', '1 h 7 min')
    """
    if seconds < 60:
        return f"{significant(seconds, 2 if seconds < 10 else 3)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number and its noun.

    Example:
        >>> count(1, "seed"), count(3, "seed")
        ('1 seed', '3 seeds')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
