-- What somebody without a chat can reach: the page, a screen, a download. Of a link only the hash of
-- its token is kept. `person` is whom it was given to, where it was given to one; `until_us` is 0
-- where it has no end.
CREATE TABLE link (
    hash BLOB NOT NULL, tenant TEXT NOT NULL, project TEXT NOT NULL, kind TEXT NOT NULL,
    person TEXT NOT NULL, until_us INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
    PRIMARY KEY (hash)
);
CREATE INDEX link_project ON link (tenant, project);
