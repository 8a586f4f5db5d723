-- What a bag of private letters consisted of, so that its message can be drawn again when something
-- that it tells of is done.
ALTER TABLE bagged ADD COLUMN body BLOB;
-- Which dialog draws a post to one person. In plain text it would tell who reads which text.
ALTER TABLE post ADD COLUMN body BLOB;
