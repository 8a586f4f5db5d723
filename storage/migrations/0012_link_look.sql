-- What a download gives: a look, which is carried out as the person it was given to when it is fetched.
ALTER TABLE link ADD COLUMN look TEXT NOT NULL DEFAULT '';
