-- What of a project may outlive its deletion, without people: its promises, where leader and TR
-- chose so, and its lesson, which other projects may read. `outlives` is 1 where deleting the project
-- leaves it; `until_us` is 0 as long as the project exists.
CREATE TABLE keepsake (
    tenant TEXT NOT NULL, id TEXT NOT NULL, project TEXT NOT NULL, channel TEXT NOT NULL,
    kind TEXT NOT NULL, outlives INTEGER NOT NULL, at_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX keepsake_kind ON keepsake (tenant, kind, at_us);
CREATE INDEX keepsake_project ON keepsake (project);
