from sqlalchemy import make_url

from benchmarks.postgres import a_store, key_file
from benchmarks.repeats import complaints, file_many, look_for
from complaints.adapters.repeating import find_repeats
from complaints.sealing import MasterKey


def test_every_fiftieth_case_is_the_one_before_told_again(sqlite, tmp_path):
    MasterKey.create(key_file(tmp_path))
    store = a_store(make_url(sqlite.empty()), tmp_path)
    store.migrate()

    references = list(file_many(store, complaints(150)))

    assert len(references) == 150
    for told, again in ((48, 49), (98, 99), (148, 149)):
        assert references[told] in [one.reference for one in find_repeats(store, references[again])]
    assert look_for(store, references[:10])[1] == 0
    store.engine.dispose()
