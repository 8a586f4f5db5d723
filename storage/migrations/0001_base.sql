-- Every BLOB is sealed by the vault, except hashes; every TEXT is an id or a word of the code.
-- The words `meta.value` may hold are listed in tests/test_inventory.py, as is every column here.

CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO meta (key, value) VALUES ('oldest_code', '1');

CREATE TABLE project (
    tenant TEXT NOT NULL, id TEXT NOT NULL, channel TEXT NOT NULL, open INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX project_one_open ON project (tenant, channel) WHERE open = 1;

CREATE TABLE inbox (
    tenant TEXT NOT NULL, key TEXT NOT NULL, at_us INTEGER NOT NULL, reply BLOB,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX inbox_at ON inbox (at_us);

CREATE TABLE state (
    tenant TEXT NOT NULL, project TEXT NOT NULL, dialog TEXT NOT NULL, id TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, project, dialog, id)
);

CREATE TABLE record (
    tenant TEXT NOT NULL, project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    ref TEXT NOT NULL, person TEXT NOT NULL, at_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, project, kind, id)
);
CREATE INDEX record_ref ON record (tenant, project, kind, ref, at_us, person);
CREATE INDEX record_at ON record (tenant, project, kind, at_us, person);
CREATE INDEX record_person ON record (tenant, person);

CREATE TABLE role (
    tenant TEXT NOT NULL, project TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL,
    status TEXT NOT NULL, given INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, project, person, role)
);
CREATE INDEX role_person ON role (tenant, person);

CREATE TABLE person (
    tenant TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE member (
    tenant TEXT NOT NULL, channel TEXT NOT NULL, person TEXT NOT NULL,
    PRIMARY KEY (tenant, channel, person)
);
CREATE INDEX member_person ON member (tenant, person);

-- What nobody may know yet: one row a project, rewritten whole.
CREATE TABLE pool (
    tenant TEXT NOT NULL, project TEXT NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (tenant, project)
);

-- What has left the pool: random ids, no time, no person.
CREATE TABLE published (
    tenant TEXT NOT NULL, project TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    ref TEXT NOT NULL, release INTEGER NOT NULL, receipt BLOB NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, project, id)
);
CREATE INDEX published_ref ON published (tenant, project, kind, ref, id);
CREATE INDEX published_receipt ON published (tenant, receipt);

CREATE TABLE snapshot (
    tenant TEXT NOT NULL, project TEXT NOT NULL, audience TEXT NOT NULL,
    release INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, project, audience, release)
);

CREATE TABLE post (
    tenant TEXT NOT NULL, project TEXT NOT NULL, dialog TEXT NOT NULL, dialog_id TEXT NOT NULL,
    slot TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, platform_id TEXT NOT NULL,
    PRIMARY KEY (tenant, project, dialog, dialog_id, slot)
);

-- Which workplaces have installed Digi, and their tokens.
CREATE TABLE installation (
    tenant TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL
);

-- The outbox: what is to be said, and what is to be remembered at a later hour.
CREATE TABLE letter (
    id TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, project TEXT NOT NULL,
    place TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, due_us INTEGER NOT NULL,
    seq INTEGER NOT NULL, next_us INTEGER NOT NULL, token INTEGER NOT NULL,
    attempts INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX letter_place ON letter (tenant, place, due_us, seq) WHERE state <> 'dead';
CREATE INDEX letter_next ON letter (next_us, due_us, seq) WHERE state <> 'dead';
CREATE INDEX letter_seq ON letter (seq);
CREATE INDEX letter_project ON letter (tenant, project);

-- On which days Digi wrote to a person by itself: two a week are enough.
CREATE TABLE bagged (
    tenant TEXT NOT NULL, person TEXT NOT NULL, day TEXT NOT NULL,
    PRIMARY KEY (tenant, person, day)
);

CREATE TABLE room (
    id TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL, thread TEXT NOT NULL, author TEXT NOT NULL,
    at_us INTEGER NOT NULL, first INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX room_place ON room (place, seq);
CREATE INDEX room_seq ON room (seq);
