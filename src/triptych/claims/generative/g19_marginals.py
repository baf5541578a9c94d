"""G19: many noising steps are one."""

from triptych.claims.base import Check, Identity


def check() -> list[Check]:
    """Moments of the step-by-step chain, as exact recursions, against the closed form, every t."""
    from triptych.generative.diffusion import linear_schedule
    from triptych.generative.gaussian_diffusion import marginal_error

    checks = []
    for steps in (200, 1000):
        error = marginal_error(linear_schedule(steps))
        checks.append(
            Check(
                f"linear schedule, T = {steps}",
                error,
                1e-12,  # float64: T products of relative error 1e-16 each
                "1",
                "mean factor and variance of x_t given x_0, iterated against √ᾱ_t and 1 − ᾱ_t",
                steps,
            )
        )
    return checks


CLAIMS = [
    Identity(
        id="G19",
        panel="generative",
        deck="A",
        statement="q(x_t | x_0) = N(√ᾱ_t x_0, (1 − ᾱ_t) I), in one step.",
        experiment="Moments of the step-by-step chain against the closed form, every t.",
        check=check,
    )
]
