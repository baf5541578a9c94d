"""The quantiles that the regression methods predict; kept apart from what needs torch."""

# Both ends of the central intervals of 50, 80, 90 and 95 %, and the median.
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
