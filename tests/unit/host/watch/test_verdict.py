"""What a watch concludes from what it saw."""

from __future__ import annotations

import random

import pytest

from fairlead.host.watch.traffic import WAITING, Sample, Traffic, is_waited_for, parse_counts, sum_traffic
from fairlead.host.watch.verdict import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    Evidence,
    Served,
    judge_watch,
    serves_nobody,
    wants_trial,
)
from fairlead.host.wire.release import Watch

LIMITS = Watch(window=5.0, errors=0.05, slow=0.5, requests=20)
CALM = Traffic(answers=1000)
NONE = Traffic()


def _traffic(answers: int, errors: int = 0, slow: int = 0) -> Traffic:
    """As the proxy counts it: a quarter of the answers, half of the errors, a quarter of the slow ones."""
    return Traffic(
        answers,
        errors,
        slow,
        seen_answers=answers / 4,
        seen_errors=errors / 2,
        seen_slow=slow / 4,
        answers_of=(answers, 0, 0, 0, 0),
    )


def _again(*differs: int) -> Traffic:
    """What the old release answered well, by groups of clients: half of it is counted."""
    return Traffic(differs=sum(differs), seen_differs=sum(differs) / 2, differs_of=differs)


def _judge(new: Traffic, old: Traffic, again: Traffic = NONE) -> str:
    served = Served("web", new, old, again)
    return judge_watch(LIMITS, Evidence(5.0, asked=10, answered=10, served=(served,), compared=True)).state


@pytest.mark.parametrize(
    ("new", "old", "state"),
    [
        (_traffic(1000), CALM, PASS),
        (_traffic(1000, errors=40), CALM, PASS),
        (_traffic(1000, errors=80), CALM, INCONCLUSIVE),
        # Above what is allowed, by less than chance makes of so few that were counted.
        (_traffic(1000, errors=60), CALM, PASS),
        # Everything failed before, too: what was counted of it says 91 %.
        (_traffic(433, errors=433), _traffic(487, errors=445), PASS),
        # The old one was no better: a release is not blamed for what it did not break.
        (_traffic(1000, errors=200), _traffic(1000, errors=180), PASS),
        (_traffic(1000, errors=400), _traffic(1000, errors=180), INCONCLUSIVE),
        (_traffic(1000, slow=400), CALM, PASS),
        (_traffic(1000, slow=800), CALM, INCONCLUSIVE),
        (_traffic(1000, slow=1000), _traffic(1000, slow=1000), PASS),
        # Everything fails, also where nothing had been asked before.
        (_traffic(30, errors=30), NONE, INCONCLUSIVE),
        # Too few to tell chance from fault.
        (_traffic(30, errors=4), CALM, PASS),
        (_traffic(8, errors=8), CALM, INCONCLUSIVE),
        (NONE, CALM, INCONCLUSIVE),
        # Answers that failed are seen by other requests than those that were counted: none of those here.
        (_traffic(0, errors=40), CALM, INCONCLUSIVE),
    ],
)
def test_shares_against_the_old_release(new: Traffic, old: Traffic, state: str) -> None:
    """Errors and slow answers may grow by so much; by more, nobody can tell: who asks decides what is answered."""
    evidence = Evidence(5.0, asked=10, answered=10, served=(Served("web", new, old),), compared=True)
    verdict = judge_watch(LIMITS, evidence)
    assert verdict.state == state, verdict.reasons
    assert bool(verdict.reasons) == (state != PASS)


@pytest.mark.parametrize(
    ("new", "again", "state"),
    [
        (_traffic(1000, errors=80), _again(80), FAIL),
        (_traffic(1000, errors=60), _again(60), PASS),
        (_traffic(1000, errors=400), _again(8), INCONCLUSIVE),
        (_traffic(30, errors=30), _again(30), FAIL),
        (_traffic(0, errors=40), _again(40), FAIL),
        (_traffic(8, errors=8), _again(8), INCONCLUSIVE),
        (_traffic(30, errors=6), _again(6), PASS),
    ],
)
def test_what_the_old_release_answers_well(new: Traffic, again: Traffic, state: str) -> None:
    """The same question to both: where only the new one fails, by more than is allowed, it goes back."""
    assert _judge(new, CALM, again) == state


def _spread(answers: tuple[int, ...]) -> Traffic:
    whole = sum(answers)
    return Traffic(whole, whole, 0, whole / 4, whole / 2, answers_of=answers)


@pytest.mark.parametrize(
    ("answers", "differs", "state"),
    [
        ((900, 20, 20, 0, 0), (900, 0, 0, 0, 0), INCONCLUSIVE),
        ((900, 900, 20, 20, 20), (900, 900, 0, 0, 0), INCONCLUSIVE),
        ((900, 20, 0, 0, 0), (900, 0, 0, 0, 0), INCONCLUSIVE),
        ((900, 20, 20, 0, 0), (900, 8, 0, 0, 0), FAIL),
        ((200, 200, 200, 200, 200), (40, 40, 40, 0, 0), FAIL),
        # All come from one place: a proxy that sees nothing else has no other word to go by.
        ((900, 0, 0, 0, 0), (900, 0, 0, 0, 0), FAIL),
    ],
)
def test_one_network_is_one_voice(answers: tuple[int, ...], differs: tuple[int, ...], state: str) -> None:
    """Who exploits a hole that is closed with an error gets errors, many of them: others decide."""
    assert _judge(_spread(answers), CALM, _again(*differs)) == state


def _given(*good: int) -> Traffic:
    """What was answered well of what chance gave to a release, by groups of clients."""
    return Traffic(good=sum(good), seen_good=sum(good), good_of=good)


@pytest.mark.parametrize(
    ("new", "old", "state"),
    [
        # Chance alone: about as many, or too few to tell.
        ((50, 50, 0, 0, 0), (50, 50, 0, 0, 0), INCONCLUSIVE),
        ((40, 0, 0, 0, 0), (60, 0, 0, 0, 0), INCONCLUSIVE),
        ((0, 0, 0, 0, 0), (9, 0, 0, 0, 0), INCONCLUSIVE),
        ((1, 0, 0, 0, 0), (12, 0, 0, 0, 0), INCONCLUSIVE),
        ((0, 0, 0, 0, 0), (10, 0, 0, 0, 0), FAIL),
        ((100, 0, 0, 0, 0), (200, 0, 0, 0, 0), INCONCLUSIVE),
        ((50, 0, 0, 0, 0), (200, 0, 0, 0, 0), FAIL),
        # What one network does is one voice.
        ((0, 40, 40, 0, 0), (200, 40, 40, 0, 0), INCONCLUSIVE),
        # The new one answers more of it: it mends what was broken.
        ((200, 0, 0, 0, 0), (0, 0, 0, 0, 0), INCONCLUSIVE),
    ],
)
def test_what_chance_gave_to_either_release(new: tuple[int, ...], old: tuple[int, ...], state: str) -> None:
    """Calls that nobody may send twice: who makes them cannot know who answers, so that a difference is the release's."""
    assert _judge(_given(*new), CALM, _given(*old)) == state


def test_a_stranger_s_calls_are_as_bad_with_either_release() -> None:
    """He asks what he likes, as often as he likes and when he likes, and stops when it suits him: chance gives it away."""
    chance = random.Random(14)  # noqa: S311 - the same each time
    vetoed = 0
    for _ in range(300):
        good = [0, 0]
        for _ in range(60):
            good[chance.random() < 0.5] += 1
            if _judge(_given(good[0]), CALM, _given(good[1])) == FAIL:
                vetoed += 1
                break
    assert vetoed <= 2


def test_a_trial_is_wanted_where_calls_fail_or_wait_that_did_not() -> None:
    """It takes nothing back by itself; and where not one call is answered, nobody says that users are served."""
    failing, hanging = _traffic(20, errors=20), Served("web", NONE, CALM, silent=True)
    for one, wanted, dead in (
        (Served("web", failing, CALM), True, True),
        (Served("web", failing, failing), False, True),
        (hanging, True, True),
        # Streams that were open before as well.
        (Served("web", NONE, NONE, silent=True), False, False),
        (Served("web", CALM, CALM), False, False),
        (Served("web", _traffic(100, errors=50), CALM), True, False),
        # What was counted of calls that all fail says 81 %, by chance.
        (Served("web", _traffic(216, errors=175), _traffic(247, errors=237)), False, True),
        (Served("web", _traffic(4000, errors=3200), _traffic(4000, errors=3200)), False, False),
        (Served("web", _given(3), CALM, silent=True), True, False),
        (Served("web", NONE, CALM, _given(2)), False, True),
        (Served("web", NONE, CALM), False, False),
    ):
        assert (wants_trial(LIMITS, one), serves_nobody(one)) == (wanted, dead), one


def test_requests_wait_where_each_look_finds_some() -> None:
    waiting = {("a", WAITING): 1}
    samples = [Sample(float(number), waiting if number > 3 else {}) for number in range(8)]
    assert is_waited_for(samples, {"a", "b"}, 3.5)
    assert not is_waited_for(samples, {"a"}, 2.5)
    assert not is_waited_for(samples, {"b"}, 3.5)
    assert not is_waited_for(samples, {"a"}, 6.5)


def test_no_traffic_fails_a_watch_by_itself() -> None:
    """Whatever is asked and however often, from wherever: without the old release's word nothing goes back."""
    chance = random.Random(9)  # noqa: S311 - the same each time
    for _ in range(5000):
        sizes = [chance.choice([0, 1, 7, 50, 10_000]) * chance.random() for _ in range(12)]
        groups = tuple(chance.choice([0, 1, 500]) * chance.random() for _ in range(5))
        new = Traffic(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], answers_of=groups)
        old = Traffic(sizes[6], sizes[7], sizes[8], sizes[9], sizes[10], sizes[11], answers_of=groups)
        assert _judge(new, old) != FAIL


def test_the_reason_has_the_figures() -> None:
    """Who is told that a release went back wants to know by how much it was worse."""
    served = Served("web", _traffic(200, errors=100), _traffic(1000, errors=10), _again(100))
    verdict = judge_watch(LIMITS, Evidence(2.0, asked=4, answered=4, served=(served,), compared=True))
    assert verdict.reason == (
        "50% of the answers of web failed (5xx) where the old release, asked the same, answered well (allowed: 5%)"
    )
    assert verdict.figures[1] == (
        "web: about 200 answers, 100 errors (5xx), 0 slow; before the switch: about 1000 answers, "
        "10 errors (5xx), 0 slow; failed and answered well by the old release: about 100"
    )
    assert verdict.to_json()["verdict"] == FAIL


def test_what_may_be_somebodys_wish_is_told() -> None:
    """The release is kept, and a person looks: the reason says what was seen and why it decides nothing."""
    served = Served("web", _traffic(200, errors=100), _traffic(1000, errors=10))
    verdict = judge_watch(LIMITS, Evidence(2.0, asked=4, answered=4, served=(served,), compared=True))
    assert verdict.state == INCONCLUSIVE
    assert verdict.reason == (
        "50% of the answers of web failed (5xx), 1% with the old release (allowed: 5% more), which proves nothing "
        "alone: who asks decides what is answered"
    )


def test_one_of_several_services_is_enough() -> None:
    """A service that few ask is not hidden by one that many ask."""
    served = (
        Served("web", _traffic(10_000), CALM),
        Served("api", _traffic(100, errors=50), CALM, _again(50)),
    )
    assert judge_watch(LIMITS, Evidence(5.0, served=served, compared=True)).state == FAIL


def test_a_fault_beats_everything() -> None:
    """A crash or a probe needs no traffic."""
    verdict = judge_watch(LIMITS, Evidence(1.0, faults=("web crashed",), unmeasured=("x",), compared=True))
    assert (verdict.state, verdict.reasons) == (FAIL, ("web crashed",))


def test_zero_questions_are_no_pass() -> None:
    """That containers run is all that was seen, which says nothing of whether they work."""
    verdict = judge_watch(LIMITS, Evidence(5.0))
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "there was nothing to ask")


def test_no_traffic_is_expected_where_nothing_moved() -> None:
    """A new worker, or a first deploy: its containers and probes are all there is to see."""
    assert judge_watch(LIMITS, Evidence(5.0, asked=1, answered=1, compared=True)).state == PASS
    first = Evidence(5.0, asked=1, answered=1, served=(Served("web", NONE, NONE),), compared=False)
    assert judge_watch(LIMITS, first).state == PASS


def test_what_could_not_be_measured_is_no_failure() -> None:
    """It is said, and the release is kept."""
    verdict = judge_watch(LIMITS, Evidence(5.0, unmeasured=("no certificate yet",)))
    assert (verdict.state, verdict.reason) == (INCONCLUSIVE, "no certificate yet")


def test_counts_are_told_by_the_zeros_of_the_port() -> None:
    """A port without them is not counted; what makes no sense is passed over."""
    upstreams = [
        {"address": "172.18.0.5:08000", "num_requests": 1, "fails": 25},
        {"address": "172.18.0.5:008000", "num_requests": 1, "fails": 3},
        {"address": "[fd00::5]:0008000", "num_requests": 0, "fails": 2},
        {"address": "172.18.0.5:8000", "num_requests": 1, "fails": 99},
        {"address": 7},
        "nonsense",
    ]
    assert parse_counts(upstreams) == {
        ("172.18.0.5", "answers"): 25,
        ("172.18.0.5", "waiting"): 2,
        ("172.18.0.5", "errors"): 3,
        ("fd00::5", "slow"): 2,
    }
    assert parse_counts({"error": "x"}) == {}


def test_samples_of_the_last_second_add_up() -> None:
    """Four a second for three seconds, 100 requests each second: 300, whatever the shares are."""
    counts = {("a", "answers"): 25, ("a", "errors"): 10, ("a", "slow"): 5, ("b", "answers"): 1000}
    samples = [Sample(number / 4, counts) for number in range(20)]
    found = sum_traffic(samples, {"a"}, since=1.0, until=4.0)
    assert found == Traffic(
        *(300, 60, 60, 75, 30, 15),
        answers_of=(300, 0, 0, 0, 0),
        differs_of=(0, 0, 0, 0, 0),
        good_of=(0, 0, 0, 0, 0),
    )
    assert (found.error_share, found.slow_share) == (0.2, 0.2)
    assert sum_traffic(samples, {"c"}, 0.0).to_json() == NONE.to_json()


def test_groups_of_clients_add_up_and_are_kept_apart() -> None:
    """By the zeros of the port, again: a request of the third group that failed and was answered well before."""
    upstreams = [
        {"address": f"a:{'0' * zeros}8000", "num_requests": 0, "fails": zeros} for zeros in range(1, 28)
    ]
    samples = [Sample(float(number), parse_counts(upstreams)) for number in range(2)]
    found = sum_traffic(samples, {"a"}, 0.0)
    assert found.answers_of == tuple(4 * zeros for zeros in (1, 5, 6, 7, 8))
    assert found.differs_of == tuple(2 * zeros for zeros in (9, 13, 14, 15, 16))
    assert found.good_of == tuple(float(zeros) for zeros in (20, 24, 25, 26, 27))
    assert (found.answers, found.differs) == (sum(found.answers_of), sum(found.differs_of))
    assert (found.seen_answers, found.seen_differs) == (27, 67)


def test_a_gap_between_samples_is_not_made_up() -> None:
    """A sample tells of one second; what was before it nobody saw."""
    samples = [Sample(0.0, {}), Sample(10.0, {("a", "answers"): 25})]
    assert sum_traffic(samples, {"a"}, 0.0).answers == 100
