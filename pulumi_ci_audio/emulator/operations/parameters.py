"""The NoiseReduction block, in requests and in responses."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.xml import Content, Values
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.state.records import SPELLINGS, Parameters


def read_parameters(call: Call, values: Values) -> Parameters:
    """Return what a block asks for, defaults filled in.

    Raises:
        ServiceError: it gives the rate under both spellings.
    """
    sent = [spelling for spelling in SPELLINGS if spelling in values.texts]
    if len(sent) > 1:
        raise ServiceError("InvalidArgument", "NoiseReduction gives the sample rate twice")
    counting = call.store.assumed("sample_rate_spelling")
    default = Parameters()
    heard = sent[0] if sent and counting in {"both", sent[0]} else None
    return Parameters(
        format=values.texts.get("Format", default.format),
        sample_rate=values.texts[heard] if heard else default.sample_rate,
        spelling=heard or (default.spelling if counting == "both" else counting),
    )


def describe_parameters(parameters: Parameters) -> tuple[str, Content]:
    """Return the block as it is echoed: the rate under the name it came with."""
    return "NoiseReduction", [("Format", parameters.format), (parameters.spelling, parameters.sample_rate)]
