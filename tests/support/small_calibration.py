"""A calibration written by hand, of two finding types."""

from leavs.tables.calibration import Calibration, Curve, Fit, Group, Method, Point, Rest

FIT = Fit(0.1, 0.05)
POINTS = (Point(0.0, 0.02, 0.0, 0.1), Point(0.4, 0.02, 0.0, 0.2), Point(0.9, 0.82, 0.7, 0.9))
CURVE = Curve(Method.ISOTONIC, POINTS, 20, 180, 40, FIT, FIT, "focal")
NONE = Curve(Method.NONE, (), 20, 180, 1, Fit(0.1, None), Fit(0.1, None), "absent", "too few")
IDENTITY = {
    "model": "one",
    "pack_sha256": "abc",
    "certainty": "all",
    "finding_types": ["absent", "focal"],
    "organs": ["liver"],
    "seed": 0,
}


def rest(threshold: float, cells: int, bound: float, read: float) -> Rest:
    right = round(cells * min(1.0, bound + 0.01))
    return Rest(threshold, cells, right, cells / 5, read, bound, min(1.0, bound + 0.02), bound)


CALIBRATION = Calibration(
    IDENTITY,
    20,
    3,
    ("liver",),
    {"focal": CURVE, "absent": NONE},
    {Group.FINDINGS: (rest(0.99, 900, 0.97, 0.1),), Group.NO_FINDINGS: ()},
)
