"""G20: the forward posterior is Gaussian with a known mean and variance."""

from triptych.claims.base import Check, Identity


def check() -> list[Check]:
    """Conditioning the joint Gaussian of (x_{t−1}, x_t) given x_0, against μ̃_t and β̃_t."""
    from triptych.generative.diffusion import linear_schedule
    from triptych.generative.gaussian_diffusion import posterior_error

    checks = []
    for steps in (200, 1000):
        error = posterior_error(linear_schedule(steps))
        checks.append(
            Check(
                f"linear schedule, T = {steps}",
                error,
                1e-10,  # float64 with one subtraction of nearly equal variances near t = 1
                "1",
                "coefficients of μ̃_t and β̃_t against direct Gaussian conditioning",
                3 * (steps - 1),  # two coefficients and a variance at t = 2 … T
            )
        )
    return checks


CLAIMS = [
    Identity(
        id="G20",
        panel="generative",
        deck="A",
        statement="q(x_{t−1} | x_t, x_0) has mean μ̃_t and variance β̃_t.",
        experiment="Against direct Gaussian conditioning, every t from 2 to T.",
        check=check,
    )
]
