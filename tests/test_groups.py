"""A file's tests share a studio and a page, so they must stay with one process."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="tests run in one process")
def test_the_tests_of_a_file_stay_with_one_process(request):
    assert request.node.nodeid.endswith("@test_groups.py")
