-- What a new key must not change: what buttons, votes and receipt codes are made with, sealed.
CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);

-- What has been deleted, by random ids or salted hashes, so that a restored backup deletes it again.
-- `done` says that no copy made by us holds it any more.
CREATE TABLE tombstone (
    id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, at_us INTEGER NOT NULL, done INTEGER NOT NULL
);
