"""The door's parts stand in the order that each relies on."""

from lorakit.ui.door.chain import door
from lorakit.ui.door.headers import SafeHeaders
from lorakit.ui.door.hosts import OwnHostsOnly
from lorakit.ui.door.login import LoginFirst
from lorakit.ui.door.origins import OwnPageOnly
from lorakit.ui.door.visits import OwnFilesOnly, Visits


def test_each_part_stands_once_and_before_what_relies_on_it():
    order = [part.cls for part in door()]
    assert len(set(order)) == len(order) == 6
    assert order[0] is SafeHeaders, "a refusal carries the headers too"
    assert max(order.index(OwnHostsOnly), order.index(OwnPageOnly)) < order.index(LoginFirst), (
        "another site's page cannot even try a password"
    )
    assert order.index(LoginFirst) < order.index(Visits) < order.index(OwnFilesOnly), (
        "whose files they are is known first"
    )
