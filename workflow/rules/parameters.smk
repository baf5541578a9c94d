# What must be known of the parameter files before Snakemake reads them: it would expand aliases
# without bound, keep the second of two equal keys, and run a template.
import sys
from pathlib import Path

# The package beside this workflow, here and in jobs, whatever copy is installed: an experiment in a
# folder of its own (`dvc exp run --temp`, a git worktree) runs its own code.
SOURCES = Path(workflow.basedir, "src")
sys.path.insert(0, str(SOURCES))

from triptych import checked
from triptych.errors import UserError

try:
    for _file in ["params.yaml", *workflow.overwrite_configfiles]:
        checked.check(_file)
except UserError as error:
    raise WorkflowError(str(error)) from None
