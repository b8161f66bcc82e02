from types import SimpleNamespace

import pytest

from bench import results
from bench.scenarios import Measure

pytestmark = pytest.mark.sqlite_only


def bench(**measures):
    named = {name.replace("_", " "): measure for name, measure in measures.items()}
    return SimpleNamespace(measures=named, facts={})


def test_a_line_has_the_ratio_of_the_medians_the_target_and_all_trials():
    text = results.document(bench(writes_send=Measure([900, 1000, 5000]), writes_orm=Measure([90, 100, 110])), [])
    (line,) = [line for line in text.splitlines() if line.startswith("| durable sends")]
    assert "| 10.0x | 8x | **1,000**/s (900, 1,000, 5,000) | **100**/s (90.0, 100, 110) |" in line


def test_what_has_no_reference_in_this_run_is_named():
    text = results.document(bench(writes_send=Measure([1000])), [])
    assert "| durable sends" not in text
    assert "Not measured" in text
    assert "bare commit loop" in text


def test_reply_times_are_medians_of_the_trials():
    measure = Measure([1.0], latencies_ms=[(1, 2, 3), (4, 5, 6), (9, 9, 9)])
    assert "| sends 1 uvicorn | 4.0 | 5.0 | 6.0 |" in results.document(bench(sends_1_uvicorn=measure), [])


def test_every_measure_of_the_table_has_a_name_of_its_own():
    table = [(row.product, row.reference) for row in results.rows()]
    assert len(set(table)) == len(table)
