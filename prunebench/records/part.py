"""What every part of a record is."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Plain data that never changes; an unknown field, and a number that is not finite, is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
