"""What is written to a terminal that knows ASCII alone."""

import io
import sys

from prunebench.commands import app
from prunebench.common.terminal import spell


def written(text, encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    spell(stream)
    stream.write(text)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_ascii_has_signs_spelled_out_and_others_as_question_marks():
    assert written("98.3 ± 0.2, 32×32 → ñ", "ascii") == "98.3 +- 0.2, 32x32 -> ?"


def test_what_an_encoding_has_is_left_as_it_is():
    assert written("98.3 ± 0.2", "utf-8") == "98.3 ± 0.2"
    assert written("98.3 ± 0.2 → 1", "latin-1") == "98.3 ± 0.2 -> 1"


def test_a_stream_that_cannot_be_changed_is_left_alone():
    spell(io.StringIO())


def test_commands_speak_so(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(app, "app", lambda: print("±"))
    app.main()
    sys.stdout.flush()
    assert raw.getvalue() == b"+-\n"
