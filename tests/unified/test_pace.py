from app.writes.pace import Pace


def test_looks_come_at_two_fifteen_sixty_seconds_and_when_it_has_settled() -> None:
    pace = Pace()
    moments = [pace.first()]
    while (more := pace.next(len(moments))) is not None:
        moments.append(moments[-1] + more)
    assert moments == [2, 15, 60, 180]


def test_everything_is_as_fast_as_the_factor_but_leases_outlast_a_slow_moment() -> None:
    quick = Pace(settle=60, factor=0.05)
    assert (quick.first(), quick.next(1), quick.after_failure) == (0.1, 0.65, 0.75)
    assert quick.next(4) is None
    assert quick.lease.total_seconds() == 2 and quick.beat < quick.lease.total_seconds() / 3


def test_what_was_sent_again_in_vain_is_looked_for_less_and_less_often() -> None:
    waits = [Pace().first(resends) for resends in (0, 1, 2, 9)]
    assert waits == [2, 8, 32, 3600]
