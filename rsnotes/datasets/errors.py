"""The one exception of the readers."""

from os import PathLike


class DataError(ValueError):
    """A file or folder of a data set is not as expected.

    The message names the file, says what was found and expected, and what to do about it. It is built by
    :meth:`at`; the constructor takes the finished message, so that the exception survives pickling and comes back
    from the worker processes of a loader as itself.
    """

    @classmethod
    def at(cls, path: str | PathLike[str], problem: str, remedy: str) -> "DataError":
        """Error about ``path``: ``problem`` and ``remedy`` are clauses without a final full stop."""
        return cls(f"{path}: {problem}. {remedy}.")
