"""Tries at a password: few at once, then slowly; nobody is shut out for good, nor by somebody else."""

import pytest

from lorakit.ui.door.throttle import CLIENT, EVERYBODY, MOST_CLIENTS, Throttle


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def wrong(throttle, client, times):
    return [throttle.take(client) for _ in range(times)]


def test_after_the_first_few_one_more_comes_back_at_a_time(clock):
    throttle = Throttle(clock)
    waits = wrong(throttle, "a", 100)
    assert waits == [0] * CLIENT.burst + [CLIENT.seconds] * (100 - CLIENT.burst)
    clock.now += CLIENT.seconds
    assert wrong(throttle, "a", 2) == [0, CLIENT.seconds]


def test_somebody_elses_guessing_does_not_shut_the_owner_out(clock):
    throttle = Throttle(clock)
    tries = sum(wrong(throttle, f"attacker {n}", 1)[0] == 0 for n in range(3) for _ in range(3))
    for n in range(100):
        wrong(throttle, f"attacker {n}", CLIENT.burst)
    assert tries == 9 and throttle.take("attacker 99") > 0
    assert throttle.take("owner") == 0
    throttle.right("owner")
    assert throttle.take("owner") == 0


def test_many_clients_together_are_slowed_down_too(clock):
    """Each starts with clean hands; from its second try on it shares what all have."""
    throttle = Throttle(clock)
    made = sum(throttle.take(f"client {n}") == 0 for _ in range(4) for n in range(100))
    assert made == 100  # their first tries, more than all may make together, and no second ones
    assert EVERYBODY.burst < 100
    assert throttle.take("made up in a header", certain=False) == EVERYBODY.seconds


def test_a_right_password_costs_nothing(clock):
    throttle = Throttle(clock)
    for _ in range(10 * EVERYBODY.burst):
        assert throttle.take("owner") == 0
        throttle.right("owner")
    assert wrong(throttle, "owner", CLIENT.burst) == [0] * CLIENT.burst


def test_it_remembers_so_many_clients_and_no_more(clock):
    throttle = Throttle(clock)
    for n in range(2 * MOST_CLIENTS):
        throttle.take(f"client {n}")
    assert len(throttle.clients) <= MOST_CLIENTS
