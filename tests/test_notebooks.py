"""The notebooks run in a real kernel and print what they show."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.documents import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def outputs(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the text of each code cell's outputs."""
    return [
        # A kernel may print one text in several parts.
        "".join(output.get("text") or output.data.get("text/plain", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def without_noise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook without times and without warnings of the kernel's packages."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    return notebook


# The kernel's packages warn about one another.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_it_shows(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, golden: bool
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HF_HOME", str(tmp_path / ".hf"))
    monkeypatch.setenv("CYCLEKIT_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ".runtime"))
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    notebook = nbformat.read(path, as_version=4)
    shown = outputs(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources)
    ran = without_noise(client.execute())
    if golden:
        nbformat.write(ran, path)
        return
    assert outputs(ran) == shown
    assert not any("/tmp/" in text or str(ROOT) in text for text in shown)
