"""The command line: ``python -m rsnotes``."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Union

import tyro

from rsnotes import catalogue
from rsnotes.datasets import command as data
from rsnotes.drd import command as drd
from rsnotes.hi_resnet import command as hi_resnet
from rsnotes.maflnet import command as maflnet
from rsnotes.mkd_ssl import command as mkd_ssl
from rsnotes.prune_quantize import command as prune_quantize

COMMANDS: dict[str, dict[str, Callable[..., int]]] = {
    "data": {"check": data.check, "samples": data.samples},
    "drd": {"train": drd.train, "evaluate": drd.evaluate},
    "maflnet": {"train": maflnet.train, "evaluate": maflnet.evaluate},
    "prune_quantize": {"train": prune_quantize.train, "evaluate": prune_quantize.evaluate},
    "hi_resnet": {"pretrain": hi_resnet.pretrain, "train": hi_resnet.train, "evaluate": hi_resnet.evaluate},
    "mkd_ssl": {"train": mkd_ssl.train, "evaluate": mkd_ssl.evaluate},
    "experiments": {"run": catalogue.run, "show": catalogue.show},
}
"""Every command by its two words; the arguments and the help are those of the function, which returns the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named by ``arguments`` (those of the process by default) and return its exit code."""
    groups = {name: _group(commands) for name, commands in COMMANDS.items()}
    return tyro.cli(_one_of(groups), prog="python -m rsnotes", args=arguments)


def _group(commands: Mapping[str, Callable[..., int]]) -> Callable[..., int]:
    """A command that runs one of ``commands``."""

    def run(command: Any) -> int:
        return command

    run.__annotations__["command"] = tyro.conf.OmitSubcommandPrefixes[_one_of(commands)]  # type: ignore[misc]
    run.__doc__ = ", ".join(commands)
    return run


def _one_of(commands: Mapping[str, Callable[..., int]]) -> Any:
    """Type that tyro reads as "one of these commands"; it needs two, so a hidden one is added."""
    choices = [Annotated[Any, tyro.conf.subcommand(name, constructor=run)] for name, run in commands.items()]
    return Union[*choices, Annotated[None, tyro.conf.Suppress]]


if __name__ == "__main__":
    sys.exit(main())
