"""Tables of the search index; the store fills them when it is opened (`offline_store.search`)."""

from sqlalchemy import Connection, text

_SQLITE = (
    (
        "CREATE TABLE search_doc (row INTEGER PRIMARY KEY, record_id VARCHAR NOT NULL UNIQUE,"
        " terms TEXT NOT NULL)"
    ),
    # the terms are ours: letters and digits, so the plainest tokenizer; no positions are needed
    (
        "CREATE VIRTUAL TABLE search_words USING fts5(terms, content='search_doc',"
        " content_rowid='row', tokenize=\"ascii tokenchars '_'\", detail='none', columnsize=0)"
    ),
)
_POSTGRESQL = (
    (
        "CREATE TABLE search_doc (row BIGSERIAL PRIMARY KEY, record_id VARCHAR NOT NULL UNIQUE,"
        " at_ms BIGINT NOT NULL, terms TEXT[] NOT NULL)"
    ),
    "CREATE INDEX search_doc_terms ON search_doc USING gin (terms)",
    "CREATE INDEX search_doc_at ON search_doc (at_ms, row)",
)


def upgrade(connection: Connection) -> None:
    """Create the tables of this database's kind."""
    steps = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    for step in steps:
        connection.execute(text(step))
