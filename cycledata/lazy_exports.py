"""Package attributes that are imported on first use (PEP 562)."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazy_exports(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a package that imports its names on first use.

    Args:
        package: Name of the package.
        modules: Full module name to the names it defines. `"run as run_sft"` exports `run` under
            the name `run_sft`.

    Returns:
        The two functions, to be assigned at module level.
    """
    sources = {}
    for module, names in modules.items():
        for name in names:
            defined, _, exported = name.partition(" as ")
            sources[exported or defined] = (module, defined)

    def get_attribute(name: str) -> object:
        if name not in sources:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, defined = sources[name]
        return getattr(import_module(module), defined)

    def list_names() -> list[str]:
        return sorted([*sources, "__version__"])

    return get_attribute, list_names
