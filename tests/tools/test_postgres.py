"""The PostgreSQL starter, with every PostgreSQL that is here."""

import os
import stat
from pathlib import Path

import psycopg
import pytest

from tests.local_run import processes_in
from tools import postgres
from tools.environment import Refusal

HERE = postgres.installations()


@pytest.mark.parametrize("installation", HERE, ids=lambda installation: f"PostgreSQL {installation.major}")
def test_a_server_starts_with_what_the_product_needs_and_leaves_nothing(installation: postgres.Installation) -> None:
    with postgres.throwaway(installation) as url, psycopg.connect(url) as connection:
        assert connection.info.server_version // 10000 == installation.major
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT 'B' < 'a', upper('é')").fetchone() == (True, "É")
        for extension in postgres.EXTENSIONS:
            connection.execute(psycopg.sql.SQL("CREATE EXTENSION {}").format(psycopg.sql.Identifier(extension)))
        row = connection.execute("SHOW data_directory").fetchone()
        assert row
        data = Path(row[0])
        assert processes_in(data)
    assert not processes_in(data)
    assert not data.exists()


@pytest.mark.may_skip
def test_root_without_user_namespaces_runs_the_server_as_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root has to become somebody else")
    broken = tmp_path / "unshare"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with postgres.throwaway() as url, psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in processes_in(Path(row[0]))} == {65534}


def test_a_checkout_with_a_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 25) / "postgres"
    folder = postgres.socket_folder(data)
    assert len(os.fsencode(folder / ".s.PGSQL.5432.lock")) < 108
    assert postgres.socket_folder(data) == folder
    assert postgres.socket_folder(data.with_name("other")) != folder
    try:
        postgres.prepare(data, HERE[0])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()


@pytest.mark.may_skip
def test_a_socket_folder_that_another_user_has_made_is_refused(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can make somebody else's folder")
    data = tmp_path / ("long" * 25) / "postgres"
    folder = postgres.socket_folder(data)
    folder.mkdir()
    os.chown(folder, 1234, 1234)
    try:
        with pytest.raises(Refusal, match="belongs to another user: remove it"):
            postgres.prepare(data, HERE[0])
    finally:
        folder.rmdir()


def test_data_keep_the_version_that_wrote_them(tmp_path: Path) -> None:
    for installation in HERE:
        (tmp_path / "PG_VERSION").write_text(f"{installation.major}\n")
        assert postgres.find(tmp_path) == next(other for other in HERE if other.major == installation.major)
