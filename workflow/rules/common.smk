# The plan made from the parameters, and what all jobs share.
import atexit
import os
import sys
from pathlib import Path

from triptych import plan as planning
from triptych.closure import closure, remember
from triptych.sources import Sources

# Jobs inherit both: they call the `triptych` of the environment that runs Snakemake, activated or not.
for _name, _first in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", SOURCES)):
    _rest = [part for part in os.environ.get(_name, "").split(os.pathsep) if part]
    if str(_first) not in _rest[:1]:
        os.environ[_name] = os.pathsep.join([str(_first), *_rest])

try:
    PLAN = planning.load(config)
except UserError as error:
    raise WorkflowError(str(error)) from None
# A job of a cluster reads the rules, too, twice; what it needs was written before it was submitted.
MAIN = workflow.is_main_process
if MAIN:
    planning.write_conf(PLAN)

# A rule's source files as one input: code("collect", "triptych.collect").
code = Sources(write=MAIN).file
atexit.register(remember)  # for a quicker start after a dry run


# Wildcards only match what the parameters name, so that a mistyped target is an error, not a file.
wildcard_constraints:
    panel="|".join(planning.PANELS),
    model="|".join(PLAN.models()),
    dataset="|".join(PLAN.datasets),
    seeds=r"\d+([.-]\d+)*",
    seed=r"\d+",
