"""Nights that are disturbed: pytest -p no:cacheprovider tests/nights --qice build/qice --fault build/tests/libqice_fault.so

    --kills 200          at how many instants a night is killed (default 50)
    --stores sqlite      or sqlite,postgresql: a throw-away server, skipped where none is installed
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from disturbed import City  # noqa: E402
from stores import Program, throw_away_server  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--qice", required=True, help="the program to test")
    parser.addoption("--fault", required=True, help="the library of fault.cpp")
    parser.addoption("--kills", type=int, default=50, help="at how many instants a night is killed")
    parser.addoption("--stores", default="sqlite", help="which stores, with commas between")


def pytest_generate_tests(metafunc):
    if "city" in metafunc.fixturenames:
        metafunc.parametrize("city", metafunc.config.getoption("--stores").split(","), indirect=True, scope="session")


@pytest.fixture(scope="session")
def program(request):
    return Program(request.config.getoption("--qice"))


@pytest.fixture(scope="session")
def kills(request):
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def city(request, program, tmp_path_factory):
    """A small city after its first night, in the store that the parameter names."""
    server = None
    if request.param == "postgresql":
        try:
            server = throw_away_server()
        except SystemExit:
            pytest.skip("SKIPPED, PostgreSQL is NOT tested: none is installed")
    fault = str(Path(request.config.getoption("--fault")).resolve())
    try:
        yield City(program, fault, tmp_path_factory.mktemp(request.param), server)
    finally:  # also where no city could be made
        if server:
            server.close()
