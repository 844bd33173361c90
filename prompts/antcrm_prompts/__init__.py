"""Everything an assistant reads about us, as text files."""

from importlib.resources import files


def read(name: str) -> str:
    """The text `name`, without the ending `.md`.

    Raises:
        FileNotFoundError: there is no such text.
    """
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
