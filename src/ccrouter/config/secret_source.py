"""Where a secret is kept, as settings write it: never in the file itself."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from ccrouter.config.document import Text
from ccrouter.config.reads import Reads
from ccrouter.config.shape import Strict, one_of
from ccrouter.config.values import fail, matching, text

File = Annotated[Path, Reads(lambda value: Path(text(value)), "path")]


class SecretSource(Strict, json_schema_extra=one_of("env", "file")):
    """Where a secret is kept."""

    env: (
        Annotated[str, matching("S111", r"[A-Za-z_][A-Za-z0-9_]*", "environment variable", "Write its name alone")]
        | None
    ) = Field(None, description="an environment variable", examples=["CCROUTER_AMI_SECRET"])
    file: File | None = Field(
        None,
        description="a file that holds the secret alone and that others than its owner and group can't touch",
        examples=["ami.secret"],
    )

    @model_validator(mode="before")
    @classmethod
    def _is_no_secret(cls, data: object) -> object:
        if isinstance(data, Text) and data:
            cure = "Write {env: CCROUTER_AMI_SECRET}, or {file: ami.secret} with the secret alone in that file"
            fail("S101", "a secret must not stand in this file", cure, hidden=True)
        return data

    @model_validator(mode="after")
    def _is_one(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            fail("K110", "a secret is kept in one of `env` and `file`", "Write one of them")
        return self
